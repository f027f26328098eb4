"""Rows of JSON: an object a line, or an array of objects, neither of which is ever held as a whole."""

import json
from collections.abc import Iterator
from typing import Any

from app.datasets.uploads.problems import at, beyond, shown
from app.datasets.uploads.reading import BATCH_CHARACTERS, MOST_LINE, Batch, check_names, rows_at_once, text_of
from app.datasets.uploads.sniff import Source
from app.wire.datasets import Fault, ImportPlan

CHUNK = 2**16  # characters read at once
_BLANK = " \t\r\n"


class JsonReader:
    """Objects, whose names are the columns; a name that an object lacks is an empty cell."""

    def __init__(self, source: Source, plan: ImportPlan) -> None:
        """Nothing is read yet: each object may bring further names."""
        self._source, self._plan = source, plan
        self._places: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Of the columns that were seen so far."""
        return list(self._places)

    def batches(self, *, look: bool) -> Iterator[Batch]:
        """The objects."""
        del look
        with text_of(self._source.file, self._source.encoding or "utf-8") as text:
            objects = _of_lines(text) if self._source.format == "jsonl" else _of_array(text)
            lines: list[int] = []
            columns: list[list[Any]] = [[] for _ in self._places]
            faults: list[Fault] = []
            characters = 0
            for line, value, size in objects:
                characters += size
                if fault := _fault(value, line):
                    faults.append(fault)
                else:
                    self._add(value, line, columns, len(lines))
                    lines.append(line)
                if len(lines) + len(faults) >= rows_at_once(len(columns)) or characters > BATCH_CHARACTERS:
                    yield Batch(lines, columns, faults, self._source.file.tell())
                    lines, columns, faults, characters = [], [[] for _ in self._places], [], 0
            yield Batch(lines, columns, faults, self._source.size)

    def _add(self, row: dict[str, Any], line: int, columns: list[list[Any]], rows: int) -> None:
        if row.keys() - self._places.keys():
            for name in row:  # in the order of the file
                if name not in self._places:
                    self._check_new(name, line)
                    self._places[name] = len(self._places)
                    columns.append([None] * rows)
        for name, place in self._places.items():
            columns[place].append(row.get(name))

    def _check_new(self, name: str, line: int) -> None:
        if len(self._places) >= self._plan.most_columns:
            fault = Fault(line=line, column=name, message="is one column too many")
            raise beyond(self._plan, "most_columns", "the objects have too many different names", fault)
        check_names([name], line, self._plan)


def _fault(value: Any, line: int) -> Fault | None:
    """Why a value is no row; a text says it itself."""
    if isinstance(value, str):
        return Fault(line=line, message=value)
    if isinstance(value, Pairs):
        names = [name for name, _ in value]
        return Fault(line=line, message=f"has two values named {shown(max(names, key=names.count))}")
    if not isinstance(value, dict):
        return Fault(line=line, message="is no object")
    for name, cell in value.items():
        if not (_is_whole(name) and all(map(_is_whole, cell if cell.__class__ is list else (cell,)))):
            column = name.encode("utf-8", "backslashreplace").decode()
            return Fault(line=line, column=column, message="holds half a character (a lone surrogate)")
    return None


def _is_whole(cell: Any) -> bool:
    """Whether it is all characters, if it is a text."""
    if cell.__class__ is not str or cell.isascii():
        return True
    try:
        cell.encode()
    except UnicodeError:
        return False
    return True


class Pairs(list[tuple[str, Any]]):
    """An object that has a name twice."""


def _object(pairs: list[tuple[str, Any]]) -> Any:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Pairs(pairs)


_decoder = json.JSONDecoder(object_pairs_hook=_object)


def _of_lines(text: Any) -> Iterator[tuple[int, Any, int]]:
    """Line, object or reason, characters."""
    number = 0
    while line := text.readline(MOST_LINE):
        number += 1
        if len(line) >= MOST_LINE:
            raise at(number, f"has more than {MOST_LINE:,} characters, which is the limit of a line")
        if not (stripped := line.strip()):
            continue
        try:
            yield number, _decoder.decode(stripped), len(line)
        except (ValueError, RecursionError) as error:
            if number == 1 and stripped == "{":
                raise at(1, "an object must be on one line (JSON Lines), or in an array") from error
            yield number, f"is no JSON: {_reason(error)}", len(line)


def _of_array(text: Any) -> Iterator[tuple[int, Any, int]]:
    """The same, of an array that is read a piece at a time."""
    buffer, is_first = _Buffer(text), True
    line, place = buffer.skip(0, 1)
    place += 1  # the bracket
    while True:
        line, place = buffer.skip(place, line)
        char = buffer.text[place : place + 1]
        if char == "]":
            return
        if not is_first:
            if char != ",":
                raise at(line, "a comma or the array's end is missing" if char else "the array has no end")
            line, place = buffer.skip(place + 1, line)
        is_first = False
        start = place
        value, place = buffer.value(place, line)
        yield line, "is no object" if isinstance(value, str) else value, place - start
        line += buffer.text.count("\n", start, place)
        if place > CHUNK:
            buffer.text, place = buffer.text[place:], 0


class _Buffer:
    """A piece of a text, which grows at its end."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self.text = ""

    def grow(self) -> bool:
        """Read on, at least as much as there is; false at the end."""
        more = self._text.read(max(CHUNK, len(self.text)))
        self.text += more
        return bool(more)

    def skip(self, place: int, line: int) -> tuple[int, int]:
        """The line and the place of the next character that is not blank."""
        while True:
            while place < len(self.text) and self.text[place] in _BLANK:
                line += self.text[place] == "\n"
                place += 1
            if place < len(self.text):
                return line, place
            self.text, place = "", 0
            if not self.grow():
                return line, 0

    def value(self, place: int, line: int) -> tuple[Any, int]:
        """The value that begins here, and where it ends."""
        while True:
            try:
                value, end = _decoder.raw_decode(self.text, place)
                if end < len(self.text) or not self.grow():  # a number may go on
                    return value, end
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or len(self.text) - place > MOST_LINE or not self.grow():
                    line += self.text.count("\n", place, getattr(error, "pos", place))
                    raise at(line, f"is no JSON: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "brackets are nested too deep"
    return error.msg if isinstance(error, json.JSONDecodeError) else "a number has too many digits"
