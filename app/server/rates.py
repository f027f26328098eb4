"""Rate limits by API key and by address: fixed windows, counted for all API processes of this machine together.

Told as the draft on `RateLimit` fields has it (draft-ietf-httpapi-ratelimit-headers-10).
"""

import ipaddress
import math
import time
from collections.abc import Callable
from functools import lru_cache

from starlette.types import Scope

from app.domain.keys import ApiKey
from app.errors import RateLimited
from app.rates import Rate
from app.server.counters import SharedCounters
from app.server.heads import RawHeaders

Limit = tuple[str, str, Rate]  # its name, whose it is, and how much


class Rates:
    """Takes one request after the other from what is left."""

    def __init__(
        self, counters: SharedCounters, per_address: Rate | None = None, now: Callable[[], float] = time.time
    ) -> None:
        """`per_address`: of each client's address; None: no limit. `now`: seconds since 1970, for all processes."""
        self._counters = counters
        self.per_address = per_address
        self._now = now

    def take_of_address(self, address: str) -> RawHeaders:
        """Count a request of this address; the fields of its answer.

        Raises:
            RateLimited: nothing is left.
        """
        return self._take("address", _whose(address), self.per_address) if self.per_address else []

    def take_of_key(self, key: ApiKey | None) -> RawHeaders:
        """The same of a key, if that has a limit."""
        return self._take("key", key.id, key.rate) if key and key.rate else []

    def _take(self, name: str, whose: str, rate: Rate) -> RawHeaders:
        now = self._now()
        window = now // rate.seconds
        ends = (window + 1) * rate.seconds
        taken = self._counters.add(f"{name}/{whose}/{rate.seconds}", ends, now, of_key=name == "key")
        seconds = max(1, math.ceil(ends - now))
        policy = f'"{name}";q={rate.requests};w={rate.seconds}'
        left = f'"{name}";r={max(0, rate.requests - taken)};t={seconds}'
        if taken > rate.requests:
            told = "this API key" if name == "key" else "your address"
            fields = {"RateLimit-Policy": policy, "RateLimit": left, "Retry-After": str(seconds)}
            raise RateLimited(f"{told} may send {rate} requests; try again in {seconds} s", fields)
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


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
