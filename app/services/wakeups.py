"""Waiting for something to do: a notification of the database ends it, or else the time to look again.

On SQLite, and while no notifications come, everybody looks again and again, as often as the settings say. While they
do come, looking is a safety net and becomes rare.
"""

import threading
import time
from collections.abc import Callable, Collection
from threading import Event

from app.db.engine import Database
from app.db.listening import Listener
from app.db.notify import Topic

__all__ = ["Flag", "Nap", "Topic", "Wakeups"]

SAFETY_SECONDS = 5.0  # between two looks while notifications come
GAP_SECONDS = 0.1  # between two looks that notifications ask for: there may be hundreds in a second
SLICE_SECONDS = 0.1  # after which who sleeps sees that all is being stopped

Wake = Callable[[], None]


class Wakeups:
    """Whom to wake, in one process."""

    def __init__(self, database: Database) -> None:
        """Nothing is opened before the start; on SQLite, nothing at all."""
        self._listener = None if database.is_sqlite else Listener(database, self._hear)
        self._asleep: list[tuple[Collection[Topic], Wake]] = []
        self._started = False

    @property
    def hearing(self) -> bool:
        """Whether whatever is told arrives."""
        return self._listener is not None and self._listener.hearing

    def start(self) -> None:
        """Listen; a second time it does nothing."""
        if self._listener and not self._started:
            self._started = True
            self._listener.start()

    def close(self) -> None:
        """Listen no longer."""
        if self._listener and self._started:
            self._started = False
            self._listener.close()

    def call(self, topics: Collection[Topic], wake: Wake) -> None:
        """Call `wake` whenever one of these is told, and when hearing begins or ends.

        In a thread that others wait for: it must be quick and raise nothing.
        """
        self._asleep.append((topics, wake))

    def seconds(self, poll: float, most: float = SAFETY_SECONDS) -> float:
        """To the next look: `poll`, or up to `most` while notifications come."""
        return max(poll, most) if self.hearing else poll

    def _hear(self, told: Collection[Topic]) -> None:
        for topics, wake in tuple(self._asleep):
            if any(topic in topics for topic in told):
                wake()


class Flag:
    """Whether there may be something to look at."""

    def __init__(self, wakeups: Wakeups, *topics: Topic) -> None:
        self._wakeups = wakeups
        self._told = Event()
        wakeups.call(topics, self._told.set)

    def take(self) -> bool:
        """Whether something was told since the last time; always true where nothing is told."""
        told = self._told.is_set()
        if told:  # else what is told just now would be lost
            self._told.clear()
        return told or not self._wakeups.hearing


class Nap:
    """The waiting of one thread between two looks."""

    def __init__(self, wakeups: Wakeups, *topics: Topic, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wakeups = wakeups
        self._woken = threading.Event()
        self._monotonic = monotonic
        self._looked_at = -float("inf")
        wakeups.call(topics, self._woken.set)

    def wait(self, stop: Event, poll: float, most: float) -> None:
        """Until there may be something to look at, or `stop` is set.

        That is after `poll` seconds, or, where notifications come, when one does, after `most` seconds at the latest.
        What is told while its thread looks is not lost. Many notifications end in one look every `GAP_SECONDS`.
        """
        if not self._wakeups.hearing:
            stop.wait(poll)
        else:
            self._sleep(stop, self._wakeups.seconds(poll, most))
        self._woken.clear()
        self._looked_at = self._monotonic()

    def _sleep(self, stop: Event, seconds: float) -> None:
        end = self._monotonic() + seconds
        while not stop.is_set() and (left := end - self._monotonic()) > 0:
            if self._woken.wait(min(left, SLICE_SECONDS)):
                pause = self._looked_at + GAP_SECONDS - self._monotonic()
                if pause > 0:
                    stop.wait(pause)
                return
