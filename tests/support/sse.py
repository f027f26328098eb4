"""Server-Sent Events as a client reads them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class Received:
    """An event, and when it came."""

    id: int
    type: str
    data: dict[str, Any]
    at: float  # seconds since 1970


def received(answer: httpx.Response) -> Iterator[Received]:
    """The events of an open stream; blocks without data are no events."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line:
            if "data" in fields:
                yield Received(int(fields["id"]), fields["event"], json.loads(fields["data"]), time.time())
            fields = {}


@contextmanager
def following(client: httpx.Client, path: str, last: int | None = None) -> Iterator[Iterator[Received]]:
    """An open stream."""
    headers = STREAM | ({} if last is None else {"Last-Event-ID": str(last)})
    with client.stream("GET", path, headers=headers) as answer:
        assert 200 == answer.status_code, answer.read()
        yield received(answer)


def told(client: httpx.Client, path: str, last: int | None = None) -> list[tuple[int, str, dict[str, Any]]]:
    """All that a stream tells until it ends; of a run only its id and status."""
    found = []
    with following(client, path, last) as events:
        for event in events:
            data = event.data
            if "run" in data:
                data = data | {"run": (data["run"]["id"], data["run"]["status"])}
            found.append((event.id, event.type, data))
    return found
