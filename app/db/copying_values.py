"""Values on their way from SQLite to PostgreSQL: the same, but for the few that PostgreSQL does not hold."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, String, Table

ZERO, INSTEAD = "\x00", "\ufffd"
MARKS = ("\\u0000", "NaN", "Infinity")  # in JSON as Python writes it, where it may be none of PostgreSQL's
SIZE = 16  # bytes of a row's checksum

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Checksum:
    """Of all rows of a table, in whatever order."""

    rows: int
    total: str  # the sum of the rows' own checksums, in hexadecimal


class Summing:
    """Adds up rows. The columns' values come as SQLAlchemy reads them, JSON as text: the same from both databases."""

    def __init__(self) -> None:
        self._rows = self._total = 0

    def add(self, values: Values) -> None:
        """One row more."""
        digest = hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()
        self._rows += 1
        self._total = (self._total + int.from_bytes(digest, "big")) % 2 ** (8 * SIZE)

    def result(self) -> Checksum:
        """Of all of them so far."""
        return Checksum(self._rows, f"{self._total:0{2 * SIZE}x}")


class Fitting:
    """Makes rows such as PostgreSQL holds: a zero character is U+FFFD then, a NaN or infinity in JSON null."""

    def __init__(self, table: Table) -> None:
        self._texts = [n for n, column in enumerate(table.c) if isinstance(column.type, String)]
        self._json = [n for n, column in enumerate(table.c) if isinstance(column.type, JSON)]
        self.changed = 0  # values so far

    def __call__(self, values: Values) -> Values:
        """The row as it is, or with these values in place of others."""
        found: dict[int, Any] = {}
        for n in self._texts:
            if values[n] is not None and ZERO in values[n]:
                found[n] = values[n].replace(ZERO, INSTEAD)
        for n in self._json:
            text = values[n]
            if isinstance(text, int | float):  # SQLite keeps JSON that is nothing but a number as this number
                found[n] = json.dumps(text)
            elif text is not None and any(mark in text for mark in MARKS) and (fit := fitting(text)) != text:
                found[n] = fit
        if not found:
            return values
        self.changed += sum(isinstance(values[n], str) for n in found)
        return tuple(found.get(n, value) for n, value in enumerate(values))


def fitting(text: str) -> str:
    """JSON that PostgreSQL takes; to the character what it was, if it has nothing of the other sort."""
    found = _Found()
    value = found.look(json.loads(text, parse_constant=found.constant))
    return json.dumps(value) if found.any else text


class _Found:
    """Whether there was anything."""

    def __init__(self) -> None:
        self.any = False

    def constant(self, _: str) -> None:
        self.any = True

    def look(self, value: Any) -> Any:
        if isinstance(value, str):
            self.any = self.any or ZERO in value
            return value.replace(ZERO, INSTEAD)
        if isinstance(value, dict):
            return {self.look(key): self.look(each) for key, each in value.items()}
        return [self.look(each) for each in value] if isinstance(value, list) else value
