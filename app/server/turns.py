"""Turns: clients that send many requests at once are served in rotation, so that nobody waits for more than a few."""

import asyncio
from collections import deque
from typing import Protocol

AT_A_TIME = 8  # requests in one turn of the event loop, of all the clients that have sent several


class Waiting(Protocol):
    """A connection with more to do."""

    in_line: bool

    def take_turn(self) -> None:
        """Do one request's worth of it, and join the line again if there is more that can be done."""


class Turns:
    """The line of a server's connections that have sent more than is being answered."""

    def __init__(self) -> None:
        self._line: deque[Waiting] = deque()
        self._called = False

    def join(self, connection: Waiting) -> None:
        """At the end of the line; once."""
        if not connection.in_line:
            connection.in_line = True
            self._line.append(connection)
            self._call()

    def _call(self) -> None:
        if self._line and not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        self._called = False
        try:
            for _ in range(AT_A_TIME):
                if not self._line:
                    return
                connection = self._line.popleft()
                connection.in_line = False
                connection.take_turn()
        finally:  # whatever became of one, the others have their turn
            self._call()
