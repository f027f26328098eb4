"""Long reading calls, which end early when nobody waits for their answer any more."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive

T = TypeVar("T")


async def while_awaited(receive: Receive, work: Callable[[Callable[[], bool]], T]) -> T:
    """What `work` returns, which runs in a thread; it is given a function that says whether the client has gone."""
    left = Event()
    watching = asyncio.create_task(_watch(receive, left))
    try:
        return await run_in_threadpool(work, left.is_set)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(receive: Receive, left: Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    left.set()
