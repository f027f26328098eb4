"""Asks an object store again and again whether it gives objects, for whoever must not begin what it would not end."""

from contextlib import suppress
from threading import Event, Thread

from app.errors import Unavailable
from app.storage.remote import Remote

ASK_EVERY = 10.0  # seconds


class StoreWatch:
    """Of a process' object store, if it has one."""

    def __init__(self, remote: Remote | None) -> None:
        self._remote = remote
        self._ended = Event()

    @property
    def is_there(self) -> bool:
        """Whether it gave objects when it was asked last; also where there is none to be asked."""
        return self._remote is None or self._remote.objects.health.gives

    def start(self) -> None:
        """Ask it, and go on doing so. Where it does not answer, it may do so later.

        Raises:
            Unusable: somebody has to mend something first.
        """
        if self._remote:
            self._remote.begin()
            Thread(target=self._run, args=(self._remote,), daemon=True).start()

    def close(self) -> None:
        """Ask no more. What it is being asked just now is not waited for."""
        self._ended.set()

    def _run(self, remote: Remote) -> None:
        while not self._ended.wait(ASK_EVERY):
            with suppress(Unavailable):  # the log tells what has changed
                remote.check()
