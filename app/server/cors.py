"""Pages of other origins that may call the service (the Fetch standard's CORS protocol).

Written here rather than taken from a middleware, since answers that are given past FastAPI, and what a connection is
rejected with, need the same fields. Cookies and the like are never allowed: keys come in a header of the page's own.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from starlette.responses import Response

from app.errors import CrossSite
from app.origins import pattern_of
from app.server.heads import RawHeaders

ORIGIN = b"origin"
_VARY: RawHeaders = [(b"vary", b"Origin")]

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
MAY_SEND = (
    "Authorization, X-API-Key, Content-Type, Content-Encoding, X-Request-ID, Idempotency-Key, If-None-Match, "
    "Last-Event-ID, traceparent, tracestate"
)
MAY_READ = b"X-Request-ID, Retry-After, RateLimit, RateLimit-Policy, Location, ETag, Content-Disposition"
LONGEST = 300  # bytes of an origin that is looked at
PREFLIGHT_SECONDS = 600  # that a browser may remember leave for


class Cors:
    """The origins that are allowed, and what is told to them."""

    def __init__(self, origins: Sequence[str]) -> None:
        """Origins as `app.origins` gives them."""
        self._patterns = [pattern_of(origin) for origin in origins]
        self._matches = lru_cache(maxsize=1024)(self._find)

    def allows(self, origin: bytes) -> bool:
        """Whether pages of this origin may call the service."""
        return len(origin) <= LONGEST and self._matches(origin)

    def fields(self, origin: bytes) -> RawHeaders:
        """What an answer to a request with this `Origin` carries; empty: it came without one."""
        if not self.allows(origin):
            return _VARY
        return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", MAY_READ), *_VARY]

    def preflight(self, headers: Mapping[bytes, bytes]) -> Response:
        """The answer to a browser that asks whether it may ask.

        Raises:
            CrossSite: it may not.
        """
        origin = headers[ORIGIN]
        if not self.allows(origin):
            raise CrossSite("this origin is not allowed (DENSELY_CORS_ORIGINS)")
        fields = {
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": MAY_SEND,
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }
        if headers.get(b"access-control-request-private-network") == b"true":
            fields["Access-Control-Allow-Private-Network"] = "true"  # a public page asks a service of this machine
        return Response(status_code=204, headers=fields)

    def _find(self, origin: bytes) -> bool:
        return any(pattern.fullmatch(origin) for pattern in self._patterns)


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks whether it may ask."""
    return method == "OPTIONS" and ORIGIN in headers and b"access-control-request-method" in headers
