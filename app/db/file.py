"""Watching over SQLite's file: an open connection goes on with a file that was deleted, and nobody else sees a row."""

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock

from app.errors import Unavailable
from app.logs import get as get_log

log = get_log()

PRIVATE = 0o600  # it holds what keys are checked against, and the addresses and tokens of webhooks


def make_private(path: Path) -> None:
    """Make the file, empty, if it is not there: SQLite would let everybody read it, and its `-wal` and `-shm` alike."""
    with suppress(OSError):  # it is there; or SQLite itself says why it cannot be made
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))


class DatabaseFile:
    """Which file lies at the database's path."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None  # device and inode
        self._gone = False
        self._lock = Lock()
        self.generation = 0  # how often another file has come in the place of the one before

    def check(self) -> int:
        """Look at it, a matter of microseconds; returns its generation.

        Raises:
            Unavailable: it was there, and is not any more; a connection would make an empty one.
        """
        try:
            found = self._path.stat()
        except OSError:
            if self._known is None:
                return self.generation  # it has still to be made
            if not self._gone:
                self._gone = True
                log.error("database.file_gone")
            raise Unavailable("the database's file is gone") from None
        identity = (found.st_dev, found.st_ino)
        if identity != self._known or self._gone:
            self._notice(identity)
        return self.generation

    def _notice(self, identity: tuple[int, int]) -> None:
        with self._lock:
            if self._gone:
                self._gone = False
                log.info("database.file_back")
            if self._known not in (None, identity):
                self.generation += 1
                log.warning("database.file_replaced")
            self._known = identity
