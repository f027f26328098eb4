"""What happens to runs, as it happens: Server-Sent Events, or a list that is asked for again and again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from densely_client.errors import ServiceUnreachable
from densely_client.forms.runs import FINAL
from densely_client.problems import error_of
from densely_client.retries import AWAY, Attempts

SILENCE = 45.0  # seconds; a stream that has sent nothing for so long is dead, since a heartbeat comes every 15
POLL = 0.5  # seconds


class Event(BaseModel):
    """Something that happened to a run.

    `type` is `status`, `epoch`, `log` or `progress`. `data` is, of a status: `status`, and mostly `run`; of an epoch: a
    row of the run's history; of a log line: `message`; of progress: `epoch`, `epochs`, `fraction`, `eta_seconds`, ….
    """

    model_config = ConfigDict(frozen=True)
    id: str | None  # increasing; what `last_event_id` takes. None for progress that was asked for
    type: str
    run_id: str
    at: datetime | None
    data: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether the run has ended with it."""
        return self.type == "status" and self.data.get("status") in FINAL


@dataclass
class Message:
    """One message of a stream."""

    event: str
    data: str
    id: str | None


class Parser:
    """Bytes to messages, as the HTML standard has it (section 9.2, server-sent events)."""

    def __init__(self, last_id: str | None = None) -> None:
        """`last_id`: of the last message before this stream; one without an id of its own keeps it."""
        self.last_id = last_id
        self.retry: float | None = None  # seconds that the server asks to wait before a new connection
        self._rest = b""
        self._id = last_id  # becomes `last_id` with the blank line: a message that is cut off was not seen
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The messages that this chunk completes."""
        # Not str.splitlines: JSON may hold characters that it takes for line ends. A CR at the end may be half of CRLF.
        text = (self._rest + chunk).replace(b"\r\n", b"\n")
        held = b"\r" if text.endswith(b"\r") else b""
        *lines, rest = text.removesuffix(held).replace(b"\r", b"\n").split(b"\n")
        self._rest = rest + held
        for line in lines:
            if line:
                self._field(line.decode("utf-8", "replace"))
                continue
            self.last_id = self._id
            event, data = self._event or "message", self._data
            self._event, self._data = "", []
            if data:
                yield Message(event, "\n".join(data), self.last_id)

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")  # a comment's name is empty
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value or None
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000


@dataclass
class EventStream:
    """Where a stream stands; the transports only carry bytes to it."""

    run_id: str | None  # None: all runs
    attempts: Attempts
    last_id: str | None = None
    deadline: float = float("inf")  # seconds of the attempts' clock
    over: bool = False
    _parser: Parser = field(default_factory=Parser)

    @property
    def path(self) -> str:
        """Of the stream."""
        return f"/runs/{self.run_id}/events" if self.run_id else "/events"

    def request(self) -> dict[str, Any]:
        """Arguments of httpx' `stream`, for the first connection or the next one."""
        self._parser = Parser(self.last_id)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        silence = max(0.01, min(SILENCE, self.left()))
        return {
            "method": "GET",
            "url": self.path,
            "headers": headers,
            "timeout": httpx.Timeout(min(10, silence), read=silence),
        }

    def take(self, chunk: bytes) -> Iterator[Event]:
        """The events that this chunk completes.

        Raises:
            TimeoutError: the deadline has passed.
        """
        self.check()
        self.attempts.heard()
        for message in self._parser.feed(chunk):
            data = json.loads(message.data)
            run_id, at = data.pop("run_id", self.run_id or ""), data.pop("at", None)
            self.last_id, self.attempts.done = message.id, 0
            yield self.seen(Event(id=message.id, type=message.event, run_id=run_id, at=at, data=data))
        self.last_id = self._parser.last_id  # also of a message without data, which only says where the stream begins

    def seen(self, event: Event) -> Event:
        """The same event; the final one of a run ends its stream."""
        self.over = self.over or (self.run_id is not None and event.is_final)
        return event

    def ended_with(self, response: httpx.Response) -> bool:
        """Whether the service says that there is nothing left to tell."""
        self.over = self.over or response.status_code == 204  # No Content
        return self.over

    def again(self, outcome: httpx.Response | httpx.TransportError | None) -> float | None:
        """Seconds until the next connection, after a refusal, a failure, or the stream's end (None); None: give up.

        Raises:
            TimeoutError: the deadline has passed.
            ApiError: the service refuses the stream for good.
            ServiceUnreachable: something before it says that it is away.
        """
        self.check()
        wait = self.attempts.again(httpx.ReadError("the stream ended") if outcome is None else outcome)
        if wait is None and isinstance(outcome, httpx.Response):
            if outcome.status_code in AWAY:
                raise ServiceUnreachable(f"{outcome.url} answers with status {outcome.status_code} only")
            raise error_of(outcome)
        return wait if wait is None else min(max(wait, self._parser.retry or 0.0), max(0.0, self.left()))

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - self.attempts.retries.time.now()

    def check(self) -> None:
        """
        Raises:
            TimeoutError: the deadline has passed.
        """
        if self.left() <= 0:
            raise TimeoutError(f"run {self.run_id} has not ended in the time given")


def is_stream(response: httpx.Response) -> bool:
    """Whether the service streams; an older one answers with its list."""
    return bool(response.headers.get("Content-Type", "").startswith("text/event-stream"))
