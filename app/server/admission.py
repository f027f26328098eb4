"""Inline answers: what was found of the head of a connection's request holds for the next that has the same.

To look at a head takes as long as half of the smallest prediction, and programs send the same one again and again, but
for the body's length and ids.
"""

from dataclasses import dataclass, field
from hmac import compare_digest

from app.domain.keys import ApiKey
from app.server.heads import RawHeaders
from app.server.rates import Limit

LENGTH, REQUEST_ID = b"content-length", b"x-request-id"
_VARYING = (LENGTH, REQUEST_ID, b"traceparent", b"tracestate", b"idempotency-key")
_SECRET = (b"authorization", b"x-api-key")


@dataclass(slots=True)
class KnownHead:
    """The head of a request that may be answered inline, and what was found of it."""

    gate: object  # that has looked at it
    headers: RawHeaders  # whose varying ones are those of the request that was compared last
    key: ApiKey | None
    limits: tuple[Limit, ...]  # that its requests are counted in
    allowed: bytes  # lines of the answer's head for pages of other origins, each with a break before it
    _varying: list[int] = field(default_factory=list)  # where in `headers` those stand that may have any value
    _secrets: list[int] = field(default_factory=list)  # and those that hold a key
    _length: int = -1  # and the body's length
    _request_id: int = -1  # and the client's own id; -1: it sends none

    def __post_init__(self) -> None:
        self.headers = list(self.headers)
        for place, (name, _) in enumerate(self.headers):
            if name in _VARYING:
                self._varying.append(place)
            elif name in _SECRET:
                self._secrets.append(place)
            if name == LENGTH:
                self._length = place
            elif name == REQUEST_ID:
                self._request_id = place

    def is_of(self, headers: RawHeaders) -> bool:
        """Whether these are the same but for what may vary.

        A proxy's connection has requests of several clients: how long this takes says nothing of another one's key.
        """
        known = self.headers
        if len(headers) != len(known):
            return False
        for place in self._varying:
            if headers[place][0] != known[place][0]:
                return False
            known[place] = headers[place]
        for place in self._secrets:
            name, secret = headers[place]
            if name != known[place][0] or not compare_digest(secret, known[place][1]):
                return False
            known[place] = headers[place]
        return headers == known

    @property
    def length(self) -> int:
        """Bytes of the body of the request that was compared last."""
        return int(self.headers[self._length][1])

    @property
    def given_id(self) -> bytes | None:
        """The id that it came with."""
        return None if self._request_id < 0 else self.headers[self._request_id][1]
