"""Which addresses lead to this machine and no further: decided here, for the settings and the gate alike."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without brackets, is this machine's own whatever the network says.

    A name that only begins like an address is a name; the one name that counts is `localhost`.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
