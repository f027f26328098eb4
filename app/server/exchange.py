"""One request's channels, as the gate hands them on to the application."""

from collections.abc import Callable

from starlette.types import Message, Receive, Send

from app.server import security
from app.server.heads import RawHeaders

CLOSES = (b"connection", b"close")


class Exchange:
    """The two of them, with the request id and the like added and the body counted."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        fields: RawHeaders,
        max_body: int,
        begun: Callable[[int], None],
        *,
        head_only: bool = False,
        setting: str = "",
    ) -> None:
        """`fields`: of the answer's head, beside its own; `setting`: the one that `max_body` comes from, to be told.

        `begun` is told the answer's status.
        """
        self._receive = receive
        self._send = send
        self._fields = fields
        self._max_body = max_body
        self._setting = setting
        self._begun = begun
        self._received = 0
        self.started = False
        self._head_only = head_only
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._max_body and not self.started:
            raise security.too_large(self._max_body, self._setting)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._begun(message["status"])
            said = message["headers"]
            if self._head_only:  # a stream's connection ends with it, and none begins
                said = [field for field in said if field != CLOSES]
            message["headers"] = [*said, *self._fields]
        elif self._head_only and message.get("more_body"):
            message = {"type": "http.response.body"}  # also of a stream without end, which takes that for a farewell
        if not self._ended:
            self._ended = self._head_only and message["type"] == "http.response.body"
            await self._send(message)
