"""The two ways to send what `calls` describes: waiting for the answer, and with `await`. Everything else is shared."""

from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any, TypeVar

import httpx

from app.client.calls import Call, Script
from app.client.connection import Connection, Outcome, request
from app.client.errors import ServiceUnreachable, error_of
from app.client.events import Event, is_stream, polled
from app.client.retries import Course

T = TypeVar("T")


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
                outcome = self._http.request(**request(call))
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
                outcome = await self._http.request(**request(call))
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
