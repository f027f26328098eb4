"""Sealed files: POSIX tar archives whose last members say what every other one holds, to the byte.

They are written and read in one pass, piece by piece. A manifest of all checksums comes after what it lists, and its
own checksum after it: a file that was cut off, or altered anywhere, has no seal that fits.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from app.errors import BackupInvalid
from app.wire.manifests import FileRecord

MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
PIECE = 2**20  # bytes in memory at once
MOST_MANIFEST = 2**28  # bytes: some million members
BUFFER = 2**17  # bytes between the file and its reader

Told = Callable[[int], None]  # how many bytes more


class SealedWriter:
    """Writes one; nothing that was written is looked at again, so that `target` may be a pipe."""

    def __init__(self, target: IO[bytes], told: Told) -> None:
        """`told`: called with the bytes of each piece."""
        # Not the module's own mode for streams: that writes an end also when it is given up.
        forward: Any = _Forward(target)
        self._tar = tarfile.TarFile(mode="w", fileobj=forward, format=tarfile.PAX_FORMAT)
        self._told = told
        self.records: dict[str, FileRecord] = {}

    def add(self, name: str, source: IO[bytes]) -> FileRecord:
        """A member with what an open regular file holds now: if it grows meanwhile, that much of it.

        Raises:
            OSError: it cannot be read or written, or has become shorter.
        """
        size = os.fstat(source.fileno()).st_size
        reader = _Digesting(source, self._told)
        self._tar.addfile(_entry(name, size), reader)  # type: ignore[arg-type] # all that is used of it is `read`
        _forget(self._tar)
        self.records[name] = FileRecord(sha256=reader.digest.hexdigest(), bytes=size)
        return self.records[name]

    def add_bytes(self, name: str, content: bytes) -> None:
        """A short member."""
        self._tar.addfile(_entry(name, len(content)), io.BytesIO(content))
        self.records[name] = FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    def close(self, manifest: bytes) -> None:
        """Write the manifest, the seal and the end."""
        self.add_bytes(MANIFEST, manifest)
        self.add_bytes(SEAL, _seal_of(manifest))
        self._tar.close()


class SealedReader:
    """The members in order, as they come; `finish` says whether all of it was what had been written."""

    def __init__(self, source: IO[bytes], told: Told) -> None:
        """
        Raises:
            BackupInvalid: it is no tar archive.
        """
        with _faults():
            self._tar = tarfile.open(fileobj=source, mode="r|", bufsize=BUFFER)  # noqa: SIM115 - closed with its source
        self._told = told
        self.records: dict[str, FileRecord] = {}
        self._manifest: bytes | None = None
        self._sealed = False

    def members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """(name, content) of each member up to the manifest; a content is read before the next one is asked for.

        Raises:
            BackupInvalid: it is damaged, or holds what no backup does: a link, a folder, a name twice.
        """
        while (entry := self._next()) is not None:
            if entry.name == MANIFEST and self._manifest is None:
                self._manifest = self._short(entry)
            elif entry.name == SEAL and self._manifest is not None and not self._sealed:
                self._sealed = self._short(entry) == _seal_of(self._manifest)
            elif self._manifest is not None or entry.name in self.records:
                raise BackupInvalid(f"holds {entry.name[:200]!r} where nothing of the kind may be")
            else:
                reader = _Digesting(self._content(entry), self._told)
                yield entry.name, cast(IO[bytes], reader)
                while reader.read(PIECE):  # what was left of it
                    pass
                if reader.size != entry.size:
                    raise BackupInvalid("is damaged or cut off")
                self.records[entry.name] = FileRecord(sha256=reader.digest.hexdigest(), bytes=entry.size)

    def finish(self) -> bytes:
        """The manifest, after the last member.

        Raises:
            BackupInvalid: it is missing or altered, and so may be everything else.
        """
        if self._manifest is None or not self._sealed:
            raise BackupInvalid("is damaged or cut off: its seal is missing or does not fit")
        return self._manifest

    def _next(self) -> tarfile.TarInfo | None:
        with _faults():
            entry = self._tar.next()
        _forget(self._tar)
        if entry is not None and not entry.isreg():
            raise BackupInvalid(f"holds {entry.name[:200]!r}, which is no file")
        return entry

    def _short(self, entry: tarfile.TarInfo) -> bytes:
        with _faults():
            return self._content(entry).read(MOST_MANIFEST)

    def _content(self, entry: tarfile.TarInfo) -> IO[bytes]:
        content = self._tar.extractfile(entry)
        assert content is not None  # it is a regular file
        return content


class _Forward:
    """A file that is only written, from its beginning to its end."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._written = 0

    def write(self, content: bytes) -> int:
        """All of it."""
        self._target.write(content)
        self._written += len(content)
        return len(content)

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._written


class _Digesting:
    """A file that is read, and the checksum of what was."""

    def __init__(self, source: IO[bytes], told: Told) -> None:
        self._source = source
        self._told = told
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        with _faults():
            piece = self._source.read(size)
        self.digest.update(piece)
        self.size += len(piece)
        self._told(len(piece))
        return piece


def write_out(source: IO[bytes], path: Path) -> None:
    """Have a new file hold all that is left of `source`, on the disk for good.

    Raises:
        OSError: there is no room, or no right to write.
    """
    try:
        with path.open("xb") as file:
            while piece := source.read(PIECE):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:  # those of writing do not say where
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def _faults() -> Iterator[None]:
    """What the tar module complains of is damage; of the disk it complains as anybody."""
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError) as error:  # ValueError: a number or a text in a head is none
        raise BackupInvalid("is damaged, or no backup") from error


def _forget(tar: tarfile.TarFile) -> None:
    """The module would keep a record of every member."""
    tar.members = []  # type: ignore[attr-defined]


def _seal_of(manifest: bytes) -> bytes:
    return hashlib.sha256(manifest).hexdigest().encode()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry
