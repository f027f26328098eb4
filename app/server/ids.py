"""Request ids."""

import itertools
import re
import secrets
from collections.abc import Mapping

_PROCESS, _NUMBERS = secrets.token_hex(4).encode(), itertools.count(1)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


def request_id(headers: Mapping[bytes, bytes]) -> bytes:
    """The client's own, or a new one."""
    return request_id_of(headers.get(b"x-request-id"))


def request_id_of(given: bytes | None) -> bytes:
    """What the client gives, if it can be one, or a new one: random for the process, then counted; it is no secret."""
    return given if given and _REQUEST_ID.fullmatch(given) else b"%s%08x" % (_PROCESS, next(_NUMBERS) & 0xFFFFFFFF)
