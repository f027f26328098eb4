"""A file's rows, some hundred at a time, with the lines they come from."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from app.datasets.uploads.problems import Problem, at, beyond
from app.wire.datasets import Fault, ImportPlan

BATCH = 2_048  # rows
BATCH_CELLS = 200_000  # of a batch
BATCH_CHARACTERS = 4_000_000  # of a batch: it ends before, where rows are long
MOST_CELL = 1_000_000  # characters of a cell; no text that is used may be as long
MOST_LINE = 8_000_000  # characters of a line
MOST_NAME = 200  # characters of a column's name


def rows_at_once(width: int) -> int:
    """Of a batch with so many columns."""
    return max(1, min(BATCH, BATCH_CELLS // max(1, width)))


@dataclass
class Batch:
    """Some rows, column by column, and those that could not be read."""

    lines: list[int]  # of each row
    columns: list[list[Any]]  # in the order of the reader's names
    faults: list[Fault] = field(default_factory=list)  # one for each row that is not among them
    done: int = 0  # bytes of the file that were read so far
    files: list[str] = field(default_factory=list)  # of each row, where each is a file of an archive


class Reader(Protocol):
    """What gives a file's rows, as often as it is asked."""

    @property
    def names(self) -> list[str]:
        """Of the columns; of JSON those seen so far."""

    def batches(self, *, look: bool) -> Iterator[Batch]:
        """All rows, in order. With `look` pictures are left unread."""


@contextmanager
def text_of(file: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The file's characters, from its start, line ends as they are.

    Raises:
        Problem: some bytes are no characters.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield text
    except UnicodeError as error:
        raise Problem(f"the file is not all {encoding}: {error}") from error
    finally:
        text.detach()


def check_names(names: list[str], line: int | None, plan: ImportPlan) -> None:
    """That columns have names, each its own, and are not too many.

    Raises:
        Problem: they have not.
    """
    if len(names) > plan.most_columns:
        raise beyond(
            plan,
            "most_columns",
            f"the file has {len(names):,} columns",
            Fault(line=line, message="has too many columns"),
        )
    seen = set()
    for name in names:
        if len(name) > MOST_NAME:
            raise at(line, f"the column's name has {len(name):,} characters; the limit is {MOST_NAME}", name[:40] + "…")
        if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name):
            raise at(line, "the column's name holds control characters", name)
        if name in seen:
            raise at(line, "two columns have this name", name)
        seen.add(name)
