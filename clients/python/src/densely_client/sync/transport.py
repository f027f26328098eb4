# Generated from asynchronous/transport.py by clients/python/scripts/generate_sync.py: change that one.
"""Sends what `calls` describes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from densely_client import calls
from densely_client.calls import Call
from densely_client.connection import Connection, Outcome, request
from densely_client.errors import ServiceUnreachable
from densely_client.events import POLL, Event, EventStream, is_stream
from densely_client.forms.base import Page
from densely_client.forms.runs import RecordedEvent, RunData
from densely_client.problems import error_of
from densely_client.retries import Attempts

T = TypeVar("T")


class Transport:
    """The connections to a service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._time = connection.retries.time
        self._http = connection.open(httpx.Client)

    def now(self) -> float:
        """Seconds on the clock by which it waits."""
        return self._time.now()

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._time.sleep(seconds)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """The call's answer, after as many repetitions as it takes."""
        attempts = Attempts(self._connection.retries, call.patient)
        while True:
            outcome: Outcome
            try:
                outcome = self._http.request(**request(call), timeout=self._connection.timeouts(call))
            except httpx.TransportError as error:
                outcome = error
            wait = self._connection.wait(call, outcome, attempts)
            if wait is None:
                assert isinstance(outcome, httpx.Response)
                return _read(call, outcome)
            self._time.sleep(wait)

    def list(self, path: str, form: type[T], limit: int, most: int, **params: Any) -> list[T]:
        """Up to `limit` items of a list, from as many pages as that takes, of `most` items each."""
        items: list[T] = []
        cursor = None
        while len(items) < limit:
            rows = min(most, limit - len(items))
            page = self.send(calls.get(path, Page[form], limit=rows, cursor=cursor, **params))  # type: ignore[valid-type]
            items += page.items
            if (cursor := page.next) is None:
                break
        return items

    def events(self, run_id: str | None, last_id: str | None = None, timeout: float | None = None) -> Iterator[Event]:
        """Events of a run until it has ended, or of all; a broken stream is taken up where it broke."""
        stream = self._connection.stream(run_id, last_id, timeout)
        while True:
            outcome: Outcome | None = None
            try:
                with self._http.stream(**stream.request()) as response:
                    if stream.ended_with(response):
                        return
                    if response.status_code != 200:
                        response.read()
                        outcome = response
                    elif not is_stream(response):
                        for event in self._polled(stream):
                            yield event
                        return
                    else:
                        for chunk in response.iter_bytes():
                            for event in stream.take(chunk):
                                yield event
            except httpx.TransportError as error:
                outcome = error
            if stream.over:
                return
            wait = stream.again(outcome)
            if wait is None:
                self._connection.gone(outcome)
            self._time.sleep(wait)

    def _polled(self, stream: EventStream) -> Iterator[Event]:
        """The same events without a stream: its list is asked for again and again."""
        progress: dict[str, Any] | None = None
        while True:
            stream.check()
            run = self.send(replace(calls.get(f"/runs/{stream.run_id}", RunData), patient=True))
            more = True
            while more:
                call = calls.get(stream.path, Page[RecordedEvent], cursor=stream.last_id, limit=calls.PAGE)
                page = self.send(replace(call, patient=True))
                for item in page.items:
                    stream.last_id = str(item.id)
                    yield stream.seen(
                        Event(id=stream.last_id, type=item.type, run_id=item.run_id, at=item.at, data=item.data)
                    )
                more = page.next is not None
            if stream.over:
                return
            if run.progress and (now := run.progress.model_dump(mode="json")) != progress:
                progress = now
                yield Event(id=None, type="progress", run_id=run.id, at=None, data=now)
            self._time.sleep(POLL)


def _read(call: Call[T], response: httpx.Response) -> T:
    if response.status_code >= 400:
        raise error_of(response)
    try:
        return call.read(response)
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceUnreachable(f"{response.request.url} does not answer as Densely does") from error
