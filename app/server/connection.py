"""A connection's life: how long its client may stand still, how it is rejected, and how it ends."""

import asyncio
import socket
from typing import Any

from starlette.responses import Response

from app.errors import DenselyError, Overloaded, TooSlow
from app.logs import get as get_log
from app.proxies import Proxies
from app.server import error_handlers, prefix, uploads
from app.server.cors import ORIGIN, Cors
from app.server.heads import RawHeaders
from app.server.ids import request_id
from app.server.problems import Problem
from app.server.security import Headers
from app.server.state import ConnectionState, InputBuffer, Phase
from app.server.timeouts import LINGER_SECONDS, ConnectionLimits, StallTimer
from app.server.traffic import Traffic
from app.server.uvicorn_adapter import HttpProtocol, status_line

log = get_log()


class Connection(HttpProtocol):
    """uvicorn's would wait for ever, and drops what a client asks that then closes its own side."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cors: Cors | None = getattr(self.app, "cors", None)
        self._traffic: Traffic | None = getattr(self.app, "traffic", None)
        self._limits: ConnectionLimits = getattr(self.app, "limits", ConnectionLimits())
        self._proxies: Proxies | None = None  # where the connection is one of theirs
        self._state = ConnectionState()
        self._input = InputBuffer()
        self._final_response: bytes | None = None  # one that waits for those before it
        self._read_timer, self._write_timer, self._body_timer = StallTimer(), StallTimer(), StallTimer()
        self._linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        proxies: Proxies | None = getattr(self.app, "proxies", None)
        if proxies and proxies.trust(self.address(())):
            self._proxies = proxies
        if len(self.open_connections) > self._limits.max_connections and not self._take_the_place_of_another():
            self._reject(Overloaded("too many connections are open; try again in a moment"))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._input.clear()
        self._state.rejected = True
        if self._linger:
            self._linger.cancel()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Nothing more will come; what has come is answered (RFC 9112, 9.6), and that ends the connection."""
        self._state.half_closed = True
        if self._state.rejected or self._state.phase is Phase.BODY or self._is_free():
            return None
        if self.is_responding:
            self.close_after_cycle()
            self.wake_cycle()  # who waits for the client to go away may see to it whether it has
            if self._is_upload():  # nobody should read a large file for a client who has gone
                self.probe_client()
        return True

    def address(self, headers: RawHeaders | tuple[()]) -> str:
        """The client's, in a request with these headers: the connection's, or what a trusted proxy says."""
        peer = self.client[0] if self.client else ""
        return self._proxies.client(peer, headers) if self._proxies else peer

    def begin_cycle(self) -> None:
        """The application is told the client's address."""
        super().begin_cycle()
        if self._proxies:
            self.cycle_scope["client"] = (self.address(self.head_fields), 0)

    def holds_input(self) -> bool:
        """Whether some has not been parsed."""
        return bool(self._input.data)

    def may_read(self) -> bool:
        """No more than is being answered, and nothing after a rejection."""
        return not (self._input.data or self._state.rejected)

    def check_timeouts(self, now: float) -> None:
        """See whether the client gets on; `now` is the event loop's time."""
        waiting = self.transport.get_write_buffer_size()
        if waiting and self._write_timer.elapsed(self.transport.written - waiting, now) > self._limits.body_timeout:
            self.transport.abort()  # it reads nothing
        if not waiting:
            self._write_timer.reset()
        if self._state.rejected or self.transport.is_closing():
            return
        phase = self._state.phase
        self._check_whole_upload(phase, now)
        if self._state.half_closed and self._has_gone():
            self.transport.abort()
        elif self._input.data or self.read_paused or (phase is not Phase.BODY and not self._is_free()):
            self._read_timer.reset()  # it waits for us
        else:
            self._check_read_timeout(self._read_timer.elapsed((self._state.requests, phase, self._moved(phase)), now))

    def response_completed(self) -> None:
        """Let the final response follow, if it waits for this."""
        if self._final_response and self._is_free():
            self._close_with(self._final_response)

    def _take_the_place_of_another(self) -> bool:
        """Close the connection that has been kept alive the longest without being used, if there is any."""
        idle = [each for each in self.open_connections if isinstance(each, Connection) and each.is_kept_alive()]
        if idle:
            min(idle, key=lambda each: each.idle_since).transport.close()
        return bool(idle)

    def is_kept_alive(self) -> bool:
        """Whether all that it has asked for is answered, and the answers are on their way."""
        state = self._state
        quiet = state.phase is Phase.IDLE and self._is_free() and not self._input.data and not state.rejected
        waiting = self.transport.is_closing() or self.transport.get_write_buffer_size()
        return bool(state.requests and quiet and not waiting)

    @property
    def idle_since(self) -> float:
        """The event loop's time since which it has been seen as it is; of one that has not been seen yet, now."""
        return self._read_timer.since or self.loop.time()

    def _moved(self, phase: Phase) -> int:
        """How far an upload has come, in pieces that are small for one who sends it, and not for one who trickles."""
        is_moving = phase is Phase.BODY and self.is_responding and self._is_upload()
        return self.fed // uploads.PIECE if is_moving else 0

    def _check_whole_upload(self, phase: Phase, now: float) -> None:
        """End an upload that has moved all the time, and never fast: of the largest one that would take days."""
        if not (phase is Phase.BODY and self.is_responding and self._is_upload()):
            self._body_timer.reset()
            return
        seconds = self._body_timer.elapsed(self._state.requests, now)
        if seconds > self._limits.body_timeout + self.fed / uploads.LEAST_SPEED:
            limit = f"{uploads.LEAST_SPEED // 1024} KiB/s after the first {self._limits.body_timeout:g} s"
            self._reject(TooSlow(f"the body came more slowly than {limit}", field="body"))

    def _is_upload(self) -> bool:
        scope = self.cycle_scope
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        path: str = prefix.without(scope, getattr(self.app, "root", ""))["path"]
        return uploads.is_upload(scope["method"], path, kind)

    def _is_free(self) -> bool:
        """Whether no request waits for its answer."""
        return not self._state.inline.handler and not self.is_responding

    def _check_read_timeout(self, seconds: float) -> None:
        """End a client that has stood still for so long, if that is too long."""
        if self._state.phase is Phase.BODY:
            if seconds > self._limits.body_timeout:
                limit = f"{self._limits.body_timeout:g} s"
                self._reject(TooSlow(f"the body did not arrive within {limit}", field="body"))
        elif self._state.phase is not Phase.HEAD:
            # The timer of a connection that is kept alive ends with the first byte, also with an empty line.
            if seconds > (self.keep_alive_timeout if self._state.requests else self._limits.head_timeout):
                self.transport.close()
        elif seconds > self._limits.head_timeout:
            self._reject(TooSlow(f"the request's head did not arrive within {self._limits.head_timeout:g} s"))

    def _has_gone(self) -> bool:
        """Whether the client has closed its whole side: it takes nothing any more."""
        connection = self.transport.get_extra_info("socket")
        return bool(connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _reject(self, error: DenselyError) -> None:
        """Answer the request that is coming in with this, after those before it, and read nothing more."""
        if self._state.rejected:
            return
        self._state.rejected = True
        self._input.clear()
        if self.transport.is_closing():
            return
        self.pause_reading()
        headers = dict(self.head_fields)
        found = request_id(headers)
        if error.__cause__ and type(error) is DenselyError:  # a mistake of ours
            log.error("request.failed", request_id=found.decode(), exc_info=error.__cause__)
        in_body = self._state.phase is Phase.BODY
        if in_body and self.is_responding:
            self._reject_cycle(error)
            return
        answer = self._serialize(self._problem(error, found, headers))
        if in_body and self._is_free():  # it has been answered already
            self._close_with(b"")
        elif self._is_free():
            self._close_with(answer)
        else:
            self._final_response = answer

    def _reject_cycle(self, error: DenselyError) -> None:
        """One whose body is not complete."""
        known: str = self.cycle_scope.get("request_id", "")
        headers = dict(self.cycle_scope["headers"])
        problem = self._problem(error, known.encode() or request_id(headers), headers)
        self.close_after_cycle()
        if self.is_queueing:
            self.divert_cycle(problem)
        else:
            begun = self.abandon_cycle()
            self._close_with(b"" if begun else self._serialize(problem))

    def _problem(self, error: DenselyError, found: bytes, headers: Headers) -> Problem:
        """The answer to a request with these headers; `found` is its id."""
        problem = error_handlers.problem_of(error, found.decode())
        if self._traffic:
            self._traffic.count("", "", problem.status_code, 0.0, problem=problem.kind)
        fields = self._cors.fields(headers.get(ORIGIN, b"")) if self._cors else ()
        problem.raw_headers.extend([(b"x-request-id", found), *fields])
        return problem

    def _serialize(self, problem: Response) -> bytes:
        """A whole response, after which the connection ends."""
        headers = [*self.default_headers, *problem.raw_headers]
        headers = [header for header in headers if header[0] != b"connection"] + [(b"connection", b"close")]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return status_line(problem.status_code) + lines + b"\r\n" + bytes(problem.body)

    def _close_with(self, response: bytes) -> None:
        """Close, but not at once: what the client still sends would cut off what it is about to read."""
        self._final_response = None
        if self.transport.is_closing():
            return
        if response:
            self.transport.write_whole(response)
            self.transport.write_eof()
            self._linger = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()
