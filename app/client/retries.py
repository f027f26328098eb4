"""When a call is repeated, and after how long: the same rule for both clients."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

REPEATED = frozenset({429, 502, 503, 504})  # too many, and three ways of "not now"
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.ProxyError, httpx.DecodingError)


@dataclass(frozen=True)
class Retries:
    """Exponential back-off with full jitter; what the service asks for in Retry-After is honoured.

    `most`: repetitions after the first try. `base` and `longest`: seconds; the nth repetition waits up to
    base x 2^(n-1), at most `longest`. `patience`: a Retry-After of more seconds than this is not waited for.
    """

    most: int = 4
    base: float = 0.25
    longest: float = 8.0
    patience: float = 60.0
    draw: Callable[[], float] = field(default=random.random, repr=False)

    def after_response(self, response: httpx.Response, done: int) -> float | None:
        """Seconds to wait before repeating a call that got this response; None: take it as it is.

        `done`: repetitions so far.
        """
        if response.status_code not in REPEATED or done >= self.most:
            return None
        asked = _retry_after(response)
        if asked is None:
            return self._back_off(done)
        # A little later than asked, and not all at once: the others were told the same.
        return asked + self._back_off(0) if asked <= self.patience else None

    def after_failure(self, error: httpx.TransportError, done: int) -> float | None:
        """Seconds to wait before repeating a call whose connection failed; None: it has no use."""
        return None if isinstance(error, _HOPELESS) or done >= self.most else self._back_off(done)

    def _back_off(self, done: int) -> float:
        return float(min(self.longest, self.base * 2**done) * self.draw())


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds; the header's other form, a date, is not used by our service and counts as absent."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
