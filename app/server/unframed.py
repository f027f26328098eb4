"""Answers of unknown length for HTTP/1.0, which knows no chunks: the end of the connection is their end."""

from typing import Any

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def unframe(cycle: RequestResponseCycle) -> None:
    """Let a cycle, which has not begun to answer, do without chunks."""
    usual: Any = cycle.send
    framed = False

    async def send(message: Message) -> None:
        nonlocal framed
        if message["type"] == "http.response.start":
            framed = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            cycle.chunked_encoding = None if framed else False
        elif not framed and cycle.scope["method"] != "HEAD":
            cycle.expected_content_length = len(message.get("body", b""))
        await usual(message)

    cycle.send = send  # type: ignore[method-assign,assignment]
