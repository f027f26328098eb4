"""Inline answers: small requests are answered within the turn of the event loop in which their last byte has come.

That spares them an ASGI cycle with its task and its timers, which would cost more than the prediction itself.
"""

from collections.abc import Mapping
from typing import Any

from app.errors import DenselyError
from app.server.direct import INLINE_BODY_BYTES
from app.server.gate import COUNTED, DirectGate
from app.server.heads import RawHeaders
from app.server.pipelining import PipelinedConnection
from app.server.state import InlineRequest, KeepAlive

HOLD_SECONDS = 0.1  # for the rest of a small request; most come in one piece, or two
DRAIN_SECONDS = 0.05  # for the next request of a connection when the server is told to stop


class InlineConnection(PipelinedConnection):
    """Holds a small POST back until it is complete, and submits it to the direct handler of its path.

    Whatever is not answered so, because it is large, slow, wrong or unusual, goes on as if it had never been held.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gates: Mapping[bytes, DirectGate] = getattr(self.app, "direct_gates", {})
        self._inline: InlineRequest = self._state.inline
        self._keep_alive = KeepAlive()
        self._ok = _Ok()

    def connection_made(self, transport: Any) -> None:
        """A client has connected; also one who comes late is answered, once."""
        self._state.stopping = getattr(self.app, "draining", False)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._inline.end()
        if self._keep_alive.timer:
            self._keep_alive.timer.cancel()
        super().connection_lost(exc)

    def drain(self) -> None:
        """Say with the next answer that it is the last.

        Where one has begun without saying so, the connection goes on: its client would send the next request while it
        is being closed.
        """
        self._state.stopping = True
        if self.is_responding and (self.is_queueing or not self.has_begun_response):
            self.close_after_cycle()

    def shutdown(self) -> None:
        """Every request that has begun is answered, and so is one that is on its way; that ends the connection."""
        self._state.stopping = True
        self._inline.flush()
        if self._inline.handler:
            return
        if self._is_free():
            self.loop.call_later(DRAIN_SECONDS, self._close_if_free)
        else:
            self.close_after_cycle()

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        inline = self._inline
        if inline.handler:
            self._overhead.body_seen = True
            inline.body += body
            if len(inline.body) > INLINE_BODY_BYTES:
                self._begin_held()
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer it, if it is held and can be."""
        inline = self._inline
        if not inline.handler:
            super().on_message_complete()
            return
        self._end_request()
        inline.complete = True
        if not inline.handler.submit(inline.body, self._reply, inline.tasks):
            self._reply(None)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Nothing more will come."""
        if self._inline.complete:
            self._inline.close = True
        return super().eof_received()

    def begin_cycle(self) -> None:
        """Its response is the last when the server stops."""
        super().begin_cycle()
        if self._state.stopping:
            self.close_after_cycle()

    def _begin(self) -> None:
        """Hold it, or begin its cycle."""
        gate, inline = self._gates.get(self.url), self._inline
        holds = (
            gate
            and self.parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not inline.handler
            and not self.is_responding
            and not self.write_paused
            and self.parser.get_method() == b"POST"
        )
        if gate and holds and gate.admit(self.headers, self.address(self.headers), inline):
            inline.handler = gate.handler
            inline.close = not self.parser.should_keep_alive()
        else:
            super()._begin()

    def _count_overhead(self, size: int) -> None:
        """The request is not complete: it is not held for long."""
        super()._count_overhead(size)
        inline = self._inline
        if inline.handler and not inline.complete and not inline.hold:
            inline.hold = self.loop.call_later(HOLD_SECONDS, self._stop_holding)

    def _reject(self, error: DenselyError) -> None:
        """Whatever is held is what is rejected."""
        if not self._inline.complete:
            self._inline.end()
        super()._reject(error)

    def _stop_holding(self) -> None:
        """The rest of its body is late."""
        if not self._inline.complete:  # else its answer is due in this turn
            self._begin_held()

    def _begin_held(self) -> None:
        """On to a cycle, with as much of its body as has come."""
        body = self._inline.body
        self._inline.end()
        self.begin_cycle()
        self.cycle_scope[COUNTED] = self._inline.counted
        if self._inline.close:  # which the parser does not know any more, where the request is complete
            self.close_after_cycle()
        self._overhead.body_seen = True
        self.feed_cycle(body)

    def _reply(self, answer: bytes | None) -> None:
        inline = self._inline
        if not inline.handler or self.transport.is_closing():  # the client has gone away
            return
        if answer is None:
            self._begin_held()
            self.end_feed()
            return
        inline.end()
        self.count_response()
        last = inline.close or self._state.stopping
        ending = b"\r\nconnection: close" if last else b""
        self.transport.write_whole(
            b"%s%d\r\n%s%s\r\n\r\n%s"
            % (self._ok.head(self.default_headers), len(answer), inline.fields, ending, answer)
        )
        if last:
            self.transport.close()
            return
        keep_alive = self._keep_alive
        keep_alive.since, keep_alive.requests = self.loop.time(), self._state.requests
        if self._input.data:
            self._resume_parsing()
        if not keep_alive.timer:
            keep_alive.timer = self.loop.call_later(self.keep_alive_timeout, self._close_if_idle)

    def _close_if_idle(self) -> None:
        keep_alive = self._keep_alive
        keep_alive.timer = None
        if self._state.requests != keep_alive.requests or self._input.data:
            return  # the end of that request sets a timer of its own
        left = keep_alive.since + self.keep_alive_timeout - self.loop.time()
        if left > 0:
            keep_alive.timer = self.loop.call_later(left, self._close_if_idle)
        else:
            self._close_if_free()

    def _close_if_free(self) -> None:
        if self._is_free() and not self.transport.is_closing():
            self.transport.close()


class _Ok:
    """What the heads of all inline answers have in common, up to their length."""

    def __init__(self) -> None:
        self._defaults: RawHeaders = []
        self._head = b""

    def head(self, defaults: RawHeaders) -> bytes:
        """The head's beginning, with these headers: the server makes a new list every second, for the date."""
        if defaults is not self._defaults:
            self._defaults = defaults
            lines = b"".join(b"%s: %s\r\n" % header for header in defaults)
            self._head = b"HTTP/1.1 200 OK\r\n%scontent-type: application/json\r\ncontent-length: " % lines
        return self._head
