"""The API from the start of its process to its end."""

import asyncio
import ctypes
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from app.api.dependencies import Services
from app.api.feed import Feed
from app.api.follower import Follower


def lifespan(
    services: Services,
    feed: Feed,
    follower: Follower,
    *,
    poll_seconds: float,
    prepare: Callable[[], None],
    close: Callable[[], None],
) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """FastAPI's `lifespan`. `poll_seconds`: between two looks for active models that others have changed.

    `prepare` opens what the services need, and costs next to nothing where it was called before; `close` ends it.
    """

    @asynccontextmanager
    async def living(_: object) -> AsyncIterator[None]:
        prepare()
        gc.collect()
        _return_memory()
        gc.freeze()  # what is here stays: no collection needs to go through it again
        services.metrics.start()
        poll = asyncio.create_task(follower.run(poll_seconds))
        yield
        poll.cancel()
        feed.close()
        services.prediction.close()
        if services.remote:  # before what follows, which waits for threads that may wait for it
            await asyncio.to_thread(services.remote.close)
        await feed.finish()
        services.writes.close()
        services.database_probe.close()
        services.metrics.close()
        close()

    return living


def _return_memory() -> None:
    """What loading has taken and left goes back to the system: some 9 MB, which glibc would keep for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other libraries have none
    if trim is not None:
        trim(0)
