"""Rows of CSV: any delimiter, quotes and line ends."""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

from app.datasets.uploads.problems import Problem, at
from app.datasets.uploads.reading import (
    BATCH_CHARACTERS,
    MOST_CELL,
    MOST_LINE,
    Batch,
    check_names,
    rows_at_once,
    text_of,
)
from app.datasets.uploads.sniff import Source
from app.domain.counting import counted
from app.encoding.cells import kind_of
from app.wire.datasets import Fault, ImportPlan

_LIMIT = "field larger than field limit"  # as the csv module says it
_END = "unexpected end of data"


class CsvReader:
    """A table in a text file whose first line names the columns."""

    def __init__(self, source: Source, plan: ImportPlan) -> None:
        """Reads the names.

        Raises:
            Problem: there are none, or they cannot be used.
        """
        self._source = source
        self._encoding, self._delimiter = source.encoding or "utf-8", source.delimiter or ","
        csv.field_size_limit(MOST_CELL)
        with text_of(source.file, self._encoding) as text:
            line, header = self._header(self._rows(_Lines(text)))
        names = [name.strip() for name in header]
        while names and not names[-1]:  # a delimiter at the line's end
            names.pop()
        self._surplus, self._header_line = len(header) - len(names), line
        if names and all(kind_of(name)[0] in {"number", "comma", "date"} for name in names if name):
            raise at(line, "holds values; the first line must hold the columns' names")
        self.names = [name or f"column {place}" for place, name in enumerate(names, 1)]
        check_names(self.names, line, plan)

    @property
    def notes(self) -> list[str]:
        """What is told of the file, once it has been read."""
        if not self._surplus:
            return []
        told = f"line {self._header_line} ends with {self._named()}"
        return [f"{told}: column {len(self.names) + 1}, which has neither a name nor values, is left out"]

    def _named(self) -> str:
        delimiter = {",": "comma", ";": "semicolon", "\t": "tab"}.get(self._delimiter, f"`{self._delimiter}`")
        return f"a {delimiter}" if self._surplus == 1 else f"{self._surplus} of `{self._delimiter}`"

    def _without_name(self, row: list[str], line: int) -> Problem:
        """Of a row with a value below a name that is empty."""
        width = len(self.names)
        place = next(place for place, cell in enumerate(row[width:], width + 1) if cell.strip())
        reason = (
            f"column {place} has no name, and line {line} a value for it: the line of names ends with {self._named()}"
        )
        return at(self._header_line, reason)

    def _rows(self, lines: "_Lines") -> Any:
        return csv.reader(lines, delimiter=self._delimiter, strict=True)

    def _header(self, reader: Any) -> tuple[int, list[str]]:
        try:
            header = next(row for row in reader if row)
        except csv.Error as error:
            raise self._unreadable(error, 0) from error
        except StopIteration:
            raise Problem("the file is empty") from None
        return reader.line_num, header

    def batches(self, *, look: bool) -> Iterator[Batch]:
        """The rows below the names."""
        del look
        with text_of(self._source.file, self._encoding) as text:
            lines = _Lines(text)
            reader = self._rows(lines)
            started, _ = self._header(reader)
            rows, most = _Batch(len(self.names), self._surplus), rows_at_once(len(self.names))
            while True:
                try:
                    for row in reader:
                        if not rows.add(started + 1, row):
                            raise self._without_name(row, started + 1)
                        started = reader.line_num
                        if len(rows.lines) >= most or lines.characters > BATCH_CHARACTERS:
                            yield rows.taken(self._source.file.tell())
                            lines.characters = 0
                    break
                except csv.Error as error:
                    if str(error) in {_LIMIT, _END} or str(error).startswith(_LIMIT):
                        raise self._unreadable(error, started) from error
                    rows.faults.append(Fault(line=started + 1, message="its quotes cannot be read: " + str(error)))
                    started = reader.line_num
            yield rows.taken(self._source.size)

    def _unreadable(self, error: csv.Error, started: int) -> Problem:
        """Why there is no going on after these lines. The cell that is too long is looked up in the file."""
        if str(error) == _END:
            return at(started + 1, "a quote is opened here and never closed")
        if not str(error).startswith(_LIMIT):
            return at(started + 1, f"cannot be read as CSV: {error}")
        names = getattr(self, "names", [])
        with text_of(self._source.file, self._encoding) as text:
            for _ in islice(text, started):
                pass
            row = text.read(MOST_LINE)
        limit = csv.field_size_limit(MOST_LINE + 1)
        try:
            cells = next(csv.reader(io.StringIO(row, newline=""), delimiter=self._delimiter))
        finally:
            csv.field_size_limit(limit)
        long = [place for place, cell in enumerate(cells) if len(cell) > MOST_CELL]
        if not long:
            return at(started + 1, f"has more than {MOST_LINE:,} characters, which is the limit of a line")
        reason = f"a cell has more than {MOST_CELL:,} characters, which is the limit, or its quote is never closed"
        return at(started + 1, reason, names[long[0]] if long[0] < len(names) else None)


class _Lines:
    """The lines of a text, counted by their characters."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        read = self._text.readline
        while line := read(MOST_LINE):
            if len(line) >= MOST_LINE:
                raise csv.Error(_LIMIT)
            self.characters += len(line)
            yield line


class _Batch:
    """Rows on their way."""

    def __init__(self, width: int, surplus: int) -> None:
        self._width, self._surplus = width, surplus
        self.lines: list[int] = []
        self.rows: list[list[str]] = []
        self.faults: list[Fault] = []

    def add(self, line: int, row: list[str]) -> bool:
        """A row, if it has as many cells as there are columns; empty lines are none. False: some have no name."""
        width = self._width
        if len(row) == width:
            self.lines.append(line)
            self.rows.append(row)
        elif width < len(row) <= width + self._surplus:
            if any(cell.strip() for cell in row[width:]):
                return False
            self.lines.append(line)
            self.rows.append(row[:width])
        elif any(cell.strip() for cell in row):
            columns = counted(width, "column")
            message = f"has {counted(len(row), 'cell')}; there {'is' if width == 1 else 'are'} {columns}"
            self.faults.append(Fault(line=line, message=message))
        return True

    def taken(self, done: int) -> Batch:
        """What there is, column by column; none is left."""
        columns: list[list[Any]] = [list(cells) for cells in zip(*self.rows, strict=True)]
        batch = Batch(self.lines, columns or [[] for _ in range(self._width)], self.faults, done)
        self.lines, self.rows, self.faults = [], [], []
        return batch
