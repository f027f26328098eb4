"""Small predictions are answered without an ASGI cycle; a client cannot tell, whatever it sends and in what pieces."""

import asyncio
import json
import random
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.server.application import Application
from app.server.direct import INLINE_BODY_BYTES
from app.server.gate import DirectGate
from app.server.inline import InlineConnection
from app.server.serving import configured
from app.server.turns import AT_A_TIME
from app.settings import Settings
from tests.integration.test_predict import flat, near
from tests.support.gates import open_gate

HEAD = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Request-ID: {}\r\n"

Answer = tuple[int, str, Any]  # status, request id, body


def message(number: int, body: Any, head: str = HEAD, *, extra: str = "") -> bytes:
    """A whole request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"{head.format(f'n-{number}')}{extra}Content-Length: {len(content)}\r\n\r\n".encode() + content


def talk(client: httpx.Client, *pieces: bytes) -> list[Answer]:
    """What one connection answers to these pieces, each a write of its own."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        # The end of the conversation: an answer after which the server closes the connection.
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        received = b""
        while part := connection.recv(65_536):
            received += part
    *answers, last = parsed(received)
    assert 200 == last[0]
    return answers


def parsed(received: bytes) -> list[Answer]:
    """The answers in a stream of bytes."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        length = int(headers["content-length"])
        assert headers["date"]
        body, received = rest[:length], rest[length:]
        assert length == len(body)
        found.append((int(lines[0].split()[1]), headers["x-request-id"], json.loads(body)))
    return found


@pytest.fixture
def given(client: httpx.Client, examples: dict[str, dict[str, Any]]) -> list[tuple[Any, int, Any]]:
    """Bodies with the status and the body of their answers, one request at a time."""
    bodies: list[Any] = [
        *examples.values(),
        {"task": "sentiment", "text": "?!"},
        {"task": "sentiment", "text": "fine " * INLINE_BODY_BYTES},
        {"task": "sentiment", "text": "fine", "explain": True},
        {"task": "sentiment", "text": "fine", "model": 99},
        {"task": "sentiment", "instances": [{"text": "fine"}]},
        {"task": "nothing"},
        b"{",
        b"",
    ]
    return [(body, *talk(client, message(1, body))[0][::2]) for body in bodies]


def same(expected: Any, found: Any) -> bool:
    """Equal answers; problems have the id of their own request."""
    return bool(near({**expected, "request_id": 0}) == flat({**found, "request_id": 0}))


def test_each_has_the_answer_that_it_has_elsewhere(client: httpx.Client, given: list[tuple[Any, int, Any]]) -> None:
    """With a query, however small, the request is not one to answer in place."""
    for body, status, expected in given:
        there = talk(client, message(1, body, HEAD.replace("/predict", "/predict?")))
        assert there[0][0] == status
        assert same(expected, there[0][2])
    assert {200, 400, 404, 422} == {status for _, status, _ in given}


def test_what_is_small_and_right_is_answered_in_place_and_nothing_else_is(
    client: httpx.Client, given: list[tuple[Any, int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = DirectGate.__call__
    paths = []

    async def seen(self: DirectGate, scope: Any, *rest: Any) -> None:
        paths.append(scope["path"])
        await usual(self, scope, *rest)

    monkeypatch.setattr(DirectGate, "__call__", seen)
    for body, status, _ in given:
        paths.clear()
        talk(client, message(1, body))
        small = isinstance(body, dict) and set(body) <= {"task", "text", "title", "pixels", "features", "point"}
        in_place = status == 200 and small and len(json.dumps(body)) < INLINE_BODY_BYTES
        assert ([] if in_place else ["/predict"]) == paths, body


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"localhost": "example.org"}, 421),
        ({"application/json": "text/plain"}, 415),
        ({"X-Request-ID": "Content-Length: 9999999999\r\nX-Request-ID"}, 413),
    ],
)
def test_what_the_head_alone_forbids_is_refused_without_the_body(
    client: httpx.Client, change: dict[str, str], status: int
) -> None:
    head = HEAD.format("n-1")
    for old, new in change.items():
        head = head.replace(old, new)
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20) as connection:
        connection.sendall((head + ("" if status == 413 else "Content-Length: 9\r\n") + "\r\n").encode())
        assert connection.recv(1_000).startswith(b"HTTP/1.1 %d " % status)


def test_without_its_key_nothing_is_answered_in_place(
    client: httpx.Client,
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    examples: dict[str, dict[str, Any]],
) -> None:
    guarded = client_for(settings.model_copy(update={"api_keys": ("a-key-of-the-tests",)}))
    body = examples["housing"]
    for given, status in (("", 401), ("X-API-Key: wrong\r\n", 401), ("X-API-Key: a-key-of-the-tests\r\n", 200)):
        with socket.create_connection((guarded.base_url.host, guarded.base_url.port or 80), timeout=20) as connection:
            connection.sendall(message(1, body, extra=given))
            assert connection.recv(1_000).startswith(b"HTTP/1.1 %d " % status)


def test_a_trailer_is_no_header(client: httpx.Client, examples: dict[str, dict[str, Any]]) -> None:
    """It comes after the body, when all has been checked."""
    body = json.dumps(examples["housing"]).encode()
    head = HEAD.format("n-1").replace("localhost", "example.org") + "Transfer-Encoding: chunked\r\n\r\n"
    chunks = b"%x\r\n%s\r\n0\r\nHost: localhost\r\nX-Request-ID: n-2\r\n\r\n" % (len(body), body)
    refused = head.encode() + chunks
    answered = head.replace("example.org", "localhost").encode() + chunks

    assert [(421, "n-1"), (200, "n-1")] == [each[:2] for each in talk(client, refused, answered)]


def test_one_that_sends_many_at_once_leaves_turns_to_others(
    client: httpx.Client, examples: dict[str, dict[str, Any]]
) -> None:
    """A few of all those requests are answered in a turn of the event loop, one of each connection before the next."""

    async def ask() -> None:
        waiting = Waiting()
        waiting.submit = lambda body, reply, _tasks=None: reply(body) or True  # type: ignore[method-assign]
        application = answered_by(waiting)
        several = [connected(Clockwork(), waiting, application) for _ in range(5)]
        for protocol, wire in several:
            protocol.data_received(b"".join(message(number, b"{}") for number in range(4)))
            assert wire.paused
            assert not wire.writes
        counts = []
        while sum(len(wire.writes) for _, wire in several) < 20:
            await asyncio.sleep(0)
            counts.append([len(wire.writes) for _, wire in several])
        assert [AT_A_TIME, 2 * AT_A_TIME, 20] == [sum(each) for each in counts]
        assert all(max(each) - min(each) <= 1 for each in counts)
        assert not any(wire.paused for _, wire in several)

    asyncio.run(ask())
    many = b"".join(message(number, examples["planar"]) for number in range(500))
    found = talk(client, many)
    assert [f"n-{number}" for number in range(500)] == [request_id for _, request_id, _ in found]


def test_a_client_that_sends_many_has_one_request_on_the_usual_way() -> None:
    """The others are not even parsed before it is answered, nor while the client does not read."""

    async def ask() -> None:
        clock, waiting = Clockwork(), Waiting()
        protocol, wire = connected(clock, waiting)
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
        for _ in range(3):
            await asyncio.sleep(0)
        assert 1 == clock.cycles
        assert not protocol.pipeline
        protocol.flow.resume_reading()
        assert wire.paused
        protocol.pause_writing()
        protocol.cycle.response_complete = True
        protocol.on_response_complete()
        await asyncio.sleep(0)
        assert 1 == clock.cycles
        protocol.resume_writing()
        await asyncio.sleep(0)
        assert 2 == clock.cycles

    asyncio.run(ask())


def test_of_a_client_that_never_reads_no_more_is_read(client: httpx.Client) -> None:
    """Its requests would fill the memory."""
    many = message(1, {"task": "nothing"}) * 100
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as connection:
        connection.settimeout(2)
        with suppress(TimeoutError):
            sent = 0
            while sent < 100 * 2**20:
                sent += connection.send(many)
        assert sent < 50 * 2**20
    assert 200 == client.get("/health/live").status_code


def test_many_in_one_write_are_answered_in_order(client: httpx.Client, given: list[tuple[Any, int, Any]]) -> None:
    order = random.Random(7).choices(given, k=60)
    found = talk(client, b"".join(message(number, body) for number, (body, _, _) in enumerate(order)))

    assert [f"n-{number}" for number in range(60)] == [request_id for _, request_id, _ in found]
    for (_, status, expected), (code, _, answer) in zip(order, found, strict=True):
        assert status == code
        assert same(expected, answer)


@pytest.mark.parametrize("size", [1, 7, 300])
def test_the_pieces_do_not_matter(client: httpx.Client, given: list[tuple[Any, int, Any]], size: int) -> None:
    short = [each for each in given if len(json.dumps(each[0], default=str)) < 3_000]
    whole = b"".join(message(number, body) for number, (body, _, _) in enumerate(short))
    found = talk(client, *(whole[at : at + size] for at in range(0, len(whole), size)))

    assert [status for _, status, _ in short] == [status for status, _, _ in found]
    assert [f"n-{number}" for number in range(len(short))] == [request_id for _, request_id, _ in found]


def test_unusual_requests_are_answered_too(client: httpx.Client, examples: dict[str, dict[str, Any]]) -> None:
    body = json.dumps(examples["housing"]).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\n\r\n"
    chunked = (HEAD.format("n-1") + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunks
    query = message(2, body, HEAD.replace("/predict", "/predict?a=b"))
    wrong_host = message(3, body, HEAD.replace("localhost", "example.org"))
    text = message(4, body, HEAD.replace("application/json", "text/plain"))
    get = b"GET /predict HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: n-5\r\n\r\n"
    found = talk(client, chunked, query, wrong_host, text, get, message(6, body))

    assert [(200, "n-1"), (200, "n-2"), (421, "n-3"), (415, "n-4"), (405, "n-5"), (200, "n-6")] == [
        (status, request_id) for status, request_id, _ in found
    ]
    assert found[0][2] == found[1][2] == found[5][2]


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(
    client: httpx.Client, examples: dict[str, dict[str, Any]]
) -> None:
    body = json.dumps(examples["housing"]).encode()
    head, _, _ = message(1, body, extra="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("version", "wanted"), [("1.0", "close"), ("1.0", "keep-alive"), ("1.1", "close"), ("1.1", "Close, TE")]
)
def test_who_wants_the_end_of_the_connection_gets_it(
    client: httpx.Client, examples: dict[str, dict[str, Any]], version: str, wanted: str
) -> None:
    """As proxies do that keep no connections."""
    head = HEAD.replace("HTTP/1.1", f"HTTP/{version}")
    old = message(1, examples["housing"], head, extra=f"Connection: {wanted}\r\n")
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20) as connection:
        connection.sendall(old)
        received = b""
        while part := connection.recv(10_000):
            received += part
    assert received.startswith(b"HTTP/1.1 200 ")
    assert re.search(rb"(?m)^connection: close\r$", received)


class Waiting:
    """Answers in place, when it is told to."""

    def __init__(self) -> None:
        self.replies: list[Any] = []

    async def answer(self, body: bytes, _tasks: object = None) -> bytes:
        """The same."""
        return body

    def submit(self, body: bytes, reply: Any, _tasks: object = None) -> bool:
        """Later."""
        self.replies.append((reply, body))
        return True

    def flush(self) -> None:
        """Now."""
        waiting, self.replies = self.replies, []
        for reply, body in waiting:
            reply(body)


class Wire(asyncio.Transport):
    """Keeps what was written, and knows whether it is closed."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.writes: list[bytes] = []
        self.closed = False
        self.paused = False

    def pause_reading(self) -> None:
        """Enough for now."""
        self.paused = True

    def resume_reading(self) -> None:
        """More."""
        self.paused = False

    def write(self, data: Any) -> None:
        """One system call."""
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        """Whether nobody listens any more."""
        return self.closed

    def close(self) -> None:
        """The end."""
        self.closed = True


def answered_by(waiting: Waiting) -> Application:
    """An application whose POST to /predict is answered by `waiting`, behind the gate of every service."""
    gate = open_gate(waiting, max_inflight=8, max_body=2**20)
    return Application(SimpleNamespace(), {"/predict": gate})  # type: ignore[arg-type]


def connected(loop: Any, waiting: Waiting, application: Application | None = None) -> tuple[InlineConnection, Wire]:
    """A connection whose POST to /predict is answered by `waiting`."""
    application = application or answered_by(waiting)
    state = SimpleNamespace(connections=set(), tasks=set(), default_headers=[(b"date", b"now")], total_requests=0)
    protocol = InlineConnection(configured(application, timeout_keep_alive=5), state, {}, _loop=loop)
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire


class Clockwork:
    """An event loop's clock and timers, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Any]] = []
        self.cycles = 0

    def time(self) -> float:
        """Seconds."""
        return self.now

    def call_later(self, delay: float, function: Any) -> Any:
        """Keep it."""
        timer = (self.now + delay, function)
        self.timers.append(timer)
        return SimpleNamespace(cancel=lambda: self.timers.remove(timer) if timer in self.timers else None)

    def create_task(self, cycle: Any) -> Any:
        """The usual way."""
        self.cycles += 1
        cycle.close()
        return asyncio.get_running_loop().create_future()

    def move_to(self, now: float) -> None:
        """Let time pass; what is due is called."""
        self.now = now
        for timer in [timer for timer in self.timers if timer[0] <= now]:
            self.timers.remove(timer)
            timer[1]()


def test_a_quiet_connection_ends_after_its_time_and_a_busy_one_does_not() -> None:
    async def ask() -> None:
        clock, waiting = Clockwork(), Waiting()
        protocol, wire = connected(clock, waiting)
        for second in (0, 3, 6):
            clock.move_to(second)
            protocol.data_received(message(1, b"{}"))
            waiting.flush()
            assert 1 == len(clock.timers), "one timer, not one for each answer"
        clock.move_to(10.9)
        assert not wire.closed
        protocol.data_received(message(1, b"{}")[:20])
        clock.move_to(11.1)
        assert not wire.closed, "it is in the middle of a request's head"
        protocol.data_received(message(1, b"{}")[20:])
        waiting.flush()
        clock.move_to(16)
        assert not wire.closed
        clock.move_to(16.2)
        assert wire.closed
        assert 4 == len(wire.writes)

    asyncio.run(ask())


def test_who_is_slow_with_a_small_body_goes_the_usual_way_where_there_are_limits() -> None:
    async def ask() -> None:
        clock, waiting = Clockwork(), Waiting()
        protocol, _ = connected(clock, waiting)
        whole = message(1, b'{"a": 1}')
        protocol.data_received(whole[:-4])
        clock.move_to(0.09)
        assert clock.cycles == 0
        protocol.data_received(whole[-4:-2])
        assert 1 == len(clock.timers)
        clock.move_to(0.11)
        assert 1 == clock.cycles
        assert b'{"a": ' == bytes(protocol.cycle.body)
        protocol.data_received(whole[-2:])
        assert b'{"a": 1}' == bytes(protocol.cycle.body)
        assert not protocol.cycle.more_body
        assert not waiting.replies

    asyncio.run(ask())


def test_a_request_that_is_complete_waits_for_its_answer_however_late_it_came() -> None:
    async def ask() -> None:
        clock, waiting = Clockwork(), Waiting()
        protocol, wire = connected(clock, waiting)
        whole = message(1, b"{}")
        protocol.data_received(whole[:-1])
        protocol.data_received(whole[-1:])
        clock.move_to(0.11)  # in the turn that will answer it
        assert not clock.cycles
        waiting.flush()
        assert 1 == len(wire.writes)

    asyncio.run(ask())


def test_a_stop_lets_every_request_have_its_answer_and_then_ends_the_connection() -> None:
    async def ask() -> None:
        clock, waiting = Clockwork(), Waiting()
        half, waits, busy, idle = (connected(clock, waiting) for _ in range(4))
        whole = message(1, b"{}")
        half[0].data_received(whole[:-1])
        waits[0].data_received(whole)
        for protocol, _ in (waits, half, busy, idle):
            protocol.shutdown()
        assert waits[1].writes, "it was complete"
        busy[0].data_received(whole)  # the next request of a busy client was on its way
        half[0].data_received(whole[-1:])
        waiting.flush()
        clock.move_to(0.06)
        for name, (_, wire) in {"half": half, "waits": waits, "busy": busy}.items():
            assert wire.closed, name
            assert [True] == [b"\r\nconnection: close\r\n" in write for write in wire.writes], name
        assert idle[1].closed
        assert not idle[1].writes

    asyncio.run(ask())


def test_nobody_writes_to_a_client_that_has_gone_or_does_not_read() -> None:
    async def ask() -> None:
        waiting = Waiting()
        protocol, wire = connected(Clockwork(), waiting)
        protocol.data_received(message(1, b"{}"))
        protocol.connection_lost(None)
        waiting.flush()
        assert not wire.writes

        protocol, wire = connected(Clockwork(), waiting)
        protocol.pause_writing()
        protocol.loop = asyncio.get_running_loop()
        protocol.data_received(message(1, b"{}"))
        assert not waiting.replies, "nothing is answered in place to a client that does not read"
        protocol.connection_lost(None)  # or its answer would wait for it

        protocol, wire = connected(Clockwork(), waiting)
        protocol.data_received(message(1, b'{"a": 1}') + message(2, b'{"a": 2}'))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [b'{"a": 1}'] == [body for _, body in waiting.replies]
        waiting.flush()
        await asyncio.sleep(0)
        assert [b'{"a": 1}'] == [write[-8:] for write in wire.writes], "before the second is looked at"
        assert [b'{"a": 2}'] == [body for _, body in waiting.replies]

    asyncio.run(ask())


@pytest.mark.parametrize("half_closed", [False, True])
def test_a_last_request_is_the_last_also_where_it_goes_the_usual_way_late(half_closed: bool) -> None:
    """The parser has forgotten `Connection: close` by then, and never knew that a client has closed its side."""

    async def ask() -> None:
        waiting = Waiting()
        protocol, _ = connected(Clockwork(), waiting)
        protocol.data_received(message(1, b"{}", extra="" if half_closed else "Connection: close\r\n"))
        if half_closed:
            assert protocol.eof_received()
        ((reply, _),) = waiting.replies
        reply(None)
        assert not protocol.cycle.keep_alive

    asyncio.run(ask())
