"""Where the service is, how it is reached, and what is sent to it."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit
from urllib.request import proxy_bypass

import httpx

from densely_client.bodies import as_json, is_unicode
from densely_client.calls import Call
from densely_client.errors import InvalidArgument, ServiceUnreachable
from densely_client.events import EventStream
from densely_client.retries import Attempts, Retries
from densely_client.version import VERSION

C = TypeVar("C", httpx.Client, httpx.AsyncClient)
Outcome = httpx.Response | httpx.TransportError
IMPORT = 3_600.0  # seconds; two gigabytes are read in minutes, on a busy machine too
# Nothing was sent yet, so that even what must not be repeated may be.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass(frozen=True)
class Connection:
    """Where the service is, and how to speak to it."""

    url: str
    api_key: str | None
    timeout: float  # seconds, for connecting and for each read
    retries: Retries
    trust_env: bool = True  # proxies and certificates of the environment

    def options(self) -> dict[str, Any]:
        """Arguments of httpx' clients.

        Raises:
            InvalidArgument: the URL or the key cannot be used.
        """
        host = _host_of(self.url)
        headers = {"User-Agent": f"densely-client/{VERSION}", "Accept": "application/json"}
        if self.api_key:
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise InvalidArgument("an API key has printable ASCII characters only", field="api_key")
            headers["Authorization"] = f"Bearer {self.api_key}"
        options = {"base_url": self.url, "headers": headers, "timeout": self.timeout}
        # A proxy of the environment cannot reach this machine's own loopback.
        if _is_loopback(host) or not self.trust_env:
            return {**options, "trust_env": False}
        if proxy_bypass(host):  # httpx would set up, or fail to, even the proxy that NO_PROXY excludes
            return {**options, "trust_env": False, "verify": httpx.create_ssl_context()}
        return options

    def open(self, kind: Callable[..., C]) -> C:
        """A client of httpx.

        Raises:
            InvalidArgument: the URL, the key, or a proxy of the environment cannot be used.
        """
        options = self.options()
        try:
            return kind(**options)
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            told = f"no client can be made for {self.url} with the proxy and certificates of the environment: {error}"
            raise InvalidArgument(told, field="url") from error

    def timeouts(self, call: Call[Any]) -> httpx.Timeout:
        """Of a call: the service answers an upload when it has read all of it."""
        return httpx.Timeout(self.timeout, read=max(self.timeout, IMPORT)) if call.file else httpx.Timeout(self.timeout)

    def stream(self, run_id: str | None, last_id: str | None, timeout: float | None) -> EventStream:
        """The events of a run, or of all, for `timeout` seconds from now."""
        now = self.retries.time.now()
        deadline = float("inf") if timeout is None else now + timeout
        return EventStream(run_id, Attempts(self.retries, patient=True), last_id, deadline)

    def wait(self, call: Call[Any], outcome: Outcome, attempts: Attempts) -> float | None:
        """Seconds until the call is repeated; None: its response is the answer.

        Raises:
            ServiceUnreachable: the connection failed, and repeating has no use.
        """
        if isinstance(outcome, httpx.Response):
            return attempts.again(outcome) if call.repeatable else None
        wait = attempts.again(outcome) if call.repeatable or isinstance(outcome, _UNSENT) else None
        if wait is None:
            self.gone(outcome)
        return wait

    def gone(self, error: Outcome | None) -> NoReturn:
        """
        Raises:
            ServiceUnreachable: always.
        """
        cause = error if isinstance(error, httpx.TransportError) else None
        reason = (str(cause) or type(cause).__name__) if cause else "the stream ended"
        raise ServiceUnreachable(f"the service at {self.url} does not answer: {reason}") from cause


def _host_of(url: str) -> str:
    """
    Raises:
        InvalidArgument: this is no URL of a service.
    """
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.hostname.encode("idna") and parts.port != 0:
            return parts.hostname
    except (ValueError, httpx.InvalidURL):  # also a name that has no form in the DNS
        pass
    raise InvalidArgument(f"{url!r} is no URL of a service, such as http://127.0.0.1:8000", field="url")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def request(call: Call[Any]) -> dict[str, Any]:
    """Arguments of httpx' `request`. Ids in paths come from callers, so what is no path character is escaped.

    Raises:
        InvalidArgument: something in it cannot be sent.
    """
    for name, value in (("path", call.path), *call.params.items()):
        if isinstance(value, str) and not is_unicode(value):
            raise InvalidArgument(f"{name}: a text is not Unicode", field=name)
    for name, value in call.headers.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidArgument(f"{name}: must be printable ASCII characters", field=name)
    asked = {"method": call.method, "url": quote(call.path, safe="/"), "params": call.params, "headers": call.headers}
    if call.file:
        # Its name says what it is; a type that is guessed from the same name would add nothing.
        return {**asked, "data": call.body, "files": {"file": (call.file.name, call.file, "application/octet-stream")}}
    if call.body is None:
        return asked
    return {**asked, "content": as_json(call.body), "headers": {**call.headers, "Content-Type": "application/json"}}
