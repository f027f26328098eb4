"""uvicorn's protocol with limits: what comes in is counted, and has its turn, before the parser sees it.

uvicorn's own reads heads, URLs, trailers and chunk extensions without end, takes what follows an offer to upgrade for a
request of its own, and parses all that a client has sent before it answers any of it.
"""

from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from app.errors import DenselyError, MalformedRequest
from app.server import heads
from app.server.connection import BODY, HEAD, IDLE, OFFER, Connection
from app.server.turns import Turns
from app.server.unframed import unframe

HEAD_END = b"\r\n\r\n"
MOST_AT_ONCE = 65_536  # bytes that the parser gets without a look at what it made of them
PIECE = 16_384  # of more than that
PIECES = 64  # in a turn, at most


class Intake(Connection):
    """A connection's bytes on their way to the parser, and the requests that come of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_line = False
        self._turns: Turns = getattr(self.app, "turns", None) or Turns()
        self._at = 0  # how much of what is unread the parser has
        self._left = 0  # bytes of the present body, where that is known and more than it is unread
        self._spread = False  # whether the present head came in several reads
        self._in_body = False  # whether any of a body has come since the last count
        self._counted: Any = None  # where the count stands
        self._count = 0  # bytes there, beyond the read in which it was reached

    def data_received(self, data: bytes) -> None:
        """Bytes from the client: parsed at once, unless they hold more than one request."""
        several = -1 < data.find(HEAD_END) < data.rfind(b"\r") - 2  # something follows the end of a head
        if several or self._unread or (len(data) > MOST_AT_ONCE and self._phase != BODY):
            self._keep(data)
        else:
            self._parse(data)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._go_on()

    def take_turn(self) -> None:
        """Parse until a request is complete."""
        for _ in range(PIECES):
            if self._refused or self.transport.is_closing():
                self._unread = b""
                return
            if not self._may_parse():
                return  # an answer, or a client that reads, brings this connection back
            phase, requests = self._phase, self._requests
            self._parse(self._next_piece())
            if not self._unread:
                self._read_on()
                return
            if self._phase == IDLE or (phase != IDLE and self._requests != requests):
                break
        self._go_on()

    # The parser's callbacks

    def on_message_begin(self) -> None:
        """A further request: none before it may wait any longer, since answers in place are one at a time."""
        if self._waits:
            self._finish()
        self._phase = HEAD
        self._requests += 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check the head, and begin to answer."""
        if self.parser.should_upgrade():
            self._phase = OFFER
            return
        if self._spread:
            self._spread = False
            heads.check_size(self.url, self.headers, heads.size_of(self.url, self.headers))
        self._begin()
        self._phase = BODY
        self._left = heads.length(self.headers) if self._unread else 0
        self.headers = []  # trailers, which come after the body, are no headers (RFC 9110, 6.5.1)

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        self._in_body = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        if self._phase != OFFER:
            if self.headers:
                heads.check_size(b"", self.headers)
            self._phase = IDLE
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The next, if there is one."""
        super().on_response_complete()
        self._go_on()

    # What is done with them

    def _finish(self) -> None:
        """Answer what waits for the end of the turn, at once."""

    def _begin(self) -> None:
        heads.check(self.parser.get_http_version(), self.url, self.headers)
        self.url = heads.rooted(self.url)
        self._begin_cycle()

    def _begin_cycle(self) -> None:
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            unframe(self.cycle)

    def _keep(self, data: bytes) -> None:
        self._unread = self._unread[self._at :] + data
        self._at = 0
        self.flow.pause_reading()
        self._go_on()

    def _go_on(self) -> None:
        if self._unread and self._may_parse():
            self._turns.join(self)

    def _may_parse(self) -> bool:
        """Whether what is unread belongs to the request that is being answered, or none is, and the client reads."""
        ours = self._is_free() or (self._phase == BODY and not self.pipeline)
        return ours and not self.flow.write_paused

    def _next_piece(self) -> bytes:
        """Up to the end of the next head, or of the present body: what is more would be more than one request.

        Of a body in chunks nobody knows the end: such a piece may hold the rest of it and one head more.
        """
        start, most = self._at, self._at + PIECE
        if self._left and self._phase == BODY:
            end = min(start + self._left, most, len(self._unread))
            self._left -= end - start
        else:
            found = self._unread.find(HEAD_END, start, most)
            end = found + len(HEAD_END) if found >= 0 else min(most, len(self._unread))
        piece, self._at = self._unread[start:end], end
        if end == len(self._unread):
            self._unread, self._at = b"", 0
        return piece

    def _read_on(self) -> None:
        """Unless much of a body waits for whoever reads it; of a request that was answered without, nobody does."""
        if self.cycle is None or self.cycle.response_complete or len(self.cycle.body) <= HIGH_WATER_LIMIT:
            self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
            if self._phase:
                self._measure(len(data))
        except httptools.HttpParserUpgrade as offer:
            self._parse_without_offer(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(_reason(error))
        except DenselyError as error:
            self._refuse(error)

    def _parse_without_offer(self, rest: bytes) -> None:
        """The parser believes that another protocol follows: a new one is told of the request, without the offer."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(MalformedRequest("this is no proxy: there is no CONNECT here"))
            return
        head = heads.without_offer(method, self.parser.get_http_version(), self.url, self.headers)
        self.parser = httptools.HttpRequestParser(self)  # the other one may have been told of the connection's end
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(head)
        if rest and not self._refused:
            self._parse(rest)

    def _measure(self, size: int) -> None:
        """Count what comes without an end, bodies excepted: those who read them count them."""
        place = (self._requests, self._phase)
        if place != self._counted or self._in_body:
            self._counted, self._count, self._in_body = place, 0, False
        else:
            self._count += size
        self._spread = self._phase == HEAD
        heads.check_size(self.url if self._spread else b"", self.headers, self._count)


def _reason(error: httptools.HttpParserError) -> DenselyError:
    """Why the parser stopped: by itself, or since one of the callbacks above raised."""
    cause = error.__context__
    if isinstance(cause, DenselyError):
        return cause
    if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(cause, httptools.HttpParserError):
        failed = DenselyError()
        failed.__cause__ = cause
        return failed
    return MalformedRequest(f"this is not well-formed HTTP: {cause or error}")
