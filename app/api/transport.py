"""uvicorn's protocol with two savings: small requests are answered in place, and an answer is one system call."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RawHeaders = list[tuple[bytes, bytes]]  # lower-case names
HELD_BYTES = 16_384  # of a body, at most


class InPlace(Protocol):
    """What answers a request without a task of its own."""

    def at_once(self, headers: RawHeaders, body: bytes, reply: Callable[[bytes, bytes | None], None]) -> bool:
        """Call `reply` with the request's id and the answer's body, now or at the end of the event loop's turn.

        Without a body: it is to go the usual way after all. False: the same, and `reply` is never called.
        """

    def finish(self) -> None:
        """Call all replies that wait for the end of the turn."""


class Joining:
    """A transport that holds an answer's head until its body comes, or until the event loop's next turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._head = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Bytes for the client, in order."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def write_whole(self, answer: bytes) -> None:
        """A head with its body."""
        self._flush()
        self._transport.write(answer)

    def close(self) -> None:
        """After all that was written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class DirectProtocol(HttpToolsProtocol):
    """Holds a small POST back until it is complete, and offers it to whoever answers its path in place.

    That takes a third of the time of an ASGI cycle with its task. Whatever is not answered so, because it is large,
    wrong, unusual or one of several at once on its connection, goes on as if it had never been held.
    """

    transport: Any  # a `Joining`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all_in_place: Mapping[bytes, InPlace] = getattr(self.app, "in_place", {})
        self._in_place: InPlace | None = None  # who answers the request that is held or waits for its answer
        self._held = bytearray()
        self._waits = False  # whether a complete request waits for its answer
        self._quiet: asyncio.TimerHandle | None = None
        self._quiet_since = 0.0
        self._defaults: RawHeaders = []
        self._head = b""  # of an answer, with the headers that are the same for all

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(Joining(transport))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._in_place = None
        if self._quiet:
            self._quiet.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answers what is complete, then lets uvicorn end the connection."""
        self._finish()
        super().shutdown()

    def on_message_begin(self) -> None:
        """A further request: none before it may wait any longer, since all this is about one request at a time."""
        self._finish()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hold it, or begin its cycle."""
        self._in_place = self._all_in_place.get(self.url)
        if self._in_place and self._may_hold():
            self._held.clear()
        else:
            self._in_place = None
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        if self._in_place:
            self._held += body
            if len(self._held) > HELD_BYTES:
                self._release()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer it, if it is held and can be."""
        if not self._in_place:
            super().on_message_complete()
            return
        self._waits = True
        if not self._in_place.at_once(self.headers, bytes(self._held), self._reply):
            self._reply(b"", None)

    def _may_hold(self) -> bool:
        return (
            self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
        )

    def _release(self) -> None:
        """On to the usual way."""
        self._in_place = None
        super().on_headers_complete()
        super().on_body(bytes(self._held))

    def _finish(self) -> None:
        if self._waits and self._in_place:
            self._in_place.finish()

    def _reply(self, request_id: bytes, answer: bytes | None) -> None:
        if not self._in_place or self.transport.is_closing():  # the client has gone away
            return
        self._waits = False
        if answer is None:
            self._release()
            super().on_message_complete()
            return
        self._in_place = None
        self.server_state.total_requests += 1
        if self._defaults is not self.server_state.default_headers:  # made anew every second, for the date
            self._defaults = self.server_state.default_headers
            lines = b"".join(b"%s: %s\r\n" % header for header in self._defaults)
            self._head = b"HTTP/1.1 200 OK\r\n%scontent-type: application/json\r\ncontent-length: " % lines
        self.transport.write_whole(
            b"%s%d\r\nx-request-id: %s\r\n\r\n%s" % (self._head, len(answer), request_id, answer)
        )
        self._quiet_since = self.loop.time()
        if not self._quiet:
            self._quiet = self.loop.call_later(self.timeout_keep_alive, self._end_if_quiet)

    def _end_if_quiet(self) -> None:
        """One timer for many answers: uvicorn's own costs a new one for each."""
        self._quiet = None
        if self._in_place or not (self.cycle is None or self.cycle.response_complete) or self.timeout_keep_alive_task:
            self._quiet_since = self.loop.time()
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._quiet = self.loop.call_later(left, self._end_if_quiet)
        elif not self.transport.is_closing():
            self.transport.close()
