"""What has no end has a limit: heads, bodies, silence, answers that nobody takes, connections."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import structlog

from app.server import heads
from app.server.application import Application
from app.server.heads import MOST_BYTES, MOST_FIELDS, MOST_TARGET
from app.server.inline import InlineConnection
from app.server.serving import configured
from app.server.timeouts import ConnectionLimits
from tests.integration.edge.conftest import Start
from tests.support.wire import LAST, connect, exchange, received, request

OFFER = "Connection: Upgrade\r\nUpgrade: a\r\n"
MANY = 4 * 2**20  # bytes without an end
CHUNKED = (
    b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n"
)
ENDLESS = {
    "header": (431, b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a"),
    "header of spaces": (431, b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nX-A: ", b" "),
    "name of a header": (431, b"GET /tasks HTTP/1.1\r\nHost: localhost\r\n", b"a"),
    "headers": (431, b"GET /tasks HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n"),
    "URL": (414, b"GET /tasks?", b"a"),
    "URL to predict": (414, b"POST /predict/", b"a"),
    "method": (400, b"", b"A"),
    "trailer": (431, CHUNKED % b"predict" + b"0\r\nX-A: ", b"a"),
    "trailers": (431, CHUNKED % b"predict" + b"0\r\n", b"X-A: b\r\n"),
    "trailer elsewhere": (431, CHUNKED % b"train" + b"0\r\nX-A: ", b"a"),
    "chunk extension": (431, CHUNKED % b"predict" + b"2;a=", b"b"),
    "chunk extension elsewhere": (431, CHUNKED % b"train" + b"2;a=", b"b"),
    "header after an offer": (431, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: a\r\nX-A: ", b"a"),
    "empty lines": (431, b"", b"\r\n"),
    "empty lines after a request": (431, request("GET", "/tasks"), b"\r\n"),
    "header of a second request": (431, request("GET", "/tasks") + b"GET /tasks HTTP/1.1\r\nX-A: ", b"a"),
}  # fmt: skip


def counted(fields: int, *, value: int = 1, target: str = "/tasks") -> bytes:
    """A request with so many header fields, one of them of this length."""
    more = "".join(f"X-{number}: {'v' * (value if not number else 1)}\r\n" for number in range(fields - 1))
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()


def headed(start: str, more: str) -> bytes:
    """A head."""
    return f"{start} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}\r\n\r\n".encode()


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_refused_while_it_comes(url: str, name: str) -> None:
    """Long before all of it is there; the answer says the limit, and the connection ends."""
    status, start, more = ENDLESS[name]
    block = more * (65_536 // len(more))
    sent = 0
    with connect(url) as connection:
        connection.sendall(start)
        try:
            while sent < MANY:
                connection.sendall(block)
                sent += len(block)
        except ConnectionError:
            pass
        stream = received(connection)
    *_, last = _answers(stream)
    assert (status, "close") == (last.status, last.headers["connection"])
    assert status == last.json()["status"]
    assert status == 400 or "KiB" in last.text or "bytes" in last.text or "fields" in last.text


def _answers(stream: bytes) -> list[Any]:
    from tests.support.wire import answers

    return [SimpleNamespace(**vars(each), json=each.json, text=each.body.decode()) for each in answers(stream)]


@pytest.mark.parametrize("size", [1_000, 16_384, 10**6])
def test_the_limits_of_a_head_do_not_depend_on_its_pieces(url: str, size: int) -> None:
    fits = MOST_BYTES - len(counted(2, value=0)) - 64
    long = "/tasks?" + "a" * (MOST_TARGET - 7)
    cases = {
        counted(MOST_FIELDS): [200, 200],
        counted(MOST_FIELDS + 1): [431],
        counted(2, value=fits): [200, 200],
        counted(2, value=fits + 200): [431],
        counted(2, target=long): [200, 200],
        counted(2, target=f"{long}a"): [414],
    }
    for whole, expected in cases.items():
        stream = whole + LAST
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert expected == [each.status for each in exchange(url, pieces)], whole[:40]


def test_a_trailer_has_as_many_fields_as_a_head(url: str) -> None:
    for fields, expected in ((MOST_FIELDS, [422, 200]), (MOST_FIELDS + 1, [431])):
        trailer = b"".join(b"X-%d: a\r\n" % number for number in range(fields))
        stream = CHUNKED % b"train" + b"0\r\n" + trailer + b"\r\n" + LAST
        assert expected == [each.status for each in exchange(url, [stream])]


def test_a_body_may_be_long_and_in_small_chunks(url: str) -> None:
    head = CHUNKED.partition(b"2\r\n{}")[0] % b"predict"
    body = b'{"task": "planar", "point": [0.5, 0.5]}'
    stream = head + b"1;ext=1\r\n \r\n" * 30_000 + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) + LAST
    assert [200, 200] == [each.status for each in exchange(url, [stream])]


@pytest.mark.parametrize(
    ("begun", "drip", "status"),
    [
        (b"", b"", None),
        (b"", b"\r\n", None),
        (b"GET /ta", b"", 408),
        (b"GET /tasks HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a", 408),
        (headed("POST /train", "Content-Length: 999") + b"{", b" ", 408),
        (headed("POST /predict", "Content-Length: 999"), b"", 408),
        (headed("POST /tasks/planar/encode", "Transfer-Encoding: chunked"), b"1\r\n \r\n", 408),
        (headed("GET /tasks", "Content-Length: 999"), b" ", 200),
        (headed("PUT /tasks/planar/active-model", f"{OFFER}Content-Length: 99"), b" ", 408),
    ],
)  # fmt: skip
def test_who_does_not_get_on_is_let_go(impatient: str, begun: bytes, drip: bytes, status: int | None) -> None:
    """However little is missing, and however often a little of it comes."""
    with connect(impatient) as connection:
        connection.sendall(begun)
        connection.settimeout(0.05)
        deadline, stream, over = time.monotonic() + 10, b"", False
        while not over:
            assert time.monotonic() < deadline
            try:
                part = connection.recv(65_536)
                stream += part
                over = not part
            except TimeoutError:
                try:
                    connection.sendall(drip)
                except ConnectionError:
                    over = True
            except ConnectionError:
                over = True
    found = _answers(stream)
    assert ([status] if status else []) == [each.status for each in found]
    if status == 408:
        assert "0.4 s" in found[0].text
        assert "urn:densely:problem:too-slow" == found[0].json()["type"]
        assert found[0].headers["x-request-id"] == found[0].json()["request_id"]


def test_the_rest_of_a_body_that_was_refused_early_is_read_and_passed_over(url: str) -> None:
    """Also where it looks like several requests; what follows it is answered."""
    length, first = 2 * 2**20, b"x" * 200_000
    with connect(url) as connection:
        connection.sendall(headed("POST /train", f"Content-Length: {length}") + first)
        (refused,) = _answers(connection.recv(65_536))
        assert 413 == refused.status
        rest = (b"{}\r\n\r\n" * (length // 6))[: length - len(first)]
        for at in range(0, len(rest), 50_000):
            connection.sendall(rest[at : at + 50_000])
        connection.sendall(LAST)
        assert [200] == [each.status for each in _answers(received(connection))]


def test_of_too_many_connections_the_last_ones_are_refused_and_the_others_served(start: Start) -> None:
    url = start(max_connections=30).url
    with ExitStack() as stack:
        for _ in range(28):
            stack.enter_context(connect(url))
        time.sleep(0.05)
        assert 200 == httpx.get(f"{url}/health/live").status_code
        more = [stack.enter_context(connect(url)) for _ in range(6)]
        refused = [each for each in more if _readable(each)]
        assert len(refused) >= 4
        for each in refused:
            (answer,) = _answers(received(each))
            assert 503 == answer.status
            assert int(answer.headers["retry-after"])
            assert "connections" in answer.text
    assert 200 == _patiently(lambda: httpx.get(f"{url}/health/live").status_code)


def test_where_there_are_too_many_whoever_only_keeps_alive_makes_room() -> None:
    """The one that has been idle the longest goes; who has a request under way stays, and so does who has not asked."""

    async def ask() -> None:
        state = SimpleNamespace(connections=set(), tasks=set(), default_headers=[], total_requests=0)
        limits = ConnectionLimits(max_connections=4)
        (silent, young, old, busy) = opened = [connected(limits, state) for _ in range(4)]
        for now, (protocol, _) in enumerate((silent, old, young, busy)):
            protocol.check_timeouts(float(now))
        for protocol, _ in (young, old, busy):
            protocol._state.requests = 1
        busy[0].data_received(b"GET /tasks")
        old[0].check_timeouts(10.0)
        young[0].check_timeouts(11.0)

        _, wire = connected(limits, state)
        assert ["", "", "closed", ""] == [each.end for _, each in opened]
        connected(limits, state)
        assert ["", "closed", "closed", ""] == [each.end for _, each in opened]
        _, refused = connected(limits, state)
        assert ("", b"") == (wire.end, wire.sent)
        assert refused.sent.startswith(b"HTTP/1.1 503 ")
        assert ["", "closed", "closed", ""] == [each.end for _, each in opened]

    asyncio.run(ask())


def test_a_connection_that_was_answered_is_kept_longer_than_one_that_never_asked() -> None:
    """As long as is set, also where a line's end comes now and then, which is no request."""

    async def ask() -> None:
        protocol, wire = connected(ConnectionLimits(head_timeout=20), timeout_keep_alive=75)
        protocol._state.requests = 1
        for now in (0.0, 30.0, 60.0, 74.9):
            protocol.check_timeouts(now)
            protocol.data_received(b"\r\n")
        assert not wire.end
        protocol.check_timeouts(75.1)
        assert ("closed", b"") == (wire.end, wire.sent)

    asyncio.run(ask())


def _readable(connection: socket.socket) -> bool:
    connection.settimeout(0.5)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False
    finally:
        connection.settimeout(20)


def _patiently(call: Callable[[], int]) -> int:
    """What it says when it says 200, or after ten seconds."""
    deadline = time.monotonic() + 10
    while (found := call()) != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


class Wire(asyncio.Transport):
    """A client that takes what it is told to take."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.unsent = 0
        self.sent = b""
        self.end = ""

    def write(self, data: Any) -> None:
        """Keep it."""
        self.unsent += len(data)
        self.sent += bytes(data)

    def get_write_buffer_size(self) -> int:
        """Bytes that the client has not taken."""
        return self.unsent

    def is_closing(self) -> bool:
        """Whether it is at its end."""
        return bool(self.end)

    def close(self) -> None:
        """After what is left."""
        self.end = self.end or "closed"

    def abort(self) -> None:
        """At once."""
        self.end = "aborted"

    def write_eof(self) -> None:
        """Nothing follows."""

    def pause_reading(self) -> None:
        """Enough."""

    def resume_reading(self) -> None:
        """More."""


def connected(limits: ConnectionLimits, state: Any = None, **options: Any) -> tuple[InlineConnection, Wire]:
    """A connection without a server."""
    application = Application(SimpleNamespace(), {}, limits=limits)  # type: ignore[arg-type]
    state = state or SimpleNamespace(connections=set(), tasks=set(), default_headers=[], total_requests=0)
    protocol = InlineConnection(configured(application, **options), state, {}, _loop=asyncio.get_running_loop())
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire


@pytest.mark.parametrize("target", ["predict", "train"])
def test_a_body_in_small_chunks_comes_to_the_parser_in_small_pieces(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Each chunk costs as much as a large one: whoever sends many leaves turns to others."""

    async def ask() -> None:
        protocol, _ = connected(ConnectionLimits())
        monkeypatch.setattr(protocol, "begin_cycle", lambda: None)  # there is no application
        monkeypatch.setattr(protocol, "feed_cycle", lambda _: None)
        state = protocol._state
        protocol.data_received(CHUNKED % target.encode() + b"1\r\n \r\n" * 10_000)
        most, turns = state.parts, 0
        while state.parts < 10_001:
            before = state.parts
            await asyncio.sleep(0)
            turns += 1
            most = max(most, state.parts - before)
        assert most < 1_500
        assert turns > 5

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_an_answer_that_nobody_takes_is_not_kept_for_ever() -> None:
    async def ask() -> None:
        protocol, wire = connected(ConnectionLimits(head_timeout=1_000, body_timeout=60))
        protocol.transport.write(b"an answer")
        for now in (0.0, 50.0):
            protocol.check_timeouts(now)
        wire.unsent = 3  # it took some
        protocol.check_timeouts(59.0)
        protocol.transport.write(b"more")
        protocol.check_timeouts(61.0)
        protocol.check_timeouts(118.0)
        assert not wire.end
        wire.end = "closed"  # and waits for the client to take the rest
        protocol.check_timeouts(120.0)
        assert "aborted" == wire.end

    asyncio.run(ask())


def test_time_counts_from_where_a_client_stands_and_not_from_its_last_byte() -> None:
    async def ask() -> None:
        limits = ConnectionLimits(head_timeout=20, body_timeout=100)
        protocol, wire = connected(limits)
        protocol.check_timeouts(0.0)
        protocol.check_timeouts(19.0)
        protocol.data_received(b"GET /tasks?")
        protocol.check_timeouts(30.0)  # here it is seen in a head
        for now in (35.0, 40.0, 49.9):
            protocol.data_received(b"T")
            protocol.check_timeouts(now)
        assert not wire.sent
        protocol.check_timeouts(50.1)
        assert wire.sent.startswith(b"HTTP/1.1 408 ")

        protocol, wire = connected(limits)
        protocol.check_timeouts(0.0)
        protocol.check_timeouts(20.1)
        assert ("closed", b"") == (wire.end, wire.sent), "there is nothing to answer"

    asyncio.run(ask())


def test_a_client_that_reads_slowly_gets_all_answers_that_it_has_asked_for() -> None:
    """Being idle is no reason to part while requests wait for their client to read."""

    async def ask() -> None:
        protocol, wire = connected(ConnectionLimits())
        protocol.data_received(request("GET", "/tasks") * 3)
        protocol.pause_writing()
        protocol.timeout_keep_alive_handler()
        protocol._close_if_idle()
        assert not wire.end

        idle, wire = connected(ConnectionLimits())
        idle.timeout_keep_alive_handler()
        assert "closed" == wire.end

    asyncio.run(ask())


def test_a_mistake_of_ours_before_there_is_a_request_is_logged_with_the_id_that_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret is 42")

    async def ask() -> Wire:
        protocol, wire = connected(ConnectionLimits())
        protocol.data_received(request("GET", "/tasks", X_Request_ID="id-7"))
        return wire

    monkeypatch.setattr(heads, "check", fail)
    with structlog.testing.capture_logs() as lines:
        wire = asyncio.run(ask())
    (answer,) = _answers(wire.sent)
    assert (500, "id-7") == (answer.status, answer.headers["x-request-id"])
    assert "42" not in answer.text
    assert [("request.failed", "id-7")] == [(line["event"], line["request_id"]) for line in lines]
    assert "42" in str(lines[0]["exc_info"])
