"""What stands behind a path that is answered directly: JSON bodies in, JSON bodies out, without FastAPI.

A direct request is answered by `answer`, in an ASGI cycle. A small one is first offered to `submit`, which answers it
inline: within the event loop's present turn, without a cycle of its own.
"""

from collections.abc import Callable, Collection
from typing import Protocol

INLINE_BODY_BYTES = 16_384  # of a request that is answered inline, at most

Reply = Callable[[bytes | None], None]  # takes the body of an answer; None: it has to be asked for by `answer`


class DirectHandler(Protocol):
    """Answers the body of a request with the body of a response; the gate and the connection both speak to it."""

    async def answer(self, body: bytes, tasks: Collection[str] | None = None, /) -> bytes:
        """The response to any body; `tasks`: those that may be asked for, None: all.

        Raises:
            DenselyError: there is none.
        """

    def submit(self, body: bytes, reply: Reply, tasks: Collection[str] | None = None, /) -> bool:
        """Call `reply` with the response, now or at the end of the event loop's turn; with None if there is none.

        `tasks`: as of `answer`. False: it is to be refused, would take too long, or cannot be said yet. Then nothing
        has happened, and `reply` is never called.
        """

    def flush(self) -> None:
        """Call all replies that wait for the end of the turn."""
