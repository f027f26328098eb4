"""A refresh in the background, which calls share (single flight): nobody has to wait for it."""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from app.errors import Unavailable
from app.logs import get as get_log

log = get_log()


class BackgroundRefresh:
    """Refreshes in a thread of its own, which ends when nobody asks any more. Asked from any thread."""

    def __init__(self, refresh: Callable[[], object], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._refresh = refresh
        self._monotonic = monotonic
        self._lock = Lock()
        self._asked: Event | None = None  # set once there was a refresh that began after it was asked for
        self._is_running = False
        self._since = 0.0  # when the present refresh began
        self._failure = ""  # of the last one

    def ask(self, patience: float = 0.0) -> None:
        """Have a refresh begin, after the present one if there is one.

        Returns when it has ended, or when it, or the present one, has taken `patience` seconds: one that has stalled
        keeps those who ask no longer than that, however many they are.
        """
        with self._lock:
            asked = self._asked or Event()
            if not self._is_running:
                self._since = self._monotonic()
                Thread(target=self._run, name="refresh", daemon=True).start()  # it waits for the lock
                self._is_running = True
            self._asked = asked
        while (left := self._left(patience)) > 0 and not asked.wait(left):
            pass  # the next one may have begun meanwhile

    def _left(self, patience: float) -> float:
        with self._lock:
            return self._since + patience - self._monotonic()

    def _run(self) -> None:
        while asked := self._next():
            failure = ""
            try:
                self._refresh()
            except Unavailable:  # the database, which whoever looks next is told
                failure = self._failure
            except Exception as error:  # else it would end the thread, with whoever waits for it
                failure = repr(error)
                if failure != self._failure:
                    log.exception("refresh.failed")
            self._failure = failure
            asked.set()

    def _next(self) -> Event | None:
        """Who wants a refresh that begins now."""
        with self._lock:
            asked, self._asked = self._asked, None
            self._is_running, self._since = asked is not None, self._monotonic()
            return asked
