"""uvicorn's protocol, which answers small requests in place: without an ASGI cycle, its task and its timers."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from app.errors import DenselyError
from app.server.connection import IDLE
from app.server.heads import RawHeaders, check_size
from app.server.intake import Intake

IN_PLACE_BYTES = 16_384  # of a body, at most
HOLD_SECONDS = 0.1  # for the rest of a small request; most come in one piece, or two
KEEP_ALIVE_SECONDS = 0.05  # for the next request of a connection when the server is told to stop


class InPlace(Protocol):
    """What answers a request without a task of its own."""

    def admit(self, headers: RawHeaders) -> bytes | None:
        """The id of a POST with these headers; None if it is to be refused, or cannot be answered in place."""

    def at_once(self, body: bytes, reply: Callable[[bytes | None], None]) -> bool:
        """Call `reply` with the answer's body, now or at the end of the event loop's turn.

        Without a body: it is to go the usual way after all. False: the same, and `reply` is never called.
        """

    def finish(self) -> None:
        """Call all replies that wait for the end of the turn."""


class DirectProtocol(Intake):
    """Holds a small POST back until it is complete, and offers it to whoever answers its path in place.

    Whatever is not answered so, because it is large, slow, wrong or unusual, goes on as if it had never been held.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all_in_place: Mapping[bytes, InPlace] = getattr(self.app, "in_place", {})
        self._in_place: InPlace | None = None  # who answers the request that is held or waits for its answer
        self._request_id = b""
        self._held = b""
        self._last = False  # whether its answer is the connection's last
        self._answered = 0  # how many requests had begun when the last was answered in place
        self._stopping = False
        self._late: asyncio.TimerHandle | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._quiet_since = 0.0
        self._defaults: RawHeaders = []
        self._head = b""  # of an answer, with the headers that are the same for all

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._in_place = None
        for timer in (self._late, self._quiet):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Every request that has begun is answered, and so is one that is on its way; that ends the connection."""
        self._stopping = True
        self._finish()
        if self._in_place:
            return
        if self._is_free():
            self.loop.call_later(KEEP_ALIVE_SECONDS, self._end_if_free)
        else:
            super().shutdown()

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        if self._in_place:
            self._in_body = True
            self._held += body
            if len(self._held) > IN_PLACE_BYTES:
                self._release()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer it, if it is held and can be."""
        if not self._in_place:
            super().on_message_complete()
            return
        if self.headers:
            check_size(b"", self.headers)  # of the trailer
        self._phase = IDLE
        self._waits = True
        if not self._in_place.at_once(self._held, self._reply):
            self._reply(None)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Nothing more will come."""
        if self._waits:
            self._last = True
        return super().eof_received()

    def _begin(self) -> None:
        """Hold it, or begin its cycle."""
        in_place = self._all_in_place.get(self.url)
        holds = (
            in_place
            and self.parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not self._in_place
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.get_method() == b"POST"
        )
        request_id = in_place.admit(self.headers) if in_place and holds else None
        if request_id:
            self._in_place, self._request_id, self._held = in_place, request_id, b""
            self._last = not self.parser.should_keep_alive()
        else:
            super()._begin()

    def _measure(self, size: int) -> None:
        """The request is not complete: it is not held for long."""
        super()._measure(size)
        if self._in_place and not self._waits and not self._late:
            self._late = self.loop.call_later(HOLD_SECONDS, self._hold_no_longer)

    def _is_free(self) -> bool:
        return not self._in_place and (self.cycle is None or self.cycle.response_complete)

    def _begin_cycle(self) -> None:
        super()._begin_cycle()
        if self._stopping and self.cycle:
            self.cycle.keep_alive = False

    def _refuse(self, error: DenselyError) -> None:
        """Whatever is held is what is refused."""
        if self._in_place and not self._waits:
            self._held, self._in_place = b"", None
            self._forget_late()
        super()._refuse(error)

    def _hold_no_longer(self) -> None:
        self._late = None
        if not self._waits:  # it is complete, and its answer is due in this turn
            self._release()

    def _release(self) -> None:
        """On to the usual way."""
        held, self._held, self._in_place, self._waits = self._held, b"", None, False
        self._forget_late()
        self._begin_cycle()
        if self._last:  # which the parser does not know any more, where the request is complete
            self.cycle.keep_alive = False
        super().on_body(held)

    def _forget_late(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None

    def _finish(self) -> None:
        if self._waits and self._in_place:
            self._in_place.finish()

    def _reply(self, answer: bytes | None) -> None:
        if not self._in_place or self.transport.is_closing():  # the client has gone away
            return
        if answer is None:
            self._release()
            super().on_message_complete()
            return
        self._held, self._in_place, self._waits = b"", None, False
        self._answered = self._requests
        self._forget_late()
        self.server_state.total_requests += 1
        last = self._last or self._stopping
        ending = b"\r\nconnection: close" if last else b""
        self.transport.write_whole(
            b"%s%d\r\nx-request-id: %s%s\r\n\r\n%s"
            % (self._common_head(), len(answer), self._request_id, ending, answer)
        )
        if last:
            self.transport.close()
            return
        self._quiet_since = self.loop.time()
        if self._unread:
            self._go_on()
        if not self._quiet:
            self._quiet = self.loop.call_later(self.timeout_keep_alive, self._end_if_quiet)

    def _common_head(self) -> bytes:
        if self._defaults is not self.server_state.default_headers:  # made anew every second, for the date
            self._defaults = self.server_state.default_headers
            lines = b"".join(b"%s: %s\r\n" % header for header in self._defaults)
            self._head = b"HTTP/1.1 200 OK\r\n%scontent-type: application/json\r\ncontent-length: " % lines
        return self._head

    def _end_if_quiet(self) -> None:
        """One timer for many answers: uvicorn's own costs a new one for each."""
        self._quiet = None
        if self._requests != self._answered or self._unread:  # the end of that request sets a timer of its own
            return
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._quiet = self.loop.call_later(left, self._end_if_quiet)
        else:
            self._end_if_free()

    def _end_if_free(self) -> None:
        if self._is_free() and not self.transport.is_closing():
            self.transport.close()
