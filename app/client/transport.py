"""The two ways to send what `calls` describes: waiting for the answer, and with `await`. Everything else is shared."""

import ipaddress
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit
from urllib.request import proxy_bypass

import httpx

import app
from app.client.bodies import as_json, is_unicode
from app.client.calls import Call, Script
from app.client.errors import ServiceUnreachable, error_of
from app.client.events import Event, Feed, is_stream, polled
from app.client.retries import Course, Retries
from app.errors import InvalidInput

T = TypeVar("T")
C = TypeVar("C", httpx.Client, httpx.AsyncClient)
Outcome = httpx.Response | httpx.TransportError
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
            InvalidInput: the URL or the key cannot be used.
        """
        host = _host_of(self.url)
        headers = {"User-Agent": f"densely/{app.__version__}", "Accept": "application/json"}
        if self.api_key:
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise InvalidInput("an API key has printable ASCII characters only", field="api_key")
            headers["Authorization"] = f"Bearer {self.api_key}"
        options = {"base_url": self.url, "headers": headers, "timeout": self.timeout}
        # A proxy of the environment cannot reach this machine's own loopback.
        if _is_loopback(host) or not self.trust_env:
            return {**options, "trust_env": False}
        if proxy_bypass(host):  # httpx would set up, or fail to, even the proxy that NO_PROXY excludes
            return {**options, "trust_env": False, "verify": httpx.create_ssl_context()}
        return options

    def opened(self, kind: Callable[..., C]) -> C:
        """A client of httpx.

        Raises:
            InvalidInput: the URL, the key, or a proxy of the environment cannot be used.
        """
        options = self.options()
        try:
            return kind(**options)
        except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
            told = f"no client can be made for {self.url} with the proxy and certificates of the environment: {error}"
            raise InvalidInput(told, field="url") from error

    def feed(self, run_id: str | None, last_id: str | None, timeout: float | None) -> Feed:
        """The events of a run, or of all, for `timeout` seconds from now."""
        now = self.retries.time.now()
        deadline = float("inf") if timeout is None else now + timeout
        return Feed(run_id, Course(self.retries, patient=True), last_id, deadline)

    def wait(self, call: Call[Any], outcome: Outcome, course: Course) -> float | None:
        """Seconds until the call is repeated; None: its response is the answer.

        Raises:
            ServiceUnreachable: the connection failed, and repeating has no use.
        """
        if isinstance(outcome, httpx.Response):
            return course.again(outcome) if call.repeatable else None
        wait = course.again(outcome) if call.repeatable or isinstance(outcome, _UNSENT) else None
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
        InvalidInput: this is no URL of a service.
    """
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.hostname.encode("idna") and parts.port != 0:
            return parts.hostname
    except (ValueError, httpx.InvalidURL):  # also a name that has no form in the DNS
        pass
    raise InvalidInput(f"{url!r} is no URL of a service, such as http://127.0.0.1:8000", field="url")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _request(call: Call[Any]) -> dict[str, Any]:
    """Arguments of httpx' `request`. Ids in paths come from callers, so what is no path character is escaped.

    Raises:
        InvalidInput: something in it cannot be sent.
    """
    for name, value in (("path", call.path), *call.params.items()):
        if isinstance(value, str) and not is_unicode(value):
            raise InvalidInput(f"{name}: a text is not Unicode", field=name)
    for name, value in call.headers.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidInput(f"{name}: must be printable ASCII characters", field=name)
    asked = {"method": call.method, "url": quote(call.path, safe="/"), "params": call.params, "headers": call.headers}
    if call.body is None:
        return asked
    return {**asked, "content": as_json(call.body), "headers": {**call.headers, "Content-Type": "application/json"}}


def _read(call: Call[T], response: httpx.Response) -> T:
    if response.status_code >= 400:
        raise error_of(response)
    try:
        return call.read(response)
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceUnreachable(f"{response.request.url} does not answer as Densely does") from error


class Transport:
    """Waits for answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._time = connection.retries.time
        self._http = connection.opened(httpx.Client)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """The call's answer, after as many repetitions as it takes."""
        course = Course(self._connection.retries, call.patient)
        while True:
            outcome: Outcome
            try:
                outcome = self._http.request(**_request(call))
            except httpx.TransportError as error:
                outcome = error
            wait = self._connection.wait(call, outcome, course)
            if wait is None:
                assert isinstance(outcome, httpx.Response)
                return _read(call, outcome)
            self._time.sleep(wait)

    def play(self, script: Script[T]) -> T:
        """What several calls come to."""
        try:
            step = next(script)
            while True:
                try:
                    answer = self.send(step)
                except Exception as error:  # noqa: BLE001 - the script decides
                    step = script.throw(error)
                else:
                    step = script.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value

    def events(self, run_id: str | None, last_id: str | None = None, timeout: float | None = None) -> Iterator[Event]:
        """Events of a run until it has ended, or of all; a broken stream is taken up where it broke."""
        feed = self._connection.feed(run_id, last_id, timeout)
        while True:
            outcome: Outcome | None = None
            try:
                with self._http.stream(**feed.request()) as response:
                    if feed.ended_with(response):
                        return
                    if response.status_code != 200:
                        response.read()
                        outcome = response
                    elif not is_stream(response):
                        yield from self._polled(polled(feed))
                        return
                    else:
                        for chunk in response.iter_bytes():
                            yield from feed.take(chunk)
            except httpx.TransportError as error:
                outcome = error
            if feed.over:
                return
            wait = feed.again(outcome)
            if wait is None:
                self._connection.gone(outcome)
            self._time.sleep(wait)

    def _polled(self, script: Generator[Call[Any] | Event | float, Any, None]) -> Iterator[Event]:
        answer: Any = None
        while True:
            try:
                step = script.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Call):
                answer = self.send(step)
            elif isinstance(step, Event):
                yield step
            else:
                self._time.sleep(step)


class AsyncTransport:
    """The same with `await`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._time = connection.retries.time
        self._http = connection.opened(httpx.AsyncClient)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """The call's answer, after as many repetitions as it takes."""
        course = Course(self._connection.retries, call.patient)
        while True:
            outcome: Outcome
            try:
                outcome = await self._http.request(**_request(call))
            except httpx.TransportError as error:
                outcome = error
            wait = self._connection.wait(call, outcome, course)
            if wait is None:
                assert isinstance(outcome, httpx.Response)
                return _read(call, outcome)
            await self._time.pause(wait)

    async def play(self, script: Script[T]) -> T:
        """What several calls come to."""
        try:
            step = next(script)
            while True:
                try:
                    answer = await self.send(step)
                except Exception as error:  # noqa: BLE001 - the script decides
                    step = script.throw(error)
                else:
                    step = script.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value

    async def events(
        self,
        run_id: str | None,
        last_id: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncIterator[Event]:
        """Events of a run until it has ended, or of all; a broken stream is taken up where it broke."""
        feed = self._connection.feed(run_id, last_id, timeout)
        while True:
            outcome: Outcome | None = None
            try:
                async with self._http.stream(**feed.request()) as response:
                    if feed.ended_with(response):
                        return
                    if response.status_code != 200:
                        await response.aread()
                        outcome = response
                    elif not is_stream(response):
                        async for event in self._polled(polled(feed)):
                            yield event
                        return
                    else:
                        async for chunk in response.aiter_bytes():
                            for event in feed.take(chunk):
                                yield event
            except httpx.TransportError as error:
                outcome = error
            if feed.over:
                return
            wait = feed.again(outcome)
            if wait is None:
                self._connection.gone(outcome)
            await self._time.pause(wait)

    async def _polled(self, script: Generator[Call[Any] | Event | float, Any, None]) -> AsyncIterator[Event]:
        answer: Any = None
        while True:
            try:
                step = script.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Call):
                answer = await self.send(step)
            elif isinstance(step, Event):
                yield step
            else:
                await self._time.pause(step)
