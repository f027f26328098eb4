"""Whose `X-Forwarded-For` is believed, and which address it tells: that of the client before the proxies.

Every proxy adds the address that it was asked from on the right, and anybody can send the field: what stands left of
the first address that is no proxy's of ours was written by a stranger.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

FIELD = b"x-forwarded-for"
MOST_HOPS = 16  # addresses that are looked at, from the right
_LONGEST = 64  # bytes of one: IPv6 with brackets and a port has 47

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(text: str) -> str:
    """A proxy's address, or the network of several, as it is compared: `10.0.0.0/8` or `::1/128`.

    Raises:
        ValueError: it is none, or every address is in it.
    """
    given = text.strip()
    try:
        network = ipaddress.ip_network(given)
    except ValueError as error:
        raise ValueError(f"{given!r} is no address of a proxy, nor a network as 10.0.0.0/8: {error}") from error
    if not network.prefixlen:
        raise ValueError(f"{given!r} would believe what anybody sends: name the proxies' own addresses")
    return str(network)


class Proxies:
    """Those that are trusted."""

    def __init__(self, trusted: Iterable[str]) -> None:
        """`trusted`: as `network_of` writes them."""
        self._networks: list[Network] = [ipaddress.ip_network(each) for each in trusted]
        self._read = lru_cache(maxsize=4_096)(self._told_by)

    def trust(self, peer: str) -> bool:
        """Whether a connection from this address is a trusted proxy's."""
        return self._read(peer.encode())[1]

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The client's address in a request that a trusted proxy, `peer`, has sent.

        The rightmost one that is no trusted proxy's; where all of them are, the one farthest from here. What is no
        address ends the way: then the client is whoever wrote that.
        """
        found = peer
        told = b",".join(value for name, value in headers if name == FIELD)
        for entry in reversed(told.rsplit(b",", MOST_HOPS - 1)) if told else ():
            address, trusted = self._read(entry.strip()) if len(entry) <= _LONGEST else ("", False)
            if not address:
                return found
            found = address
            if not trusted:
                return found
        return found

    def _told_by(self, entry: bytes) -> tuple[str, bool]:
        """An address as it is written here, and whether it is trusted; empty: it is none."""
        text = entry.decode("latin-1")
        bare, _, port = text.rpartition(":")
        if text.startswith("["):  # as URLs have IPv6: `[::1]`, `[::1]:8000`
            bare = text[1:-1] if text.endswith("]") else bare[1:-1]
        elif bare.count(".") != 3 or not port.isdecimal():  # a port comes after all of an IPv4 address, if any does
            bare = text
        try:
            found = ipaddress.ip_address(bare)
        except ValueError:
            return "", False
        if isinstance(found, ipaddress.IPv6Address):
            if found.scope_id:  # means something on the machine alone that wrote it
                return "", False
            found = found.ipv4_mapped or found
        return str(found), any(found in network for network in self._networks)
