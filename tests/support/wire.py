"""HTTP as bytes: what no client library would send, and all that comes back."""

import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LAST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """One."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole request; an underscore in a header's name is a hyphen."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "Host" not in headers:
        lines.insert(1, "Host: localhost")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def connect(url: str) -> socket.socket:
    """A connection that sends each write at once."""
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or cuts, the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def exchange(url: str, pieces: Iterable[bytes], *, half_close: bool = False, pause: float = 0) -> list[Answer]:
    """What one connection answers to these pieces, until the server ends it."""
    with connect(url) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:  # it does not want to hear the rest
            pass
        return answers(received(connection))


def answers(stream: bytes) -> list[Answer]:
    """The answers in a stream of bytes."""
    found = []
    while stream:
        head, end, rest = stream.partition(b"\r\n\r\n")
        assert end, stream
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        code = int(status.split()[1])
        if "content-length" in headers:
            length = int(headers["content-length"])
        elif headers.get("transfer-encoding") == "chunked":
            body, rest = _unchunked(rest)
            found.append(Answer(code, headers, body))
            stream = rest
            continue
        else:
            length = 0 if code < 200 or code in (204, 304) else len(rest)
        body, stream = rest[:length], rest[length:]
        assert length == len(body)
        found.append(Answer(code, headers, body))
    return found


def _unchunked(stream: bytes) -> tuple[bytes, bytes]:
    whole = b""
    while True:
        size, _, stream = stream.partition(b"\r\n")
        length = int(size, 16)
        whole, stream = whole + stream[:length], stream[length + 2 :]
        if not length:
            return whole, stream
