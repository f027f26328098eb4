"""Which address `X-Forwarded-For` tells, and of whom it is believed."""

import pytest

from app.proxies import MOST_HOPS, Proxies, network_of

TRUSTED = ("127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48")


def client(*fields: str, peer: str = "127.0.0.1") -> str:
    """What these fields, in their order, tell of the client."""
    headers = [(b"host", b"here"), *((b"x-forwarded-for", field.encode()) for field in fields)]
    return Proxies(TRUSTED).client(peer, headers)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], "127.0.0.1"),
        ([""], "127.0.0.1"),
        (["192.0.2.7"], "192.0.2.7"),
        (["203.0.113.9, 192.0.2.7"], "192.0.2.7"),  # the left one was written by a stranger
        (["192.0.2.7, 10.1.2.3"], "192.0.2.7"),  # through two proxies of ours
        (["203.0.113.9", "192.0.2.7, 10.1.2.3"], "192.0.2.7"),  # fields count in their order
        (["203.0.113.9,192.0.2.7 ,10.1.2.3,"], "127.0.0.1"),  # nothing was written last
        (["10.9.9.9, 10.1.2.3"], "10.9.9.9"),  # all of ours: the farthest
        (["192.0.2.7, unknown, 10.1.2.3"], "10.1.2.3"),  # whoever wrote `unknown`
        (["' OR 1=1"], "127.0.0.1"),
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8:2::1]:4711"], "2001:db8:2::1"),
        (["[2001:db8:2::1]"], "2001:db8:2::1"),
        (["2001:DB8:2:0::1, 2001:db8:1::5"], "2001:db8:2::1"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, ::ffff:10.1.2.3"], "192.0.2.7"),
        (["fe80::1%eth0"], "127.0.0.1"),
        (["1" * 10_000], "127.0.0.1"),
        (["192.0.2.7" + ", 10.1.2.3" * MOST_HOPS], "10.1.2.3"),  # farther than anybody's proxies reach
        (["192.0.2.7" + ", 10.1.2.3" * (MOST_HOPS - 1)], "192.0.2.7"),
    ],
)
def test_the_rightmost_address_that_is_no_proxys_is_the_clients(fields: list[str], expected: str) -> None:
    assert expected == client(*fields)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True), ("127.0.0.2", False), ("10.255.0.1", True), ("::ffff:10.0.0.1", True),
        ("2001:db8:1:ffff::1", True), ("2001:db8:2::1", False), ("192.0.2.7", False), ("", False),
    ],
)  # fmt: skip
def test_a_peer_is_trusted_if_it_is_named(peer: str, *, expected: bool) -> None:
    assert expected == Proxies(TRUSTED).trust(peer)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        (" 127.0.0.1", "127.0.0.1/32"),
        ("::1", "::1/128"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_a_network_is_written_in_one_way(given: str, expected: str) -> None:
    assert expected == network_of(given)


@pytest.mark.parametrize("given", ["nginx", "*", "10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.1:80"])
def test_what_is_no_network_of_proxies_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"proxies' own|no address of a proxy"):
        network_of(given)
