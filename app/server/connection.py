"""A connection's life: how long its client may stand still, how it is refused, and how it ends."""

import socket
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.errors import DenselyError, Overloaded, TooSlow
from app.logs import get as get_log
from app.server import error_handlers
from app.server.ids import request_id
from app.server.timeouts import LINGER_SECONDS, Limits, Stay
from app.server.transport import Joining

log = get_log()

IDLE, HEAD, BODY, OFFER = range(4)  # what comes next: a request, more of its head, more of its body, what was offered


class Connection(HttpToolsProtocol):
    """uvicorn's, which would wait for ever, and drops what a client asks that then closes its own side."""

    transport: Any  # a `Joining`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits: Limits = getattr(self.app, "limits", Limits())
        self._phase = IDLE
        self._requests = 0  # that have begun
        self._unread = b""  # has come, and is not parsed yet
        self._waits = False  # whether a complete request waits for its answer in place
        self._half_closed = False
        self._refused = False  # nothing more is read
        self._last_word: bytes | None = None  # an answer that waits for those before it
        self._stay, self._sent = Stay(), Stay()
        self._linger: Any = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(Joining(transport))  # type: ignore[arg-type]
        self.flow = _Flow(self)
        if len(self.connections) > self._limits.connections:
            self._refuse(Overloaded("too many connections are open; try again in a moment"))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._unread, self._refused = b"", True
        if self._linger:
            self._linger.cancel()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Nothing more will come; what has come is answered (RFC 9112, 9.6), and that ends the connection."""
        self._half_closed = True
        if self._refused or self._phase == BODY or self._is_free():
            return None
        if self.cycle and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            self.cycle.message_event.set()  # who waits for the client to go away may see to it whether it has
        return True

    def timeout_keep_alive_handler(self) -> None:
        """No further request came; one that came, and waits until the client has read, is still to be answered."""
        if not self._unread:
            super().timeout_keep_alive_handler()

    def look(self, now: float) -> None:
        """See whether the client gets on; `now` is the event loop's time."""
        waiting = self.transport.get_write_buffer_size()
        if waiting and self._sent.seconds(self.transport.written - waiting, now) > self._limits.body_seconds:
            self.transport.abort()  # it reads nothing
        if not waiting:
            self._sent.forget()
        if self._refused or self.transport.is_closing():
            return
        if self._half_closed and self._has_gone():
            self.transport.abort()
        elif self._unread or self.flow.read_paused or (self._phase != BODY and not self._is_free()):
            self._stay.forget()  # it waits for us
        else:
            self._time(self._stay.seconds((self._requests, self._phase), now))

    def on_response_complete(self) -> None:
        """Let the last word follow, if it waits for this."""
        super().on_response_complete()
        if self._last_word and self._is_free():
            self._say(self._last_word)

    def _is_free(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _time(self, seconds: float) -> None:
        if self._phase == BODY:
            if seconds > self._limits.body_seconds:
                limit = f"{self._limits.body_seconds:g} s"
                self._refuse(TooSlow(f"the body did not arrive within {limit}", field="body"))
        elif seconds > self._limits.head_seconds:
            if self._phase == HEAD:
                self._refuse(TooSlow(f"the request's head did not arrive within {self._limits.head_seconds:g} s"))
            else:
                self.transport.close()

    def _has_gone(self) -> bool:
        """Whether the client has closed its whole side: it takes nothing any more."""
        connection = self.transport.get_extra_info("socket")
        return bool(connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _refuse(self, error: DenselyError) -> None:
        """Answer the request that is coming in with this, after those before it, and read nothing more."""
        if self._refused:
            return
        self._refused, self._unread = True, b""
        if self.transport.is_closing():
            return
        self.flow.pause_reading()
        found = request_id(dict(self.headers or ()))
        if error.__cause__ and type(error) is DenselyError:  # a mistake of ours
            log.error("request.failed", request_id=found.decode(), exc_info=error.__cause__)
        if self._phase == BODY and self.cycle and not self.cycle.response_complete:
            self._refuse_cycle(error)
            return
        answer = self._worded(error_handlers.problem_of(error, found.decode()), found)
        if self._phase == BODY and self._is_free():  # it has been answered already
            self._say(b"")
        elif self._is_free():
            self._say(answer)
        else:
            self._last_word = answer

    def _refuse_cycle(self, error: DenselyError) -> None:
        """One whose body is not complete."""
        known: str = self.cycle.scope.get("request_id", "")  # type: ignore[assignment]
        found = known.encode() or request_id(dict(self.cycle.scope["headers"]))
        problem = error_handlers.problem_of(error, found.decode())
        self.cycle.keep_alive = False
        if self.pipeline:  # others come first
            problem.headers["x-request-id"] = found.decode()
            self.pipeline[0] = (self.cycle, problem)  # type: ignore[assignment]
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._say(b"" if self.cycle.response_started else self._worded(problem, found))

    def _worded(self, problem: Response, found: bytes) -> bytes:
        headers = [*self.server_state.default_headers, *problem.raw_headers, (b"x-request-id", found)]
        headers = [header for header in headers if header[0] != b"connection"] + [(b"connection", b"close")]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return STATUS_LINE[problem.status_code] + lines + b"\r\n" + bytes(problem.body)

    def _say(self, last_word: bytes) -> None:
        """Close, but not at once: what the client still sends would cut off what it is about to read."""
        self._last_word = None
        if self.transport.is_closing():
            return
        if last_word:
            self.transport.write_whole(last_word)
            self.transport.write_eof()
            self._linger = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()


class _Flow(FlowControl):
    """Reads nothing more from a client whose requests are still waiting: uvicorn's would, for as much as is sent."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.transport)
        self._connection = connection

    def resume_reading(self) -> None:
        """Unless requests wait."""
        if not (self._connection.pipeline or self._connection._unread or self._connection._refused):  # noqa: SLF001
            super().resume_reading()
