"""Webhooks: which addresses they may go to, and when they are tried again."""

import ipaddress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

# From one try to the next; after the last of them it is given up.
PAUSES = tuple(timedelta(seconds=s) for s in (10, 60, 300, 1_800, 7_200, 21_600))

_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
# Not for the public either, whatever this release of Python says of them: protocol assignments, among them the metadata
# service of a cloud; relays of 6to4; documentation.
_OTHERS = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
_6TO4 = ipaddress.ip_network("2002::/16")  # carries an IPv4 address, which may be a private one


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the Internet could have: not private, loopback or link-local."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped))
        if found not in _GLOBAL_IPV6 or found in _6TO4:
            return False
    return found.is_global and not found.is_multicast and not any(found in network for network in _OTHERS)


def why_not(url: str, *, to_private: bool) -> str | None:
    """What speaks against a webhook's URL, or None. A name is looked up only when the webhook is sent."""
    if not all("!" <= c <= "~" for c in url):
        return "must be a URL of printable ASCII characters"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "must begin with http:// or https:// and a host"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    if to_private:
        return None
    try:
        public = is_public(host)
    except ValueError:  # a name
        public = host != "localhost" and not host.endswith(".localhost")
    return None if public else "must not lead to a private address; DENSELY_WEBHOOKS_TO_PRIVATE=true allows it"


def next_try(tries: int, at: datetime) -> datetime | None:
    """When to try again after so many tries, the last one at `at`; None: no more."""
    return at + PAUSES[tries - 1] if tries <= len(PAUSES) else None
