"""Many requests at once: an answer is one write, and overload is refused."""

import asyncio
import json
import socket
import time
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.errors import InvalidInput
from app.main import create_app
from app.server.batcher import Batcher
from app.server.transport import CoalescingTransport
from app.settings import Settings
from tests.integration.test_predict import flat, near
from tests.support.gates import open_gate
from tests.support.server import LiveServer


class Recorder(asyncio.Transport):
    """Keeps what was written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        """One system call."""
        self.writes.append(bytes(data))

    def close(self) -> None:
        """The end."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether that has come."""
        return self.closed


def test_head_and_body_are_one_write_and_a_head_alone_does_not_wait() -> None:
    async def talk() -> list[bytes]:
        transport = Recorder()
        coalescing = CoalescingTransport(transport)
        coalescing.write(b"HTTP/1.1 200 OK\r\n\r\n")
        coalescing.write(b"body")
        coalescing.write(b"more")
        coalescing.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await asyncio.sleep(0)
        coalescing.write(b"HTTP/1.1 200 OK\r\n\r\n")
        coalescing.close()
        await asyncio.sleep(0)
        assert transport.closed
        coalescing.write(b"HTTP/1.1 200 OK\r\n\r\n")
        coalescing.write(b"to nobody")
        return transport.writes

    ok = b"HTTP/1.1 200 OK\r\n\r\n"
    assert [ok + b"body", b"more", b"HTTP/1.1 204 No Content\r\n\r\n", ok] == asyncio.run(talk())


def test_more_than_may_be_under_way_are_refused_before_they_are_read(
    client: httpx.Client, settings: Settings, examples: dict[str, dict[str, Any]]
) -> None:
    """Two clients that never finish their large bodies take the two places."""
    server = LiveServer(create_app(settings.model_copy(update={"max_inflight": 2})))
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(2)]
    head = (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n"
    )
    head += b" " * 20_000
    try:
        assert 200 == server.client.post("/predict", json=examples["housing"]).status_code
        for connection in slow:
            connection.sendall(head)
        answer = _until(503, server.client, examples["housing"])

        assert "application/problem+json" == answer.headers["content-type"]
        assert "urn:densely:problem:overloaded" == answer.json()["type"]
        assert int(answer.headers["retry-after"]) > 0
        assert 200 == server.client.get("/health/live").status_code, "only predictions are limited"
        slow[0].close()
        assert 200 == _until(200, server.client, examples["housing"]).status_code
    finally:
        for connection in slow:
            connection.close()
        server.close()


def test_a_body_that_does_not_come_is_not_waited_for(client: httpx.Client, settings: Settings) -> None:
    server = LiveServer(create_app(settings.model_copy(update={"max_body_seconds": 0.2})))
    host, port = server.url.removeprefix("http://").split(":")
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    try:
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head + b"Content-Length: 99999\r\n\r\n" + b" " * 20_000)
            received = b""
            while part := connection.recv(10_000):
                received += part
        assert received.startswith(b"HTTP/1.1 408 ")
        assert b"urn:densely:problem:too-slow" in received
        assert b"0.2 s" in received
        assert 200 == server.client.get("/health/live").status_code
    finally:
        server.close()


def _until(status: int, client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    """The first answer of this status: the server learns of connections in its own time."""
    deadline = time.monotonic() + 10
    while (answer := client.post("/predict", json=body)).status_code != status:
        assert time.monotonic() < deadline, answer.text
    return answer


def test_what_a_request_took_is_given_back_however_it_ends() -> None:
    """Bad input, our own mistake, a client that goes away."""
    ends: list[Any] = [InvalidInput("no"), RuntimeError("ours"), None]
    statuses = []

    class Endpoint:
        """Answers by its list of ends."""

        async def answer(self, _: bytes, _tasks: object = None) -> bytes:
            """One of them."""
            if end := ends.pop(0):
                raise end
            return b"{}"

        def submit(self, *_: Any) -> bool:
            """Never."""
            return False

        def flush(self) -> None:
            """Nothing waits."""

    async def whole() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    async def ask() -> None:
        gate = open_gate(Endpoint(), max_inflight=1, max_body=100)
        for receive in (whole, gone, whole, whole):
            headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
            await gate({"type": "http", "method": "POST", "path": "/predict", "headers": headers}, receive, send)

    asyncio.run(ask())
    assert [422, 500, 200] == [status for status in statuses if status]


def test_a_small_body_that_is_not_there_yet_takes_no_place() -> None:
    class Endpoint:
        """Echoes."""

        async def answer(self, body: bytes, _tasks: object = None) -> bytes:
            """The same."""
            return body

        def submit(self, *_: Any) -> bool:
            """Never."""
            return False

        def flush(self) -> None:
            """Nothing waits."""

    async def ask(length: bytes) -> int:
        gate = open_gate(Endpoint(), max_inflight=1, max_body=10**6)
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", length)]
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
        statuses = []

        async def never() -> Any:
            await asyncio.Event().wait()

        async def whole() -> dict[str, Any]:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Any) -> None:
            statuses.append(message.get("status"))

        waiting = asyncio.ensure_future(gate(dict(scope), never, send))
        await asyncio.sleep(0)
        await gate(dict(scope), whole, send)
        waiting.cancel()
        return int(statuses[0])

    assert (200, 503) == (asyncio.run(ask(b"99")), asyncio.run(ask(b"99999")))


def test_requests_of_one_turn_are_answered_together_and_each_has_its_own_answer() -> None:
    """Of two tasks, with different options, and one that cannot be answered."""
    seen: list[list[str]] = []
    found: dict[Any, bytes | None] = {}

    def answer(form: Any) -> bytes:
        if form.text == "bad":
            raise InvalidInput("bad")
        return f"{form.task} {form.text} {form.top_k}".encode()

    def alike(forms: Any) -> list[bytes]:
        seen.append([form.text for form in forms])
        return [answer(form) for form in forms]

    def form(task: str, text: str, top_k: int = 5, least: float | None = None) -> Any:
        return SimpleNamespace(task=task, text=text, top_k=top_k, min_confidence=least, max_novelty=None)

    forms = [
        form("a", "1"),
        form("b", "2"),
        form("a", "3"),
        form("b", "bad"),
        form("a", "4", 2),
        form("a", "5", 2, 0.5),
    ]

    async def ask() -> None:
        batcher = Batcher(answer, alike)
        for turn, asked in (("alone", [form("a", "0")]), ("crowd", [form("a", "0")] * 3), ("mixed", forms)):
            for number, each in enumerate(asked):
                batcher.submit(each, partial(found.__setitem__, (turn, number)))
            assert (turn == "mixed") == ((turn, 0) not in found), "the first of a turn waits only after a crowd"
            await asyncio.sleep(0)
        batcher.submit(form("a", "9"), partial(found.__setitem__, "last"))
        batcher.flush()

    asyncio.run(ask())

    assert b"a 0 5" == found["alone", 0]
    assert [b"a 1 5", b"b 2 5", b"a 3 5", None, b"a 4 2", b"a 5 2"] == [found["mixed", number] for number in range(6)]
    assert b"a 9 5" == found["last"]
    assert [["0", "0"], ["1", "3"], ["2", "bad"]] == seen


def test_one_after_the_other_nobody_waits_for_a_turn() -> None:
    batcher = Batcher(lambda form: str(form.text).encode(), lambda _: pytest.fail("nothing to answer together"))

    async def ask() -> list[bytes | None]:
        found: list[bytes | None] = []
        for number in range(5):
            batcher.submit(
                SimpleNamespace(task="a", text=number, top_k=5, min_confidence=None, max_novelty=None), found.append
            )
            assert number + 1 == len(found)
            await asyncio.sleep(0)
        return found

    assert [b"0", b"1", b"2", b"3", b"4"] == asyncio.run(ask())


def test_many_clients_at_once_get_what_each_would_get_alone(
    client: httpx.Client, examples: dict[str, dict[str, Any]]
) -> None:
    bodies = [{**body, "top_k": top_k} for body in examples.values() for top_k in (1, 3)] * 8
    bodies += [{"task": "sentiment", "text": "?!"}, {"task": "sentiment"}] * 4
    alone = {json.dumps(body): client.post("/predict", json=body) for body in bodies}

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=30) as several:
            return await asyncio.gather(*(several.post("/predict", json=body) for body in bodies))

    for body, answer in zip(bodies, asyncio.run(ask()), strict=True):
        expected = alone[json.dumps(body)]
        assert expected.status_code == answer.status_code
        if expected.status_code == 200:
            assert near(expected.json()) == flat(answer.json())
        else:
            assert expected.json()["errors"] == answer.json()["errors"]
