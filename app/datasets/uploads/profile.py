"""What the columns of a file hold, found in one pass in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.uploads.problems import beyond
from app.datasets.uploads.reading import Batch, Reader
from app.encoding.cells import MOST_SHORT, days_of, is_missing, is_plain_comma, is_slashed, kind_of
from app.wire.datasets import FIRST_ROWS, Fault, ImportPlan

LONGEST_VALUE = 200  # characters of a label or a category
MOST_VALUES = 1_001  # counted of a column, in any case: one more than a category may have
ALL_VALUES = 300_000  # counted of all columns together
ALL_NUMBERS = 1_000_000  # kept of all columns together, for their quantiles
MOST_NUMBERS = 10_000  # kept of one
SHOWN = 300  # characters of a cell, in the first rows


@dataclass
class Profile:
    """A column."""

    name: str
    most_values: int
    most_numbers: int
    kinds: Counter[str] = field(default_factory=Counter)  # of the cells
    values: dict[Any, int] | None = field(default_factory=dict)  # and their rows; None if there are too many
    items: Counter[Any] = field(default_factory=Counter)  # of lists
    is_long: bool = False  # whether some value is too long for a label
    characters: int = 0
    words: int = 0
    day_first: int = 0  # dates with slashes that can only be read so
    month_first: int = 0
    least: float = np.inf
    greatest: float = -np.inf
    kept: list[float] = field(default_factory=list)  # a sample of the numbers
    numbers: int = 0
    plain_commas: int = 0  # numbers whose comma may be a decimal one
    sure_commas: int = 0  # and can be nothing else
    nested_line: int | None = None  # where the first object is, if there is one

    @property
    def rows(self) -> int:
        """All of the file."""
        return self.kinds.total()

    @property
    def filled(self) -> int:
        """Those with a value."""
        return self.rows - self.kinds["blank"] - self.kinds["absent"]

    def share(self, *kinds: str) -> float:
        """Of the cells that are filled, those of these kinds."""
        return sum(self.kinds[kind] for kind in kinds) / max(1, self.filled)

    @property
    def distinct(self) -> int:
        """Different values that are not missing; of very many a lower bound."""
        if self.values is None:
            return self.most_values
        if not self.kinds["blank"]:
            return len(self.values)
        return sum(not is_missing(value, words=False) for value in self.values)

    def is_day_first(self, otherwise: bool = False) -> bool:
        """Whether the day comes first in its dates with slashes."""
        return self.day_first > self.month_first if self.day_first or self.month_first else otherwise

    def update(self, cells: list[Any], random: np.random.Generator) -> None:
        """Look at some more cells."""
        numbers = self._all_numbers(cells)
        if numbers is not None:
            self.kinds["number"] += len(numbers)
            self.kinds["blank"] += len(cells) - len(numbers)
            if self.values is not None:
                self._count(Counter(cells))
        else:
            numbers = self._one_by_one(cells)
        if len(numbers):
            self.least = min(self.least, float(numbers.min()))
            self.greatest = max(self.greatest, float(numbers.max()))
            self._keep(numbers, random)

    def _all_numbers(self, cells: list[Any]) -> Any:
        """Their numbers, if it looks as if all cells were numbers and they are."""
        if self.rows != self.kinds["number"] + self.kinds["blank"] or not cells or type(cells[0]) is not str:
            return None
        try:
            found = pc.cast(pa.array([cell or None for cell in cells], pa.string()), pa.float64()).drop_null()
        except (pa.ArrowException, UnicodeError, TypeError):
            return None
        numbers = found.to_numpy(zero_copy_only=False)
        return numbers if np.isfinite(numbers).all() else None

    def _one_by_one(self, cells: list[Any]) -> Any:
        numbers: list[float] = []
        counts = self._hashable(cells)
        for value, rows in counts.items():
            kind, number = kind_of(value)
            if isinstance(value, str) and len(value) <= MOST_SHORT and is_slashed(value):
                kind, number = self._slashed(value, rows, kind, number)
            self.kinds[kind] += rows
            if kind in {"number", "date", "flag"}:
                numbers += [number] * rows
            elif kind == "comma":
                is_plain, is_sure = is_plain_comma(value)
                self.plain_commas += rows * is_plain
                self.sure_commas += rows * is_sure
            elif kind == "text":
                self.characters += len(value) * rows
                self.words += (value.count(" ") + 1) * rows
        if self.values is not None:
            self._count(counts)
        return np.array(numbers)

    def _slashed(self, text: str, rows: int, kind: str, number: float) -> tuple[str, float]:
        """A date such as 31/1/2026 is one where the day comes first."""
        day_first = days_of(text, day_first=True)
        if day_first is None:
            self.month_first += rows * (kind == "date")
        elif kind != "date":
            self.day_first += rows
            return "date", float(day_first)
        return kind, number

    def _hashable(self, cells: list[Any]) -> Counter[Any]:
        try:
            return Counter(cells)
        except TypeError:
            pass
        plain = []
        for cell in cells:
            if isinstance(cell, list):
                self.kinds["list"] += 1
                if len(self.items) < self.most_values:
                    self.items.update(str(item) for item in cell[:100])
            elif isinstance(cell, dict):
                self.kinds["nested"] += 1
            else:
                plain.append(cell)
        return Counter(plain)

    def _count(self, counts: Counter[Any]) -> None:
        assert self.values is not None
        for value, rows in counts.items():
            if isinstance(value, str | bytes) and len(value) > LONGEST_VALUE:
                self.is_long, self.values = True, None
                return
            self.values[value] = self.values.get(value, 0) + rows
        if len(self.values) > self.most_values:
            self.values = None

    def _keep(self, numbers: Any, random: np.random.Generator) -> None:
        """Algorithm R (Vitter 1985), for many at once."""
        free = self.most_numbers - len(self.kept)
        self.kept += numbers[:free].tolist()
        rest = numbers[max(0, free) :]
        if len(rest):
            seen = self.numbers + max(0, free) + np.arange(1, len(rest) + 1)
            places = (random.random(len(rest)) * seen).astype(np.int64)
            for place, number in zip(places.tolist(), rest.tolist(), strict=True):
                if place < self.most_numbers:
                    self.kept[place] = number
        self.numbers += len(numbers)

    def common(self, *, words: bool) -> list[tuple[Any, int]]:
        """The values, most frequent first, without missing ones."""
        found = [(value, rows) for value, rows in (self.values or {}).items() if not is_missing(value, words=words)]
        return sorted(found, key=lambda pair: (-pair[1], str(pair[0])))


@dataclass
class Overview:
    """A file, gone through once."""

    profiles: list[Profile] = field(default_factory=list)
    rows: int = 0  # those that could be read
    faulty: int = 0
    faults: list[Fault] = field(default_factory=list)
    first_rows: list[dict[str, Any]] = field(default_factory=list)

    def update(self, batch: Batch, names: list[str], random: np.random.Generator, most_labels: int) -> None:
        """Look at some more rows."""
        for name in names[len(self.profiles) :]:
            wide = max(MOST_VALUES, min(most_labels + 1, ALL_VALUES // len(names)))
            profile = Profile(name, wide, max(100, min(MOST_NUMBERS, ALL_NUMBERS // len(names))))
            profile.kinds["blank"] = self.rows  # an object that has more names than those before
            self.profiles.append(profile)
        for profile, cells in zip(self.profiles, batch.columns, strict=True):
            profile.update(cells, random)
            if profile.kinds["nested"] and profile.nested_line is None:
                profile.nested_line = next(
                    (line for line, cell in zip(batch.lines, cells, strict=True) if isinstance(cell, dict)), None
                )
        for row in range(min(len(batch.lines), FIRST_ROWS - len(self.first_rows))):
            row_cells = zip(names, batch.columns, strict=True)
            self.first_rows.append({name: _shown(column[row]) for name, column in row_cells})
        self.rows += len(batch.lines)
        self.faulty += len(batch.faults)
        self.faults += batch.faults[: max(0, 20 - len(self.faults))]


def overview(reader: Reader, plan: ImportPlan, progress: Any) -> Overview:
    """The whole file, once.

    Raises:
        Problem: it has too many rows or columns, or cannot be read.
    """
    found, random = Overview(), np.random.default_rng(plan.seed)
    for batch in reader.batches(look=True):
        found.update(batch, reader.names, random, plan.most_labels)
        if found.rows + found.faulty > plan.most_rows:
            raise beyond(plan, "most_rows", "the file has too many rows")
        progress(batch.done, found.rows)
    return found


def _shown(cell: Any) -> Any:
    if isinstance(cell, bytes):
        return "…"
    if isinstance(cell, str):
        return cell if len(cell) <= SHOWN else cell[: SHOWN - 1] + "…"
    if isinstance(cell, float) and not np.isfinite(cell):
        return str(cell)
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    return _shown(str(cell))
