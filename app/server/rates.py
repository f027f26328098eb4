"""Rate limits by API key and by address: fixed windows, counted for all API processes of this machine together.

Told as the draft on `RateLimit` fields has it (draft-ietf-httpapi-ratelimit-headers-10). A process takes several
requests at once from the common count, and gives them out one by one: the count's lock would cost as much as the
smallest prediction's arithmetic. Never more are let in than a limit says; what processes have taken and not used when
a limit is reached is a twentieth of it at most, and near it each is taken by itself.
"""

import ipaddress
import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from starlette.types import Scope

from app.domain.keys import ApiKey
from app.errors import RateLimited
from app.rates import Rate
from app.server import heads
from app.server.counters import SharedCounters
from app.server.heads import RawHeaders

MOST_AT_ONCE = 64  # requests
KEPT_BACK = 20  # times as many as all processes together may have taken and not used
EXACT = 10  # where less than this part is left, each is taken by itself
MOST_LIMITS = 4_096  # that a process knows at a time


class Limit:
    """What one client may send, as far as this process knows."""

    __slots__ = (
        *("_at_once", "_begins", "_counters", "_ends", "_head", "_name"),
        *("_of_key", "_policy", "_rate", "_taken", "_unused"),
    )

    def __init__(self, counters: SharedCounters, name: str, whose: str, rate: Rate, processes: int) -> None:
        """`name`: `key` or `address`; `whose`: which one; `processes`: how many take from it."""
        self._counters = counters
        self._of_key = name == "key"
        self._name = f"{name}/{whose}/{rate.seconds}"
        self._rate = rate
        self._policy = f'"{name}";q={rate.requests};w={rate.seconds}'
        self._head = f'ratelimit-policy: {self._policy}\r\nratelimit: "{name}";r='.encode()
        self._at_once = max(1, min(MOST_AT_ONCE, rate.requests // (KEPT_BACK * processes)))
        self._begins = self._ends = 0.0  # when its window does, seconds since 1970
        self._taken = 0  # in that window by all processes, when this one last took some
        self._unused = 0  # of those that this one has taken

    def take(self, now: float) -> bytes:
        """Count a request; the lines of its answer's head, without the last line break.

        Raises:
            RateLimited: nothing is left.
            Unavailable: it cannot be counted.
        """
        if self._unused and self._begins <= now < self._ends:
            self._unused -= 1
        else:
            self._take_more(now)
        left = self._rate.requests - self._taken + self._unused
        return b"%s%d;t=%d" % (self._head, left, math.ceil(self._ends - now))

    def _take_more(self, now: float) -> None:
        seconds = self._rate.seconds
        self._unused, self._begins = 0, now // seconds * seconds
        self._ends = self._begins + seconds
        before, more = self._counters.add(self._name, self._ends, now, of_key=self._of_key, more=self._more)
        self._taken = before + more
        if self._taken > self._rate.requests:
            raise self._refusal(math.ceil(self._ends - now))
        self._unused = more - 1

    def _more(self, taken: int) -> int:
        """How many to take at once where so many are taken."""
        spare = self._rate.requests - taken - self._rate.requests // EXACT
        return max(1, min(self._at_once, spare))

    def _refusal(self, seconds: int) -> RateLimited:
        told, name = ("this API key", "key") if self._of_key else ("your address", "address")
        left = f'"{name}";r=0;t={seconds}'
        fields = {"RateLimit-Policy": self._policy, "RateLimit": left, "Retry-After": str(seconds)}
        return RateLimited(f"{told} may send {self._rate} requests; try again in {seconds} s", fields)


class Rates:
    """Takes one request after the other from what is left; for one thread."""

    def __init__(
        self,
        counters: SharedCounters,
        per_address: Rate | None = None,
        now: Callable[[], float] = time.time,
        processes: int = 1,
    ) -> None:
        """`per_address`: of each client's address; None: no limit. `now`: seconds since 1970, for all processes.

        `processes`: how many of them count together.
        """
        self.per_address = per_address
        self._now = now

        def limit(name: str, whose: str, rate: Rate) -> Limit:
            return Limit(counters, name, whose, rate, processes)

        self._limit = lru_cache(maxsize=MOST_LIMITS)(limit)

    def limits_of(self, key: ApiKey | None, address: str) -> tuple[Limit, ...]:
        """Those that a request is counted in: its key's, its address's."""
        of_key = (self._limit("key", key.id, key.rate),) if key and key.rate else ()
        return of_key + self._of_address(address)

    def take(self, limits: Sequence[Limit]) -> bytes:
        """Count a request in all of these, in their order; the lines of its answer's head, each with a break before it.

        Raises:
            RateLimited: nothing is left of one; those before it have counted it.
        """
        now, lines = self._now(), b""
        for limit in limits:
            lines = b"\r\n%s%s" % (limit.take(now), lines)
        return lines

    def take_of_address(self, address: str) -> RawHeaders:
        """Count a request of this address; the fields of its answer.

        Raises:
            RateLimited: nothing is left.
        """
        return heads.fields_of(self.take(self._of_address(address)))

    def take_of_key(self, key: ApiKey | None) -> RawHeaders:
        """The same of a key, if that has a limit."""
        return heads.fields_of(self.take((self._limit("key", key.id, key.rate),))) if key and key.rate else []

    def _of_address(self, address: str) -> tuple[Limit, ...]:
        return (self._limit("address", _whose(address), self.per_address),) if self.per_address else ()


@lru_cache(maxsize=4_096)
def _whose(address: str) -> str:
    """Of IPv6 the network of 64 bits, which is one subscriber's: they may send from any address in it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # of a Unix socket
        return address
    if isinstance(found, ipaddress.IPv4Address) or found.ipv4_mapped:
        return address
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def address_of(scope: Scope) -> str:
    """The client's, as far as the connection tells."""
    client = scope.get("client")
    return client[0] if client else ""
