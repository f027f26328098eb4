"""What a request must satisfy before a route sees it: who asks, for which host, with what kind of body, how large."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from app.errors import CrossSite, Misdirected, TooLarge, UnsupportedMediaType
from app.loopback import is_loopback

Headers = Mapping[bytes, bytes]  # lower-case names
WITH_BODY = ("POST", "PUT", "PATCH")  # methods whose body is read

READING = ("GET", "HEAD", "OPTIONS")


def secret_of(headers: Headers) -> bytes:
    """The API key that a request carries; empty: none."""
    scheme, _, credentials = headers.get(b"authorization", b"").partition(b" ")
    return credentials.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")


@lru_cache(maxsize=1024)
def _is_ours(host: bytes, served: str) -> bool:
    try:
        name = "" if b"@" in host else urlsplit(f"//{host.decode('latin-1')}").hostname or ""
    except ValueError:
        name = ""
    return name == served or is_loopback(name)


def check_host(headers: Headers, served: str) -> None:
    """Without keys only this machine may ask, and that includes web pages that resolve their own name to 127.0.0.1.

    Raises:
        Misdirected: the Host header names another host.
    """
    if not _is_ours(headers.get(b"host", b"localhost"), served):
        raise Misdirected


def check_content_type(method: str, headers: Headers) -> bool:
    """JSON only: a form or text body is what a foreign web page could send without asking. Whether there is a body.

    Raises:
        UnsupportedMediaType: there is a body, and it says it is something else.
    """
    empty = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers
    if empty or method not in WITH_BODY:
        return False
    if not _is_json(headers):
        raise UnsupportedMediaType
    return True


def check_site(method: str, headers: Headers) -> None:
    """A foreign web page may change nothing here, though a browser would send what needs no body without asking.

    Browsers say of every request to an https address or to this machine whence it comes (`Sec-Fetch-Site`). To other
    addresses they say it by `Origin`, which must be the host that was asked for, by the Host header or by
    `X-Forwarded-Host`, where a proxy has changed that: no page can set either. JSON needs no such look, since a browser
    asks before it sends it elsewhere, and gets no leave. Command lines send neither header.

    Raises:
        CrossSite: another site's page asks for a change.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site not in (b"same-origin", b"none") and method not in READING:
            raise CrossSite
    elif b"origin" in headers and method not in READING and not _is_json(headers):
        forwarded = headers.get(b"x-forwarded-host", b"").partition(b",")[0]
        ours = {_without_port(host) for host in (headers.get(b"host", b""), forwarded)} - {b""}
        if _without_port(headers[b"origin"].partition(b"://")[2]) not in ours:
            raise CrossSite


def _without_port(authority: bytes) -> bytes:
    """Without a port that goes without saying."""
    name = authority.strip().lower()
    return name.removesuffix(b":80").removesuffix(b":443")


def _is_json(headers: Headers) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def check_length(headers: Headers, limit: int, setting: str = "") -> None:
    """
    Raises:
        TooLarge: the announced body is larger than `limit` bytes.
    """
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        raise too_large(limit, setting)


def too_large(limit: int, setting: str = "") -> TooLarge:
    """The error for a body of more than `limit` bytes; `setting` is told where it is the user's to raise."""
    return TooLarge(f"the body is larger than {limit // 2**20} MiB" + (f" ({setting})" if setting else ""), "body")
