"""Work for a client that goes away."""

import asyncio
import time
from collections.abc import Callable

from starlette.types import Message

from app.api.leaving import while_awaited


def test_the_work_is_told_when_the_client_goes() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    def work(has_left: Callable[[], bool]) -> str:
        end = time.monotonic() + 10
        while not has_left() and time.monotonic() < end:
            time.sleep(0.001)
        return "left" if has_left() else "there"

    assert "left" == asyncio.run(while_awaited(gone, work))


def test_who_stays_gets_what_is_returned() -> None:
    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    assert not asyncio.run(while_awaited(silent, lambda has_left: has_left()))
