"""Who asks: known to whatever is done for a request, so that records can name them."""

from contextvars import ContextVar
from dataclasses import dataclass

SETTINGS = "settings"  # one of the keys in `DENSELY_API_KEYS`
LOCAL = "local"  # the command line, on this machine
NOBODY = ""  # no key is needed


@dataclass(frozen=True)
class Caller:
    """Who sent a request."""

    key_id: str = NOBODY
    address: str = ""
    request_id: str = ""


caller: ContextVar[Caller] = ContextVar("caller", default=Caller())  # noqa: B039 - it is frozen
