"""How a process stops that others stand beside: whoever asks it is answered, and told to ask the others next."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse
from structlog.testing import capture_logs

from app.server.accepting import let_nobody_new_in
from tests.integration.edge.conftest import Start
from tests.integration.edge.test_ends import POINT, TRAIN
from tests.support.server import LiveServer
from tests.support.wire import answers, connect, exchange, received, request

ASKED = {
    "inline": (request("POST", "/predict", POINT), 200),
    "in a cycle": (request("POST", "/predict?usual", POINT), 200),
    "a read": (request("GET", "/tasks"), 200),
}
LONG = 60.0  # seconds; the tests end it


@pytest.fixture
def draining(start: Start) -> Iterator[LiveServer]:
    """A server that drains for long when it is told to stop."""
    server = start(drain_seconds=LONG)
    yield server
    server.close()


def one_answer(connection: socket.socket, asked: bytes) -> bytes:
    """All bytes of it; the connection may stay open."""
    connection.sendall(asked)
    stream = b""
    while b"\r\n\r\n" not in stream or not _is_whole(stream):
        part = connection.recv(65_536)
        assert part
        stream += part
    return stream


def _is_whole(stream: bytes) -> bool:
    try:
        return bool(answers(stream))
    except (AssertionError, ValueError):
        return False


@pytest.mark.parametrize("kind", ASKED)
def test_each_answer_is_the_last_of_its_connection_and_says_so(draining: LiveServer, kind: str) -> None:
    """Also on a connection that was idle before; who connects anew is answered as well."""
    asked, status = ASKED[kind]
    with connect(draining.url) as kept, connect(draining.url) as unused:
        before = answers(one_answer(kept, asked))[0]
        draining.drain()
        found = []
        for connection in (kept, unused):
            connection.sendall(asked)
            found += answers(received(connection))
    found += exchange(draining.url, [asked])

    assert (status, None) == (before.status, before.headers.get("connection"))
    assert [(status, "close")] * 3 == [(each.status, each.headers.get("connection")) for each in found]


def test_the_log_tells_when_it_begins_and_ends(start: Start) -> None:
    server = start(drain_seconds=0.05)
    with capture_logs() as lines:
        server.drain()
        server.join()

    told = [(line["event"], line.get("seconds")) for line in lines if line["event"].startswith("drain.")]
    assert [("drain.began", 0.05), ("drain.ended", None)] == told


def test_it_says_that_it_is_not_ready_and_is_alive(draining: LiveServer) -> None:
    assert 200 == httpx.get(f"{draining.url}/health/ready").status_code
    draining.drain()
    ready = httpx.get(f"{draining.url}/health/ready")

    assert (503, "this process is being stopped: ask another one") == (ready.status_code, ready.json()["detail"])
    assert 503 == httpx.get(f"{draining.url}/health/ready?database=false").status_code
    assert 200 == httpx.get(f"{draining.url}/health/live").status_code


def test_an_answer_that_has_begun_leaves_its_connection_open(draining: LiveServer) -> None:
    """It has not said that it is the last: its client would send the next request while the connection is closed."""
    size = 100_000  # bytes
    with connect(draining.url) as connection:
        held = threading.Event()
        draining.app.api.add_api_route("/held", lambda: _pieces(size, held))
        connection.sendall(request("GET", "/held"))
        assert connection.recv(16).startswith(b"HTTP/1.1 200")
        draining.drain()
        held.set()
        _skip_body(connection, size)

        assert "close" == answers(one_answer(connection, ASKED["inline"][0]))[0].headers["connection"]
        assert b"" == connection.recv(1)


def _pieces(size: int, held: threading.Event) -> StreamingResponse:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 1_000
        assert held.wait(10)
        yield b"x" * (size - 1_000)

    return StreamingResponse(pieces(), headers={"Content-Length": str(size)})


def _skip_body(connection: socket.socket, size: int) -> None:
    stream = b""
    while b"\r\n\r\n" not in stream:
        stream += connection.recv(65_536)
    left = size - len(stream.split(b"\r\n\r\n", 1)[1])
    while left:
        left -= len(connection.recv(min(left, 2**20)))


def test_streams_go_on_while_it_drains_and_end_then(draining: LiveServer) -> None:
    """They say from the beginning that no other request can follow."""
    with connect(draining.url) as connection:
        connection.sendall(request("GET", "/events?last_event_id=0", Accept="text/event-stream"))
        head = connection.recv(65_536)
        draining.drain()
        httpx.post(f"{draining.url}/train", content=TRAIN, headers={"Content-Type": "application/json"})
        while b"event: status" not in head:
            head += connection.recv(65_536)
        draining.close()
        stream = head + received(connection)

    assert "close" == answers(stream)[0].headers["connection"]


def test_nobody_who_was_let_in_is_reset_when_it_stops_listening() -> None:
    """Connections that the system makes while the listening socket is closed would be, with what they have sent."""
    with _listening() as (listening, servers), socket.socket() as late:
        early = [socket.create_connection(listening.getsockname()) for _ in range(4)]
        let_nobody_new_in(servers)
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.connect(listening.getsockname())
        for each in early:
            accepted, _ = listening.accept()
            each.sendall(b"asked")
            assert b"asked" == accepted.recv(16)
            accepted.close()
            each.close()


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, list[Any]]]:
    """A socket that listens, and the server that asyncio would have for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening, [SimpleNamespace(sockets=[listening])]
