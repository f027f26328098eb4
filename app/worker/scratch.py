"""A folder for each trainer's temporary files, removed with it however it ended; TensorFlow leaves many behind."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Lock

PREFIX = "densely-trainer-"
NOT_YET = "densely-new-"  # before it is locked, so that nobody who sweeps takes it for one that is left over


class Scratch:
    """A new folder where the system keeps temporary files, locked as long as this process lives."""

    def __init__(self) -> None:
        """
        Raises:
            OSError: there is no folder for temporary files, or it cannot be written.
        """
        self._removing = Lock()
        made = Path(tempfile.mkdtemp(prefix=NOT_YET))
        self._lock = os.open(made, os.O_RDONLY)  # not inherited by the trainer: a worker that is killed lets go
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.folder = made.rename(made.with_name(PREFIX + made.name.removeprefix(NOT_YET)))

    def remove(self) -> None:
        """The folder and all in it; doing it twice is once."""
        with self._removing:
            shutil.rmtree(self.folder, ignore_errors=True)
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1


def sweep() -> None:
    """Remove the folders that killed workers left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or just going
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
