"""Files that commands write: whole or not at all, and never the one that is being read."""

import codecs
import errno
import io
import os
import shutil
import stat
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from app.cli.frame import fail
from app.cli.output import as_json, line

MOST_TEXT = 2**24  # bytes of a file that is read at once
MARKS = {  # of byte order; the longer ones first, since one begins like another
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


def opened(file: Path) -> IO[str]:
    """A text file, or standard input for `-`: UTF-8, or what its byte order mark says; the mark itself is left out."""
    raw: Any = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    head = raw.peek(4)
    encoding = next((name for mark, name in MARKS.items() if head.startswith(mark)), "utf-8-sig")
    return io.TextIOWrapper(raw, encoding=encoding)


def text_of(file: Path) -> str:
    """All of a text file.

    Raises:
        typer.Exit: it is no text, or larger than `MOST_TEXT`.
        OSError: it cannot be read.
    """
    with opened(file) as source:
        try:
            text = source.read(MOST_TEXT + 1)
        except UnicodeError as error:
            raise fail(f"{file}: is not UTF-8 text") from error
    if len(text) > MOST_TEXT:
        raise fail(f"{file}: is larger than {MOST_TEXT // 2**20} MiB")
    return text


def same(source: IO[str], target: Path | None) -> bool:
    """Whether `target`, or else standard output, is the file that `source` reads, by whatever path or link."""
    try:
        read, written = os.fstat(source.fileno()), target.stat() if target else os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # no such file yet, or a source that is no file
        return False
    return stat.S_ISREG(written.st_mode) and os.path.samestat(read, written)


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `target` at the end of the block; after an error that one is as it was.

    A link goes on pointing where it does. What is no regular file, such as a pipe, is written as it is.

    Raises:
        typer.Exit: it cannot be written, told in one line.
    """
    if target.exists() and not target.is_file():
        with _naming(target), target.open("wb") as direct:
            yield direct
        return
    with _naming(target):
        final = target.resolve()
        if final.exists() and not os.access(final, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        part = final.with_name(f".{uuid.uuid4().hex[:12]}.part")
        made = part.open("xb")
    try:
        with made:
            if final.exists():
                shutil.copymode(final, part)
            yield made
        with _naming(target):
            part.replace(final)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Errors name the file that was asked for, not the one beside it."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # the latter of links that lead in a circle
        raise fail(f"{target}: {getattr(error, 'strerror', None) or error}") from error


def save(target: Path, content: bytes, as_text: bool) -> None:
    """Write a file whole or not at all, and say where it is."""
    with replacing(target) as file:
        file.write(content)
    if as_text:
        as_json({"output": str(target)})
    else:
        line(str(target))
