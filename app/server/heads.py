"""What a request's head must satisfy as HTTP, before anybody looks at what it asks for (RFC 9112).

The parser has refused most of what can be read in two ways: both lengths, a length twice, folded lines, lines that end
without CR, spaces before a colon, chunks that are not the last coding. Here is the rest.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from app.errors import HeadTooLarge, MalformedRequest, Misdirected, TargetTooLong

RawHeaders = list[tuple[bytes, bytes]]  # lower-case names

END = b"\r\n\r\n"
MOST_BYTES = 65_536  # of a head, or of what follows a body or stands between its chunks
MOST_FIELDS = 100
MOST_TARGET = 8_192  # bytes

_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]+(%[\w.~-]+)?\]|[\w.~!$&'()*+;=%@-]*)(:[0-9]{0,5})?")


def check(version: str, target: bytes, headers: RawHeaders) -> None:
    """Where HTTP/1.0 leaves out the Host header, an absolute target's host is added as such.

    Raises:
        TargetTooLong: the URL is longer than `MOST_TARGET` bytes.
        HeadTooLarge: it has more than `MOST_FIELDS` fields.
        MalformedRequest: it can be understood in several ways, or in none.
        Misdirected: the target names another host than the Host header.
    """
    check_size(target, headers)
    if version not in ("1.0", "1.1"):
        raise MalformedRequest("only HTTP/1.1 and HTTP/1.0 are spoken here")
    hosts = _values(headers, b"host")
    if len(hosts) > 1:
        raise MalformedRequest("the Host header is given more than once")
    if not hosts and version == "1.1":
        raise MalformedRequest("the Host header is missing")
    if hosts and not is_authority(hosts[0]):
        raise MalformedRequest("the Host header is no host with its port")
    codings = _values(headers, b"transfer-encoding")
    if codings and (version == "1.0" or [coding.strip().lower() for coding in codings] != [b"chunked"]):
        raise MalformedRequest("of all transfer codings only `chunked` is understood here, in HTTP/1.1")
    if not target.startswith((b"/", b"*")):
        authority = _check_authority(target, hosts)
        if not hosts:
            headers.append((b"host", authority))


def rooted(target: bytes) -> bytes:
    """An absolute target without a path means the root (RFC 9110, 4.2.3)."""
    if target.startswith((b"/", b"*")):
        return target
    scheme, colon, rest = target.partition(b"://")
    authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    return target if path.startswith(b"/") else scheme + colon + authority + b"/" + path


def check_size(target: bytes, headers: RawHeaders, size: int = 0) -> None:
    """Of a head that may still be coming; `size` in bytes, where it is known.

    Raises:
        TargetTooLong, HeadTooLarge: as `check`, or there are more than `MOST_BYTES`.
    """
    if len(target) > MOST_TARGET:
        raise TargetTooLong(f"the URL is longer than {MOST_TARGET:,} bytes")
    if len(headers) > MOST_FIELDS:
        raise HeadTooLarge(f"the request has more than {MOST_FIELDS} header fields")
    if size > MOST_BYTES:
        raise HeadTooLarge(f"the request's head, or its trailer, is larger than {MOST_BYTES // 1024} KiB")


def size_of(target: bytes, headers: RawHeaders) -> int:
    """Bytes of a complete head, but for the spaces round its values and the name of its method."""
    return len(target) + 12 + sum(len(name) + len(value) + 4 for name, value in headers)


def length(headers: RawHeaders) -> int:
    """Of the body, in bytes; 0 where it comes in chunks."""
    return int(next(iter(_values(headers, b"content-length")), 0))


def is_chunked(headers: RawHeaders) -> bool:
    """Whether a body comes in chunks, so that its length is not known; of a head that `check` has passed."""
    return bool(_values(headers, b"transfer-encoding"))


def lines_of(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """As lines of a head, each with a break before it."""
    return b"".join(b"\r\n%s: %s" % each for each in fields)


def fields_of(lines: bytes) -> RawHeaders:
    """The fields in lines that `lines_of` gives."""
    parts = (line.partition(b": ") for line in lines.split(b"\r\n")[1:])
    return [(name, value) for name, _, value in parts]


@lru_cache(maxsize=1024)
def is_authority(host: bytes) -> bool:
    """Whether a Host header has the form of one: a name or an address, and perhaps a port (RFC 9110, 7.2)."""
    return _AUTHORITY.fullmatch(host) is not None


def without_upgrade(method: bytes, version: str, target: bytes, headers: RawHeaders) -> bytes:
    """The head as it were if no upgrade had been offered, which a server may ignore (RFC 9110, 7.8)."""
    lines = [b"%s %s HTTP/%s" % (method, target, version.encode())]
    for name, value in headers:
        if name == b"connection":
            options = [option.strip() for option in value.split(b",")]
            value = b", ".join(each for each in options if each.lower() not in (b"upgrade", b"http2-settings"))  # noqa: PLW2901
        if value and name not in (b"upgrade", b"http2-settings"):
            lines.append(name + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for each, value in headers if each == name]


def _check_authority(target: bytes, hosts: list[bytes]) -> bytes:
    """An absolute target's host is the host that is asked for (RFC 9112, 3.2.2); whoever names two means neither."""
    try:
        parts = urlsplit(target.decode("latin-1"))
        named = (parts.hostname or "", parts.port or 80)
        given = urlsplit(f"//{hosts[0].decode('latin-1')}") if hosts else parts
        said = (given.hostname or "", given.port or 80)
    except ValueError as error:
        raise MalformedRequest("the request's target is no URL") from error
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise MalformedRequest("the request's target is neither a path nor an http URL")
    if named != said:
        raise Misdirected("the request's target names another host than its Host header")
    return parts.netloc.encode("latin-1")
