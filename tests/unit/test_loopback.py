"""What counts as this machine alone."""

import pytest

from app.loopback import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "0:0:0:0:0:0:0:1", "localhost", "LocalHost"])
def test_addresses_and_the_name_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org", "127.1", "[::1]"]
)
def test_what_others_can_reach_or_a_resolver_decides(host: str) -> None:
    """`127.1` is an address to some programs and a name to others: it is not taken for granted."""
    assert not is_loopback(host)
