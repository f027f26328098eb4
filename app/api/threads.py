"""Threads apart from those of reading calls, so that whoever waits for the database holds nobody else up."""

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from app.errors import Unavailable

T = TypeVar("T")

WRITERS = 8  # the database takes one writer, or few, at a time
PROBE_SECONDS = 3.0  # that a probe waits for the database


class Writes:
    """Runs calls that write, a few at a time; none waits longer for others than `seconds`."""

    def __init__(
        self, waiting_until: Callable[[float], AbstractContextManager[None]], seconds: float, writers: int = WRITERS
    ) -> None:
        """`waiting_until` a monotonic time is the longest that what is done within waits for other writers."""
        self._waiting_until = waiting_until
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(writers, thread_name_prefix="write")

    async def __call__(self, action: Callable[[], T]) -> T:
        """What the call returns.

        Raises:
            Unavailable: others wrote all the time.
        """
        deadline = time.monotonic() + self._seconds

        def write() -> T:
            if time.monotonic() >= deadline:
                raise Unavailable(f"the database was written to by others for {self._seconds:g} seconds")
            with self._waiting_until(deadline):
                return action()

        here = contextvars.copy_context()  # who asks is recorded, and what log lines of the request say
        return await asyncio.get_running_loop().run_in_executor(self._threads, here.run, write)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Probe(Generic[T]):
    """A look that all who ask at the same time share: probes must neither pile up nor wait for ever."""

    def __init__(self, look: Callable[[], T], seconds: float = PROBE_SECONDS) -> None:
        self._look = look
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="probe")
        self._going: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """What it finds.

        Raises:
            Unavailable: it took too long.
        """
        going = self._going
        if going is None or going.done():
            going = self._going = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            going.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # perhaps nobody waits
        done, _ = await asyncio.wait([going], timeout=self._seconds)
        if not done:
            raise Unavailable(f"the database did not answer within {self._seconds:g} seconds")
        return going.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False)
