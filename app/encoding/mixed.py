"""Tables of columns of any kind, some of which may be missing, as network inputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.tables import MixedColumns
from app.encoding import parts
from app.encoding.blocks import AT_ONCE, Doubts, NumberBlock
from app.encoding.encoder import Columns
from app.encoding.rows import FloatMatrix
from app.encoding.scales import Numbers
from app.encoding.table import FARTHEST

VERSION = 1  # of what is saved; another one is not read
FEW = 8  # rows, of which each value is encoded by itself: a round of NumPy takes longer
MISSING = ":missing"  # name of the place that tells it, after the column's


@dataclass(frozen=True)
class _Column:
    """A column with what is told of it where it is missing."""

    name: str
    part: parts.ColumnPart
    optional: bool

    @property
    def names(self) -> list[str]:
        own = [f"{self.name}{name}" for name in self.part.names]
        return [*own, f"{self.name}{MISSING}"] if self.optional else own

    def encode(self, values: Any) -> tuple[Numbers, NDArray[np.bool_]]:
        """(rows, width), zero where the value is missing but for the place that tells it; and where it is.

        A column that was needed when this was learnt may be missing in what is asked later; nothing tells it then.
        """
        gaps = gaps_of(values)
        if not gaps.any():
            there = self.part.encode(values)
        else:
            there = np.zeros((len(gaps), len(self.part.names)))
            there[~gaps] = self.part.encode(_there(values))
        return (np.column_stack([there, gaps]) if self.optional else there), gaps

    def usual(self, values: Any) -> FloatMatrix:
        """(width,) the mean of the rows that have a value, and the share of those that have none."""
        found, gaps = self.encode(values)
        rows = np.clip(found, -FARTHEST, FARTHEST).astype(np.float32)
        width = len(self.part.names)
        there = rows[~gaps, :width].mean(axis=0, dtype=np.float64) if not gaps.all() else np.zeros(width)
        told = [gaps.mean()] if self.optional else []
        return np.concatenate([there, told]).astype(np.float32)


class MixedEncoder:
    """Columns side by side, each in places of its own.

    A place that never varies in the training split says nothing, and stays as it was there: the network has learnt
    nothing of another value.
    """

    kind = "columns"

    def __init__(self, columns: Sequence[_Column], usual: Sequence[float], fixed: Sequence[int]) -> None:
        """`usual` (width,): the mean of the encoded training rows. `fixed`: places that never vary."""
        self._columns = list(columns)
        self.columns = [name for column in columns for name in column.names]
        self.usual: FloatMatrix = np.array(usual, dtype=np.float32)
        self._fixed = np.array(fixed, dtype=np.int64)
        widths = [len(column.names) for column in columns]
        self.groups: NDArray[np.int64] = np.cumsum([0, *widths])  # where each column begins, and the end
        self.names = [column.name for column in columns]
        if self.usual.shape != (self.width,) or (self._fixed.size and not 0 <= self._fixed.max() < self.width):
            raise ValueError("usual and fixed do not fit the columns")
        self._arrange()

    def _arrange(self) -> None:
        """Which columns are encoded together, and what each needs by itself."""
        at = list(zip(self._columns, self.groups[:-1].tolist(), self.groups[1:].tolist(), strict=True))
        gaps = [end - 1 if column.optional else -1 for column, _, end in at]
        lined = [getattr(column.part, "lines", None) for column in self._columns]
        joined = [place for place, lines in enumerate(lined) if lines is not None]
        names = [self.names[place] for place in joined]
        starts = [at[place][1] for place in joined]
        own = [gaps[place] for place in joined]
        lines = [each for each in lined if each is not None]
        self._block = NumberBlock(names, lines, starts, own) if joined else None
        self._others = [each for each, lines in zip(at, lined, strict=True) if lines is None]
        self._doubts = Doubts([column.part for column in self._columns], self.groups, gaps)

    @property
    def width(self) -> int:
        """Numbers per encoded row."""
        return len(self.columns)

    @classmethod
    def fit(cls, features: MixedColumns, specs: Sequence[parts.ColumnSpec], columns: Columns) -> "MixedEncoder":
        """Learn from a training split.

        Raises:
            TypeError, ValueError: a column holds what is not of its kind.
        """
        made = [
            _Column(spec.name, parts.fitted(features, spec, _there(columns[spec.name])), not spec.required)
            for spec in specs
        ]
        usual = np.concatenate([column.usual(columns[column.name]) for column in made])
        rows = cls(made, usual.tolist(), ()).encode(columns)
        fixed = np.flatnonzero(rows.min(axis=0) == rows.max(axis=0))
        usual[fixed] = rows[0, fixed]
        return cls(made, usual.tolist(), fixed.tolist())

    def encode(self, columns: Columns) -> FloatMatrix:
        """(rows, width) float32."""
        count = len(columns[self.names[0]])
        rows = np.zeros((count, self.width), dtype=np.float32)
        if self._block:
            for start, end in self._portions(count):
                self._block.encode(columns, start, end, rows[start:end], self.usual)
        for column, start, end in self._others:
            if count <= FEW:
                for row, value in zip(rows, columns[column.name], strict=True):
                    self._encode_one(column, value, row[start:end], start)
                continue
            found, gaps = column.encode(columns[column.name])
            rows[:, start:end] = np.clip(found, -FARTHEST, FARTHEST)
            if gaps.any():
                own = start + len(column.part.names)
                rows[gaps, start:own] = self.usual[start:own]
        if self._fixed.size:
            rows[:, self._fixed] = self.usual[self._fixed]
        return rows

    def _encode_one(self, column: _Column, value: Any, places: FloatMatrix, start: int) -> None:
        own = len(column.part.names)
        if value is not None and value == value:  # noqa: PLR0124 - NaN
            column.part.encode_one(value, places[:own])
            return
        places[:own] = self.usual[start : start + own]
        if column.optional:
            places[own] = 1.0

    def microseconds(self, count: int) -> float:
        """That so many rows take, about, as measured on a core of 2023."""
        joined = len(self._columns) - len(self._others)
        each = sum(20 if column.part.kind == parts.NumberPart.kind else 8 for column, _, _ in self._others)
        together = 15 + count * (0.1 * joined + 0.015 * self.width)
        return together + each * min(count, FEW + count / 16)

    def _portions(self, count: int) -> Iterator[tuple[int, int]]:
        """So many rows at a time that their numbers take little memory."""
        size = max(1, AT_ONCE // self.width)
        return ((start, min(start + size, count)) for start in range(0, count, size))

    def restore(self, row: Numbers) -> dict[str, Any]:
        """The columns' own values for an encoded row, (width,); None for what is missing or cannot be told."""
        found = {}
        for column, start, end in zip(self._columns, self.groups[:-1], self.groups[1:], strict=True):
            missing = column.optional and row[end - 1] > 0.5
            found[column.name] = None if missing else column.part.restore(row[start : end - column.optional])
        return found

    def doubts(self, rows: FloatMatrix) -> list[tuple[int, str, str]]:
        """Row, column and what about it no training row is like."""
        return [
            (start + row, self.names[column], told)
            for start, end in self._portions(len(rows))
            for row, column, told in self._doubts.find(rows[start:end])
        ]

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        columns = [
            {"name": column.name, "kind": column.part.kind, "optional": column.optional, **column.part.to_json()}
            for column in self._columns
        ]
        usual = [float(value) for value in self.usual]
        return {
            "kind": self.kind,
            "version": VERSION,
            "columns": columns,
            "usual": usual,
            "fixed": self._fixed.tolist(),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "MixedEncoder":
        """The encoder that `to_json` described.

        Raises:
            KeyError, TypeError, ValueError: it describes none, or is of another version.
        """
        if saved["version"] != VERSION:
            raise ValueError(f"version {saved['version']!r} of the preprocessing is not known; this is {VERSION}")
        columns = [_Column(each["name"], parts.loaded(each), bool(each["optional"])) for each in saved["columns"]]
        return cls(columns, saved["usual"], saved["fixed"])


def gaps_of(values: Any) -> NDArray[np.bool_]:
    """Which values are missing: null, and of floats NaN."""
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    return np.array([value is None or value != value for value in values], dtype=bool)  # noqa: PLR0124  # NaN


def _there(values: Any) -> Any:
    """Those that are not missing."""
    gaps = gaps_of(values)
    return [value for value, gap in zip(values, gaps.tolist(), strict=True) if not gap] if gaps.any() else values


def width_of(features: MixedColumns, specs: Sequence[parts.ColumnSpec]) -> int:
    """The most places that these columns may need."""
    return sum(parts.width_of(features, spec) + (not spec.required) for spec in specs)
