"""A folder for each trainer's temporary files, removed with it however it ended; TensorFlow leaves many behind."""

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

PREFIX = "densely-trainer-"
LEFT_SECONDS = 7 * 86_400.0  # after which nobody will go on with a folder that has not changed
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


def sweep_left(folder: Path, prefix: str, now: float | None = None) -> None:
    """Remove what was left long ago in a folder by runs that were killed: what is named so, of any run."""
    before = (time.time() if now is None else now) - LEFT_SECONDS
    for each in folder.glob(f"{prefix}*"):
        with suppress(OSError):  # just going
            if each.is_symlink() or each.stat().st_mtime >= before:
                continue
            shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink()
