"""A file of rows on its way to the service: a path, bytes or a file object, sent part by part."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from densely_client.errors import InvalidArgument

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
Sent = Callable[[int, int | None], object]  # bytes so far, and of how many, where that is known


class Upload:
    """A file as httpx reads it, 64 KiB at a time. Sent again, it begins where it began."""

    def __init__(self, file: IO[bytes], name: str, progress: Sent | None = None) -> None:
        self.name = name
        self._file = file
        self._progress = progress
        self._done = 0
        self._start: int | None = None
        self.size: int | None = None  # bytes; None of what cannot be measured, such as a pipe
        try:
            self._start = file.tell()
            self.size = file.seek(0, os.SEEK_END) - self._start
            file.seek(self._start)
        except (AttributeError, OSError):
            self._start = self.size = None

    def read(self, size: int = -1) -> bytes:
        """The next part."""
        part = self._file.read(size)
        self._done += len(part)
        if self._progress and part:
            self._progress(self._done, self.size)
        return bytes(part)

    def tell(self) -> int:
        """How much was read."""
        return self._done

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """To the beginning, or to the end, which is how httpx measures it.

        Raises:
            io.UnsupportedOperation: it cannot be measured.
            InvalidArgument: it was sent in part, and cannot be read again.
        """
        if whence == os.SEEK_END:
            if self.size is None:
                raise io.UnsupportedOperation
            return self.size
        if offset != self._done:
            if self._start is None:
                raise InvalidArgument("file: cannot be read a second time", field="file")
            self._file.seek(self._start + offset)
            self._done = offset
        return offset


@contextmanager
def opened(source: Source, filename: str | None = None, progress: Sent | None = None) -> Iterator[Upload]:
    """The file, closed at the end if it was opened here. The service sees the last part of its name alone.

    Raises:
        InvalidArgument: this is no file.
        OSError: it cannot be opened.
    """
    given: Any = source
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            yield Upload(file, _base(filename or os.fspath(source)), progress)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield Upload(io.BytesIO(source), _base(filename or ""), progress)
    elif hasattr(given, "read") and not isinstance(given, io.TextIOBase):
        yield Upload(given, _base(filename or _name_of(given)), progress)
    else:
        told = f"file: must be a path, bytes or a file opened in binary mode, not {type(source).__name__}"
        raise InvalidArgument(told, field="file")


def _name_of(file: Any) -> str:
    """Of a temporary file it is a number, which says nothing."""
    name = getattr(file, "name", "")
    return os.fsdecode(name) if isinstance(name, str | bytes) else ""


def _base(name: str) -> str:
    """Without folders, and such that it can be sent."""
    return os.fsencode(Path(name).name).decode("utf-8", "replace") or "rows"
