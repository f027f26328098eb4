"""Bodies that come compressed (RFC 9110, 8.4), unpacked piece by piece, so that every limit counts what they hold."""

import asyncio
import zlib
from collections.abc import Mapping

from starlette.types import Message, Receive

from app.errors import MalformedBody, UnsupportedEncoding

HEADER = b"content-encoding"
_GZIP, _ZLIB, _BARE = 31, 15, -15  # zlib's `wbits`
_FORMS = {b"gzip": _GZIP, b"x-gzip": _GZIP, b"deflate": _ZLIB}
PIECE = 65_536  # bytes of what was packed, at most: however small a body is, it takes no more memory at once


def check(headers: Mapping[bytes, bytes]) -> None:
    """
    Raises:
        UnsupportedEncoding: the body is packed in a way that is not known here.
    """
    name = _name(headers)
    if name not in _FORMS and name not in (b"", b"identity"):
        raise UnsupportedEncoding


def unpacked(headers: Mapping[bytes, bytes], receive: Receive) -> Receive:
    """A channel of the body as it was before it was packed.

    It raises:
        MalformedBody: the body is damaged, or not all there.
    """
    name = _name(headers)
    return _Unpacking(name.decode(), _FORMS[name], receive).receive if name in _FORMS else receive


def _name(headers: Mapping[bytes, bytes]) -> bytes:
    return headers.get(HEADER, b"").strip().lower()


class _Unpacking:
    """One body."""

    def __init__(self, name: str, wbits: int, receive: Receive) -> None:
        self._name = name
        self._wbits = wbits
        self._receive = receive
        self._inflater = zlib.decompressobj(wbits)
        self._packed = b""
        self._more = True  # is to come
        self._empty = True  # so far
        self._ended = False

    async def receive(self) -> Message:
        """The next piece, or whatever else has happened."""
        while not self._ended:
            piece = self._next_piece()
            if piece:
                await asyncio.sleep(0)  # a small body may hold a large one: others want their turn
                return {"type": "http.request", "body": piece, "more_body": True}
            if self._packed:  # the next member; there may be very many that hold nothing
                await asyncio.sleep(0)
                continue
            if not self._more:
                self._ended = True
                if not (self._empty or self._inflater.eof):
                    raise MalformedBody(f"the body ends before its {self._name} does")
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._packed, self._more = message.get("body", b""), message.get("more_body", False)
        return await self._receive()

    def _next_piece(self) -> bytes:
        """As much as there is of what has come."""
        if self._packed and (self._empty or self._inflater.eof):
            self._begin()
        try:
            piece = self._inflater.decompress(self._packed, PIECE)
        except zlib.error as error:
            raise MalformedBody(f"the body is no {self._name}") from error
        self._packed = self._inflater.unconsumed_tail or self._inflater.unused_data
        return piece

    def _begin(self) -> None:
        """The first member, or the next one: a gzip file may have several."""
        if not self._empty and self._wbits != _GZIP:
            raise MalformedBody(f"the body goes on after its {self._name} has ended")
        if self._wbits == _ZLIB and self._packed[0] & 15 != zlib.DEFLATED:
            self._wbits = _BARE  # as many clients understand `deflate`
        self._inflater, self._empty = zlib.decompressobj(self._wbits), False
