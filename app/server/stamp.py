"""A header that every answer of an application carries."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Stamp:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, *, name: str, value: str) -> None:
        self.app = app
        self._field = (name.encode(), value.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], self._field]
            await send(message)

        await self.app(scope, receive, stamped if scope["type"] == "http" else send)
