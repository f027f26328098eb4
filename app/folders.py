"""Whether the service can write where it has to, known at its start; and what it has written, forced to the disk."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.errors import Unusable

LEAST = 2**18  # bytes: a new database, and some


def check_writable(folder: Path, setting: str, room: int = LEAST) -> None:
    """Make the folder if it is missing, and see whether a file of `room` bytes can be written there.

    `setting`: the environment variable that names the folder.

    Raises:
        Unusable: it cannot, told with the remedy.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"the folder {folder} cannot be made: {error.strerror}; set {setting} to another one") from error
    probe = folder / f".room-{secrets.token_hex(6)}"
    try:
        with probe.open("xb") as file:
            for _ in range(0, room, LEAST):
                file.write(bytes(LEAST))
    except OSError as error:
        told = f"the folder {folder} cannot be written: {error.strerror}; give this user the right to, make room, or "
        raise Unusable(f"{told}set {setting} to another one") from error
    finally:
        with suppress(OSError):
            probe.unlink()


@contextmanager
def made_for_good(*folders: Path) -> Iterator[None]:
    """If the block fails, those of these folders, of those above and right below them are gone again that are empty and
    were not there.
    """
    before = {path for folder in folders for path in _around(folder)}
    try:
        yield
    except BaseException:
        for folder in folders:
            for path in _around(folder):
                if path not in before:
                    with suppress(OSError):  # something is in it
                        path.rmdir()
        raise


def _around(folder: Path) -> list[Path]:
    """The folder with those below and above it, as far as they are there, in this order."""
    try:
        below = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        below = []
    return [*below, *(path for path in (folder, *folder.parents) if path.is_dir())]


def is_fault_of_disk(error: BaseException, path: Path) -> bool:
    """Whether a file cannot be written on this machine: there is no room, or it is this very file that it was about."""
    if not isinstance(error, OSError):
        return False
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or str(error.filename) == str(path)


def fsync(path: Path) -> None:
    """Force a file's content, or a folder's entries, to the disk.

    Raises:
        OSError: it is not there, or the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
