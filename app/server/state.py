"""The state of a connection, as data: what the parser is in the middle of, how the connection ends, what waits.

```
          head begins           head complete           body complete
   IDLE ───────────────▶ HEAD ─────────────────▶ BODY ─────────────────▶ IDLE
                          └──── the head offers an upgrade ──▶ UPGRADE ──▶ HEAD, read once more without the offer
```
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum

from app.server import heads
from app.server.admission import KnownHead
from app.server.direct import DirectHandler

MAX_PIECE = 16_384  # bytes of buffered input that the parser gets at once
SMALL_PIECE = 1_024  # the same of a body whose chunks are small: each costs a callback


class Phase(Enum):
    """What the parser expects next."""

    IDLE = "a request"
    HEAD = "more of a request's head"
    BODY = "more of its body, or its trailer"
    UPGRADE = "the protocol that the head offers to change to"


@dataclass(slots=True)
class InlineRequest:
    """The request that is to be answered inline, from the end of its head to its answer; a connection has one at most.

    One object serves for all of a connection's: to make one takes longer than all else that is done to it.
    """

    handler: DirectHandler | None = None  # None: there is no such request
    known: KnownHead | None = None  # the last head that was admitted on this connection
    fields: bytes = b""  # lines of its answer's head, without the last line break
    counted: bytes = b""  # which of them rate limits have added, each with a break before it
    tasks: Collection[str] | None = None  # that may be asked for; None: all
    close: bool = False  # whether the connection ends with its answer
    body: bytes = b""  # as much as has come
    complete: bool = False  # it is all there, and waits for its answer
    hold: asyncio.TimerHandle | None = None  # when the rest of its body is not waited for any longer

    def end(self) -> None:
        """It is answered, or goes another way."""
        self.handler, self.body, self.complete = None, b"", False
        if self.hold:
            self.hold.cancel()
            self.hold = None

    def flush(self) -> None:
        """Have it answered at once, if it waits for the end of the turn."""
        if self.handler and self.complete:
            self.handler.flush()


@dataclass(slots=True)
class ConnectionState:
    """Where a connection stands; the last three may come together, in any order."""

    inline: InlineRequest = field(default_factory=InlineRequest)
    phase: Phase = Phase.IDLE
    requests: int = 0  # that have begun
    chunked: bool = False  # nobody knows the length of the present body
    parts: int = 0  # of bodies, that have come
    drained: int = 0  # bytes of the present body that came after its answer
    half_closed: bool = False  # the client has closed its side, and may still read
    rejected: bool = False  # nothing more is read
    stopping: bool = False  # the server is: answers are the connection's last


@dataclass(slots=True)
class KeepAlive:
    """The idle timeout after inline answers: one timer for many, where uvicorn's own costs a new one for each."""

    timer: asyncio.TimerHandle | None = None
    since: float = 0.0  # the event loop's time of the last answer
    requests: int = 0  # that had begun by then


@dataclass(slots=True)
class InputBuffer:
    """What has come and the parser has not had yet."""

    data: bytes = b""  # empty, or at least one byte of it is unread
    offset: int = 0  # how much of `data` the parser has had
    body_left: int = 0  # unread bytes of the present body, as far as its head tells
    most: int = MAX_PIECE  # bytes of the next piece

    def append(self, data: bytes) -> None:
        """More."""
        self.data = self.data[self.offset :] + data
        self.offset = 0

    def clear(self) -> None:
        """Forget it all."""
        self.data, self.offset = b"", 0

    def take(self, *, in_body: bool) -> bytes:
        """Up to the end of the next head, or of the present body: what is more would be more than one request.

        Of a body in chunks nobody knows the end: such a piece may hold the rest of it and one head more.
        """
        start, most = self.offset, self.offset + self.most
        if self.body_left and in_body:
            end = min(start + self.body_left, most, len(self.data))
            self.body_left -= end - start
        else:
            found = self.data.find(heads.END, start, most)
            end = found + len(heads.END) if found >= 0 else min(most, len(self.data))
        piece, self.offset = self.data[start:end], end
        if end == len(self.data):
            self.clear()
        return piece


@dataclass(slots=True)
class OverheadCounter:
    """Bytes that come without an end and are no body: of a head, of a trailer, between chunks."""

    position: tuple[int, Phase] | None = None  # where it counts: the request and its phase
    size: int = 0  # bytes there, beyond the read in which it was reached
    head_is_split: bool = False  # the present head came in several reads
    body_seen: bool = False  # some of a body has come since the last count

    def add(self, position: tuple[int, Phase], size: int) -> int:
        """Count a read that ended within a request; the bytes at its position so far."""
        if position != self.position or self.body_seen:
            self.position, self.size, self.body_seen = position, 0, False
        else:
            self.size += size
        self.head_is_split = position[1] is Phase.HEAD
        return self.size
