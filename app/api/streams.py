"""Server-Sent Events on the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.services.events import StreamedEvent

MEDIA_TYPE = "text/event-stream"
NOTHING = b":\n\n"  # a comment
RETRY = 2_000  # milliseconds that a client waits before it comes back


def asks_for_stream(accept: str | None) -> bool:
    """Whether an Accept header names the form of streams."""
    for part in (accept or "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name == MEDIA_TYPE:
            return not any(parameter.replace(" ", "").rstrip(".0") == "q=" for parameter in parameters)
    return False


class EventStream(Response):
    """Tells groups of events until they end or the client goes away."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        groups: AsyncIterator[Sequence[StreamedEvent]],
        start_id: int | None = None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> None:
        """`groups`: an empty one becomes a heartbeat. `start_id`: where the client stands before the first event.

        `goes_on`: whether the client is still let in; asked before each group.
        """
        self._groups = groups
        self._goes_on = goes_on
        self._hello = f"retry: {RETRY}\n".encode() + (b"" if start_id is None else b"id: %d\n" % start_id) + b"\n"
        self.status_code = 200
        self.background = None
        # A proxy keeps no connection that has served so long: when a process stops, it ends with the stream.
        headers = {"cache-control": "no-store", "vary": "accept", "x-accel-buffering": "no", "connection": "close"}
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._hello, "more_body": True})
        telling = asyncio.create_task(self._tell(send))
        going = asyncio.create_task(self._gone(receive, send))
        try:
            await asyncio.wait((telling, going), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, going):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _gone(self, receive: Receive, send: Send) -> None:
        """Until the client is; where it has closed its own side, something sent to it shows whether it has both."""
        await receive()
        while (await receive())["type"] != "http.disconnect":
            await send({"type": "http.response.body", "body": NOTHING, "more_body": True})

    async def _tell(self, send: Send) -> None:
        async with aclosing(self._groups) as groups:  # type: ignore[type-var]  # it is a generator
            async for group in groups:
                if not self._goes_on():
                    break
                body = b"".join(map(_framed, group)) or NOTHING
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _framed(event: StreamedEvent) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.type.encode(), event.data)
