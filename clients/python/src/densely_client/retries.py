"""When a call is repeated, and after how long: the same rule for both clients."""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import httpx

AWAY = frozenset({502, 503, 504})  # three ways of "not now"
REPEATED = AWAY | {429}  # and too many
FOLLOWING = 2.0  # seconds; the longest wait of who follows a run, which may end any moment
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.ProxyError, httpx.DecodingError)


@dataclass(frozen=True)
class Time:
    """How a client tells the time and lets it pass, in seconds. `pause` is the sleep that is awaited."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class Retries:
    """Exponential back-off with jitter; what the service asks for in Retry-After is honoured.

    `most`: repetitions of a call after its first try; by default they take 5 to 7 seconds, about a restart. `base` and
    `longest`: seconds; the nth repetition waits up to base x 2^(n-1), at most `longest`. `patience`: a Retry-After of
    more seconds than this is not waited for.

    Who waits for a run (`wait`, `events`) does not count: it tries every two seconds at least, and gives up when there
    was no answer for `away` seconds.
    """

    most: int = 5
    base: float = 0.22
    longest: float = 8.0
    patience: float = 60.0
    away: float = 60.0
    draw: Callable[[], float] = field(default=random.random, repr=False)
    time: Time = field(default=Time(), repr=False)

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

    def following(self) -> "Retries":
        """The same for who waits for a run: time ends it, not a number, and nothing that is asked for is too long."""
        return replace(self, most=sys.maxsize, longest=min(self.longest, FOLLOWING), patience=float("inf"))

    def _back_off(self, done: int) -> float:
        """A quarter is drawn: enough to spread callers, and the sum stays long enough for a restart."""
        full = min(self.longest, self.base * 2.0 ** min(done, 64))
        return full * (0.75 + 0.25 * self.draw())


@dataclass
class Attempts:
    """The tries of a call, or the connections of a stream, so far."""

    retries: Retries
    patient: bool = False  # whether somebody waits for a run
    done: int = 0  # repetitions since the last good answer
    _lost: float | None = None  # when the first of the failures in a row was seen

    def heard(self) -> None:
        """The service is there."""
        self._lost = None

    def again(self, outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds until the next try after this one; None: there should be none."""
        rule, left = self.retries, float("inf")
        if self.patient:
            now = rule.time.now()
            self._lost = now if self._lost is None else self._lost
            rule, left = rule.following(), self._lost + rule.away - now
        if isinstance(outcome, httpx.Response):
            wait = rule.after_response(outcome, self.done)
        else:
            wait = rule.after_failure(outcome, self.done)
        self.done += 1
        return None if wait is None or left <= 0 else min(wait, left)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds; the header's other form, a date, is not used by our service and counts as absent."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
