"""Live events: one poller of the database for each API process, shared by all who listen.

A listener that falls behind, or has just come, reads from the database by id until it has caught up; then it takes
what the poller hands out. Ids become visible in their order, so nothing is missed or told twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from starlette.concurrency import run_in_threadpool

from app.api.waking import Waker
from app.errors import Unavailable
from app.logs import get as get_log
from app.services.events import EventService, StreamedEvent, Stretch

log = get_log()

POLL = 0.1  # seconds between two looks at the database, while anybody listens and no notifications come
RETRY_SECONDS = 1.0  # to the next try while the database is away
BATCH = 500  # events that are read at once
MOST_HELD = 1_000  # events that wait for a slow client, before it has to read them from the database
HEARTBEAT = 15.0  # seconds; proxies and clients take a silent connection for a dead one


class Listener:
    """One stream's share of the feed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[StreamedEvent] = []
        self._missed = False
        self._woken = asyncio.Event()

    def put(self, event: StreamedEvent) -> None:
        """Hand over an event; one too many, and all are dropped, since the database has them."""
        if len(self._held) >= self._most:
            self._held, self._missed = [], True
        if not self._missed:
            self._held.append(event)
        self._woken.set()

    def wake(self) -> None:
        """End the waiting, with nothing new."""
        self._woken.set()

    async def wait(self, seconds: float) -> bool:
        """Up to so long for something to take; whether there was a wake-up."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[StreamedEvent] | None:
        """What has come since the last time; None: more than it could hold."""
        taken, missed = self._held, self._missed
        self._held, self._missed = [], False
        self._woken.clear()
        return None if missed else taken


class Feed:
    """Hands out events as they happen."""

    def __init__(
        self,
        events: EventService,
        poll: float = POLL,
        most_held: int = MOST_HELD,
        before_end: Callable[[], None] = lambda: None,
        waker: Waker | None = None,
    ) -> None:
        """`poll` in seconds. `before_end` is called before anybody is told that a run has ended.

        `waker` is told that something has happened; without it, only time ends the waiting.
        """
        self.closed = False
        self._before_end = before_end
        self._events = events
        self._poll = poll
        self._waker = waker
        self._most_held = most_held
        self._listeners: dict[str | None, set[Listener]] = {}  # by run; None: to all runs
        self._poller: asyncio.Task[None] | None = None
        self._at = 0  # the last event that was handed out
        self._ready = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "events")  # its own, so that no slow request delays the poller

    async def follow(
        self, run_id: str | None, last: int, *, ended: bool = False, heartbeat: float = HEARTBEAT
    ) -> AsyncGenerator[list[StreamedEvent], None]:
        """The events with ids above `last`, in groups; an empty one after `heartbeat` seconds of silence.

        Ends after the run's final status, or when the feed is closed. `ended`: the run already has.
        """
        with self._listen(run_id) as listener:
            await self._ready.wait()
            behind = True
            while not self.closed:
                if behind:
                    read = await self._read(last, run_id)
                    found, last, behind = read.events, read.last, read.more
                elif not await listener.wait(heartbeat):
                    yield []
                    continue
                elif (taken := listener.take()) is None:
                    behind = True
                    continue
                else:
                    found = [event for event in taken if event.id > last]
                    last = found[-1].id if found else last
                if found:
                    yield found
                ended = ended or (run_id is not None and any(event.final for event in found))
                if ended and not behind:
                    return

    def close(self) -> None:
        """Let all streams end."""
        self.closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()
        self._ready.set()
        if self._waker:
            self._waker.ring()

    async def finish(self) -> None:
        """Close, and wait until nothing reads the database any more."""
        self.close()
        if self._poller:
            await self._poller
        self._thread.shutdown()

    @contextmanager
    def _listen(self, run_id: str | None) -> Iterator[Listener]:
        listener = Listener(self._most_held)
        self._listeners.setdefault(run_id, set()).add(listener)
        if self._poller is None and not self.closed:
            self._ready.clear()
            self._poller = asyncio.create_task(self._hand_out())
        try:
            yield listener
        finally:
            mine = self._listeners[run_id]
            mine.remove(listener)
            if not mine:
                del self._listeners[run_id]
            if self._waker and not self._listeners:
                self._waker.ring()  # the poller has nothing to do any more

    async def _hand_out(self) -> None:
        """The poller: while anybody listens."""
        known, failure = False, ""
        while self._listeners and not self.closed:
            try:
                if known:
                    found = await self._in_thread(self._at)
                    self._pass_on(found)
                    await self._pause(more=found.more)
                else:
                    # Before any listener reads: what it does not find in the database comes after this.
                    self._at = await asyncio.get_running_loop().run_in_executor(self._thread, self._events.latest)
                    known = True
                    self._ready.set()
                failure = ""
            except Unavailable:  # for a while; listeners wait for it, and whoever follows changes says so
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever it is, streams go on
                if failure != repr(error):
                    log.warning("events.waiting", error=repr(error))
                failure = repr(error)
                await asyncio.sleep(RETRY_SECONDS)
        self._poller = None

    async def _pause(self, *, more: bool) -> None:
        """Between two looks; `more`: there is more to be read now."""
        if more or self._waker is None:
            await asyncio.sleep(0 if more else self._poll)
        else:
            await self._waker.wait(self._poll)

    def _pass_on(self, found: Stretch) -> None:
        for event in found.events:
            for key in (event.run_id, None):
                for listener in self._listeners.get(key, ()):
                    listener.put(event)
        self._at = found.last

    async def _in_thread(self, last: int) -> Stretch:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._after, last, None)

    def _after(self, last: int, run_id: str | None) -> Stretch:
        found = self._events.after(last, BATCH, run_id)
        if any(event.final for event in found.events):
            self._before_end()
        return found

    async def _read(self, last: int, run_id: str | None) -> Stretch:
        """From the database, waiting for it if need be."""
        while not self.closed:
            try:
                return await run_in_threadpool(self._after, last, run_id)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return Stretch([], last, more=False)
