"""Pipelined input with limits: what comes in is counted, and has its turn, before the parser sees it.

uvicorn's own reads heads, URLs, trailers and chunk extensions without end, takes what follows an offer to upgrade for a
request of its own, and parses all that a client has sent before it answers any of it.
"""

from typing import Any

import httptools

from app.errors import DenselyError, MalformedRequest, TooLarge
from app.server import heads
from app.server.connection import Connection
from app.server.state import MAX_PIECE, SMALL_PIECE, OverheadCounter, Phase
from app.server.turns import Turns

MOST_AT_ONCE = 65_536  # bytes that the parser gets without a look at what it made of them
PIECES = 64  # of buffered input in a turn, at most
MOST_PARTS = 64  # of a body in a turn: chunks of a few bytes cost as much as large ones
MOST_DRAINED = 2**26  # bytes of a body that has been answered, which are read so that the client can read the answer

IDLE, HEAD, BODY, UPGRADE = Phase


class PipelinedConnection(Connection):
    """A connection's bytes on their way to the parser, and the requests that come of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_line = False
        self._turns: Turns = getattr(self.app, "turns", None) or Turns()
        self._overhead = OverheadCounter()
        self._is_coarse = False  # whether the last piece of a body held few parts

    def data_received(self, data: bytes) -> None:
        """Bytes from the client: parsed at once, unless they hold more than one request."""
        several = -1 < data.find(heads.END) < data.rfind(b"\r") - 2  # something follows the end of a head
        most = SMALL_PIECE if self._state.chunked else MOST_AT_ONCE
        large = len(data) > most and (self._state.chunked or self._state.phase is not BODY)
        if several or large or self._input.data:
            self._input.append(data)
            self.pause_reading()
            self._resume_parsing()
        else:
            self._parse(data)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._resume_parsing()

    def take_turn(self) -> None:
        """Parse until a request is complete."""
        state = self._state
        for _ in range(PIECES):
            if state.rejected or self.transport.is_closing():
                self._input.clear()
                return
            if not self._may_parse():
                return  # an answer, or a client that reads, brings this connection back
            phase, requests, parts = state.phase, state.requests, state.parts
            self._input.most = MAX_PIECE if phase is not BODY or self._is_coarse else SMALL_PIECE
            self._parse(self._input.take(in_body=phase is BODY))
            self._is_coarse = not state.chunked or 0 < state.parts - parts <= MOST_PARTS
            if not self._input.data:
                self.resume_reading()
                return
            if state.phase is IDLE or (phase is not IDLE and state.requests != requests) or not self._is_coarse:
                break
        self._resume_parsing()

    # The parser's callbacks

    def on_message_begin(self) -> None:
        """A further request: none before it may wait any longer, since inline answers are one at a time."""
        if self._state.inline.complete:
            self._state.inline.flush()
        self._state.phase = HEAD
        self._state.requests += 1
        self._state.chunked = self._is_coarse = False
        self._state.drained = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check the head, and begin to answer."""
        if self.parser.should_upgrade():
            self._state.phase = UPGRADE
            return
        if self._overhead.head_is_split:
            self._overhead.head_is_split = False
            heads.check_size(self.url, self.headers, heads.size_of(self.url, self.headers))
        self._begin()
        self._state.phase = BODY
        self._input.body_left = heads.length(self.headers) if self._input.data else 0
        self.headers = []  # trailers, which come after the body, are no headers (RFC 9110, 6.5.1)

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        self._overhead.body_seen = True
        self._state.parts += 1
        if not self.is_responding:
            self._state.drained += len(body)
            if self._state.drained > MOST_DRAINED:
                raise TooLarge("the body goes on and on, though it has been answered")
        self.feed_cycle(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        if self._state.phase is not UPGRADE:
            self._end_request()
            self.end_feed()

    def response_completed(self) -> None:
        """The next, if there is one."""
        super().response_completed()
        self._resume_parsing()

    # What is done with them

    def _begin(self) -> None:
        """Have the request answered, whose head is complete."""
        heads.check(self.parser.get_http_version(), self.url, self.headers)
        self.url = heads.rooted(self.url)
        self._state.chunked = heads.is_chunked(self.headers)
        self.begin_cycle()

    def _end_request(self) -> None:
        """Its body is complete, and so is its trailer, which `headers` holds by now."""
        if self.headers:
            heads.check_size(b"", self.headers)
        self._state.phase = IDLE

    def _resume_parsing(self) -> None:
        if self._input.data and self._may_parse():
            self._turns.join(self)

    def _may_parse(self) -> bool:
        """Whether what is unread belongs to the request that is being answered, or none is, and the client reads."""
        ours = self._is_free() or (self._state.phase is BODY and not self.is_queueing)
        return ours and not self.write_paused

    def _parse(self, data: bytes) -> None:
        requests, rest = self._state.requests, None
        try:
            self.feed_parser(data)
            if self._state.phase is not IDLE or self._state.requests == requests:  # or nothing but empty lines
                self._count_overhead(len(data))
        except httptools.HttpParserUpgrade as offer:
            rest = data[offer.args[0] :]
        except httptools.HttpParserError as error:
            self._reject(_reason(error))
        except DenselyError as error:
            self._reject(error)
        # Not while the offer is being handled: what is raised then has it for its context instead of its own cause.
        if rest is not None:
            self._parse_without_upgrade(rest)

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """The parser believes that another protocol follows: a new one is told of the request, without the offer."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._reject(MalformedRequest("this is no proxy: there is no CONNECT here"))
            return
        head = heads.without_upgrade(method, self.parser.get_http_version(), self.url, self.headers)
        self.renew_parser()  # the other one may have been told of the connection's end
        self._parse(head)
        if rest and not self._state.rejected:
            self._parse(rest)

    def _count_overhead(self, size: int) -> None:
        """Count what comes without an end, bodies excepted: those who read them count them."""
        phase = self._state.phase
        total = self._overhead.add((self._state.requests, phase), size)
        heads.check_size(self.url if phase is HEAD else b"", self.headers or [], total)  # none before the first request


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
