"""Asks an object store again and again whether it gives objects, for whoever must not begin what it would not end."""

from threading import Event, Thread

from app.errors import StoreAway, Unavailable
from app.storage.remote import Remote

ASK_EVERY = 10.0  # seconds


class StoreWatch:
    """Of a process that has an object store, or of one that has none, whose store is always there."""

    def __init__(self, remote: Remote | None) -> None:
        self._remote = remote
        self._is_there = True
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    @property
    def is_there(self) -> bool:
        """Whether it gave objects when it was asked last."""
        return self._is_there

    def start(self) -> None:
        """Ask it, and go on doing so. Where it does not answer, it may do so later.

        Raises:
            Unusable: somebody has to mend something first.
        """
        if self._remote is None:
            return
        try:
            self._remote.check()
        except StoreAway:
            self._is_there = False
        self._thread.start()

    def look(self) -> None:
        """Ask it once; the log tells what has changed."""
        if self._remote is None:
            return
        try:
            self._remote.check()
        except Unavailable:
            self._is_there = False
        else:
            self._is_there = True

    def close(self) -> None:
        """Ask no more. What it is being asked just now is not waited for."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(ASK_EVERY):
            self.look()
