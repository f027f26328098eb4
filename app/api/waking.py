"""The waiting of a task of the event loop between two looks at the database, which a notification ends."""

import asyncio
from contextlib import suppress

from app.services.wakeups import GAP_SECONDS, SAFETY_SECONDS, Topic, Wakeups


class Waker:
    """Of one task."""

    def __init__(self, wakeups: Wakeups, *topics: Topic, gap: float = GAP_SECONDS) -> None:
        """`gap`: between two looks that notifications ask for, in seconds."""
        self._wakeups = wakeups
        self._gap = gap
        self._rang = False
        self._asleep: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._looked_at = -float("inf")
        wakeups.call(topics, self.ring)

    def ring(self) -> None:
        """End the waiting, or the next one; from any thread."""
        self._rang = True
        if asleep := self._asleep:
            loop, woken = asleep
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(woken.set)

    async def wait(self, poll: float, most: float = SAFETY_SECONDS) -> None:
        """`poll` seconds, or up to `most` while notifications come. What is told during a look is not lost."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        self._asleep = (loop, woken)  # first: who rings after the next line finds it
        try:
            if not self._rang:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._wakeups.seconds(poll, most)):
                        await woken.wait()
            pause = self._looked_at + self._gap - loop.time()
            if self._rang and pause > 0:
                await asyncio.sleep(pause)
        finally:
            self._asleep = None
        self._rang = False
        self._looked_at = loop.time()
