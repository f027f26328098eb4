"""Single files that are in the store, too: rows that were uploaded."""

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.errors import ArtifactInvalid, Unavailable, Unusable
from app.logs import get as get_log
from app.storage.objects import Stored
from app.storage.remote import UPLOADS, Remote

log = get_log()

STAGING = ".staging-"  # of files that are on their way; what a crash leaves of them is swept


class StoredFiles:
    """A folder of files whose originals are objects."""

    def __init__(self, folder: Path, remote: Remote) -> None:
        self.folder = folder
        self._remote = remote
        self._seen: set[str] = set()  # names whose files this process has found to be whole

    def here(self, name: str, sha256: str) -> Path:
        """The file, fetched if it is not here, or not whole; it is missing if the store does not have it either.

        Raises:
            StoreAway: the store does not answer.
            Unusable: it, or the disk, has to be mended first.
            ArtifactInvalid: the object is not what was put there.
        """
        path, kept = self.folder / name, self._remote.kept
        if path.exists():
            kept.use(UPLOADS, name)
            if name in self._seen or not kept.knows(UPLOADS, name) or _is_whole(path, sha256):
                self._seen.add(name)
                return path
            log.warning("upload.damaged", file=name)
            kept.drop(UPLOADS, name)
        self._remote.patiently(lambda: self._fetch(name, sha256, path))
        return path

    def has(self, name: str) -> bool:
        """Whether the store says that it has this file, in its length; a mark of former days does not tell.

        Raises:
            StoreAway, Unusable: it does not say.
        """
        size = self._remote.patiently(lambda: self._remote.objects.size(_key(name)))
        return size == (self.folder / name).stat().st_size

    def send(self, path: Path, name: str) -> None:
        """A file as an object; it becomes one of this folder by `mark`, when it has its place.

        Raises:
            StoreAway, Unusable: it is not there.
        """
        self._remote.kept.forget(UPLOADS, name)  # a mark of former days
        self._remote.patiently(lambda: self._remote.objects.put(path, _key(name)))

    def mark(self, name: str) -> None:
        """This file is whole, in its place, and in the store."""
        self._remote.kept.mark(UPLOADS, name, (self.folder / name).stat().st_size)
        self._seen.add(name)
        self._remote.kept.trim()

    def remove(self, name: str) -> None:
        """Away with it, here and there; what the store does not remove now is left to `densely gc`."""
        self._remote.kept.drop(UPLOADS, name)
        try:
            self._remote.objects.delete(_key(name))
        except Unavailable as error:
            log.warning("store.left_over", file=name, reason=error.message)

    def take_back(self, name: str) -> None:
        """Away with the object alone.

        Raises:
            StoreAway, Unusable: the store does not do that.
        """
        self._remote.kept.forget(UPLOADS, name)
        self._remote.objects.delete(_key(name))

    def all(self) -> list[Stored]:
        """Every object; their names are those of files.

        Raises:
            StoreAway, Unusable: the store does not tell.
        """
        found = self._remote.objects.below(UPLOADS)
        return [Stored(each.name.rpartition("/")[2], each.bytes, each.modified) for each in found]

    def unfinished(self, before: float) -> list[tuple[Stored, Callable[[], None]]]:
        """Files last changed before that which a killed process has left, and what removes each. The same errors."""
        return self._remote.unfinished(UPLOADS, before)

    def tail(self, file: Stored, most: int) -> bytes:
        """The last bytes of an object. The same errors."""
        if not file.bytes:  # a store of S3 refuses to give a part of nothing
            return b""
        return self._remote.objects.tail(_key(file.name), max(0, file.bytes - most))

    def shown(self, name: str) -> str:
        """Where the object is, for whoever operates the service."""
        return self._remote.objects.shown(_key(name))

    def shown_at(self, stored: Stored) -> str:
        """The same of any object, by its whole name."""
        return self._remote.objects.shown(stored.name)

    def _fetch(self, name: str, sha256: str, path: Path) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            told = f"the folder of uploads cannot be made: {error.strerror}"
            raise Unusable(f"{told}; set DENSELY_UPLOADS_DIR to another one") from error
        part = self.folder / f"{STAGING}{secrets.token_hex(6)}-{name}"
        try:
            for _ in range(2):  # a transfer may go wrong without a word; an object does not change
                if not self._remote.objects.get(_key(name), part):
                    return
                if _is_whole(part, sha256):
                    part.rename(path)
                    break
            else:
                raise ArtifactInvalid(f"{name} of the object store does not have its checksum")
        finally:
            with suppress(OSError):
                part.unlink()
        self.mark(name)


def _key(name: str) -> str:
    return f"{UPLOADS}/{name}"


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return not sha256 or hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
