"""One system call per answer: uvicorn writes head and body one after the other, and each write wakes the client."""

import asyncio
from typing import Any


class CoalescingTransport:
    """A transport that holds an answer's head until its body comes, or until the event loop's next turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._head = b""
        self.written = 0  # bytes, in all
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Bytes for the client, in order; none if it has gone, which uvicorn does not tell its waiting requests."""
        if self.is_closing():
            return
        self.written += len(data)
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def write_whole(self, answer: bytes) -> None:
        """A head with its body."""
        if self._head:
            self._flush()
        self.written += len(answer)
        self._transport.write(answer)

    def close(self) -> None:
        """After all that was written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head and not self.is_closing():
            self._transport.write(self._head)
            self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
