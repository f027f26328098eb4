"""Where webhooks may go, and how they are signed."""

from datetime import UTC, datetime

import pytest

from app.domain.webhooks import PAUSES, is_public, next_try, why_not
from app.webhook_secrets import secrets_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.15.255.255", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_other_addresses_are_not(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast; and IPv6 forms that carry an IPv4 address."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://example.org:8080/a?b=c#d", "https://8.8.8.8/", "https://[2606:4700::1111]/x"]
)
def test_urls_that_are_accepted(url: str) -> None:
    assert why_not(url, to_private=False) is None


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://[::1]:80/", "http://10.1.2.3/", "http://169.254.169.254/latest", "http://localhost",
     "http://LOCALHOST/", "http://a.localhost:1/", "http://[::ffff:127.0.0.1]/"],
)  # fmt: skip
def test_private_addresses_need_leave(url: str) -> None:
    assert "private" in (why_not(url, to_private=False) or "")
    assert why_not(url, to_private=True) is None


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org/", "file:///etc/passwd", "http://", "http:///x", "http://[::1", "http://a:99999/",
     "http://a:b/", "http://a:0/", "http://user:pass@example.org/", "http://user@example.org/", "http://a b/", "http://a/\n",
     "http://\u00e4.example/", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_such_url(url: str) -> None:
    assert why_not(url, to_private=True)


def test_secrets_are_read_as_they_are_written() -> None:
    assert (b"0" * 24, b"a text of its own") == secrets_of(f"whsec_{'MDAw' * 8}, a text of its own")
    assert () == secrets_of("")


@pytest.mark.parametrize("text", ["short", "whsec_MDAw", "whsec_*" * 9, "long enough to sign,short"])
def test_what_cannot_sign_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs"):
        secrets_of(text)


def test_pauses_grow_and_end() -> None:
    times = [next_try(tries, NOW) for tries in range(1, len(PAUSES) + 1)]

    assert [NOW + pause for pause in sorted(PAUSES)] == times
    assert next_try(len(PAUSES) + 1, NOW) is None
