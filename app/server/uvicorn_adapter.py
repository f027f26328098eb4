"""All that is used of uvicorn's connections, under names of our own.

No module but this one and `uvicorn_server` imports it or touches its insides.
uvicorn promises nothing about them, so its version is capped in pyproject.toml, and `tests/unit/server/test_uvicorn.py`
fails when they change: then this module is what to look at.
"""

import asyncio
from typing import Any

import httptools
from starlette.types import ASGIApp, Message, Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.server.heads import RawHeaders
from app.server.transport import CoalescingTransport


class HttpProtocol(HttpToolsProtocol):
    """One connection. Subclasses use what is declared and defined here, and the callbacks of asyncio and the parser.

    Requests that are not answered inline go to the application in a cycle: `begin_cycle`, `feed_cycle`, `end_feed`.
    """

    # Of the connection, and of the request that is being parsed: the names are uvicorn's, as properties would cost time
    app: Any
    loop: asyncio.AbstractEventLoop
    transport: Any  # a `CoalescingTransport`
    parser: Any  # an `httptools.HttpRequestParser`
    url: bytes
    headers: RawHeaders
    client: tuple[str, int] | None
    expect_100_continue: bool  # whether the client waits for leave to send its body

    fed = 0  # bytes of bodies that went to cycles

    head_fields: RawHeaders | tuple[()] = ()  # of the present request, also when `headers` takes its trailer

    # Hooks

    def check_timeouts(self, now: float) -> None:
        """Called twice a second; `now` is the event loop's time."""

    def response_completed(self) -> None:
        """Called after the last response of a cycle."""

    def holds_input(self) -> bool:
        """Whether input waits that has not been parsed: then the connection is not idle."""
        return False

    def may_read(self) -> bool:
        """Whether a response that is complete, or an application that takes a body, lets reading go on."""
        return True

    def shutdown(self) -> None:
        """The server stops: the response that is being given is the last."""
        super().shutdown()

    def drain(self) -> None:
        """The server stops soon: the next response is the last, also to what is asked on an idle connection."""

    # uvicorn's callbacks, which become hooks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(CoalescingTransport(transport))  # type: ignore[arg-type]
        self.flow = _FlowControl(self)

    def on_message_begin(self) -> None:
        """A request begins; its scope is made with its cycle only, since inline answers need none."""
        self.url, self.expect_100_continue = b"", False
        self.headers = self.head_fields = []

    def on_response_complete(self) -> None:
        """A cycle is at its end."""
        super().on_response_complete()
        self.response_completed()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came; one that came, and waits until the client has read, is still to be answered."""
        if not self.holds_input():
            super().timeout_keep_alive_handler()

    # The server

    @property
    def default_headers(self) -> RawHeaders:
        """Of every response: the date; a new list whenever it changes."""
        return self.server_state.default_headers

    @property
    def open_connections(self) -> set[Any]:
        """Of the server, with this one."""
        return self.connections

    @property
    def keep_alive_timeout(self) -> float:
        """Seconds that a connection may be idle between two requests."""
        return self.timeout_keep_alive

    def count_response(self) -> None:
        """One that was given without a cycle."""
        self.server_state.total_requests += 1

    # Reading and writing

    @property
    def read_paused(self) -> bool:
        """Whether nothing is read for now."""
        return self.flow.read_paused

    @property
    def write_paused(self) -> bool:
        """Whether the client takes nothing for now."""
        return self.flow.write_paused

    def pause_reading(self) -> None:
        """Read nothing for now."""
        self.flow.pause_reading()

    def resume_reading(self) -> None:
        """Read on, unless much of a body waits for the application; of what is answered already, it reads nothing."""
        if not self.is_responding or len(self.cycle.body) <= HIGH_WATER_LIMIT:
            self.flow.resume_reading()

    def feed_parser(self, data: bytes) -> None:
        """Parse, which calls the parser's callbacks.

        Raises:
            httptools.HttpParserError: it is not HTTP, or a callback has raised.
            httptools.HttpParserUpgrade: an upgrade is offered; its argument says where the other protocol begins.
        """
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self.parser.feed_data(data)

    def renew_parser(self) -> None:
        """One that knows nothing of this connection yet."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    # The request whose head is complete

    def begin_cycle(self) -> None:
        """Hand it to the application, at once or after those before it."""
        url, expect, further = self.url, self.expect_100_continue, self.headers
        super().on_message_begin()
        self.url, self.expect_100_continue, self.headers = url, expect, further
        self.scope["headers"] = self.head_fields
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            _delimit_by_close(self.cycle)

    def feed_cycle(self, body: bytes) -> None:
        """A part of its body."""
        self.fed += len(body)
        super().on_body(body)

    def end_feed(self) -> None:
        """Its body is complete."""
        super().on_message_complete()

    # The cycle begun last

    @property
    def is_responding(self) -> bool:
        """Whether its response is not complete, or has not begun."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def has_begun_response(self) -> bool:
        """Whether the head of its response is written."""
        return self.cycle.response_started

    @property
    def is_queueing(self) -> bool:
        """Whether it waits, since responses to requests before it are not complete."""
        return bool(self.pipeline)

    @property
    def cycle_scope(self) -> Scope:
        """Its ASGI scope."""
        return self.cycle.scope  # type: ignore[return-value]

    def close_after_cycle(self) -> None:
        """Its response is the connection's last."""
        self.cycle.keep_alive = False

    def wake_cycle(self) -> None:
        """Let an application that waits for the client to go away look whether it has."""
        self.cycle.message_event.set()

    def probe_client(self) -> None:
        """Write what means nothing before a response: who has gone altogether answers it with a reset."""
        if self.is_responding and not self.cycle.response_started and self.scope["http_version"] != "1.0":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def divert_cycle(self, application: ASGIApp) -> None:
        """While it is queueing: let another application answer it."""
        self.pipeline[0] = (self.cycle, application)  # type: ignore[assignment]

    def abandon_cycle(self) -> bool:
        """Tell its application that the client has gone; returns whether its response has begun."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        return self.cycle.response_started


class _FlowControl(FlowControl):
    """Reads nothing more from a client whose requests are still waiting: uvicorn's would, for as much as is sent."""

    def __init__(self, protocol: HttpProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Unless requests wait."""
        if not self._protocol.is_queueing and self._protocol.may_read():
            super().resume_reading()


def _delimit_by_close(cycle: RequestResponseCycle) -> None:
    """HTTP/1.0 knows no chunked encoding: where the length is not known, the connection's end is the response's.

    The cycle has not begun to respond.
    """
    usual: Any = cycle.send
    has_length = False

    async def send(message: Message) -> None:
        nonlocal has_length
        if message["type"] == "http.response.start":
            has_length = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            cycle.chunked_encoding = None if has_length else False
        elif not has_length and cycle.scope["method"] != "HEAD":
            cycle.expected_content_length = len(message.get("body", b""))
        await usual(message)

    cycle.send = send  # type: ignore[method-assign,assignment]


def status_line(status: int) -> bytes:
    """The first line of a response, with its end."""
    return STATUS_LINE[status]
