"""All columns of a table at a time: a round of NumPy for each takes longer than the arithmetic."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding import parts, scales
from app.encoding.encoder import Columns
from app.encoding.rows import FloatMatrix
from app.encoding.table import FARTHEST

AT_ONCE = 2**15  # numbers that are on their way at a time, which a core's own cache holds


class NumberBlock:
    """The numbers whose places are straight lines between bounds, which those of two of the scales are."""

    def __init__(
        self, names: Sequence[str], lines: Sequence[scales.Lines], places: Sequence[int], gaps: Sequence[int]
    ) -> None:
        """`places`: where each column begins in an encoded row; `gaps`: where it is told missing, -1 if it is not."""
        self._names = list(names)
        widths = [len(line.shift) for line in lines]
        self._of = np.repeat(np.arange(len(lines)), widths)  # which column each place is of
        self._places = np.concatenate([np.arange(at, at + width) for at, width in zip(places, widths, strict=True)])
        first, last = int(self._places[0]), int(self._places[-1])
        together = last - first + 1 == len(self._places)
        self._where: Any = slice(first, last + 1) if together else self._places
        self._shift, self._scale, least, most = (np.concatenate(each) for each in zip(*lines, strict=True))
        self._least, self._most = np.maximum(least, -FARTHEST), np.minimum(most, FARTHEST)
        told = np.array(gaps, dtype=np.int64)
        self._optional = np.flatnonzero(told >= 0)
        self._told = told[self._optional]
        self._is_plain = widths == [1] * len(widths)

    def encode(self, columns: Columns, start: int, end: int, rows: FloatMatrix, usual: FloatMatrix) -> None:
        """Fill these columns' places in `rows`, those of the rows from `start` to `end`."""
        if end - start == 1:
            values = np.array([[columns[name][start] for name in self._names]], dtype=np.float64)
        else:
            values = np.array([columns[name][start:end] for name in self._names], dtype=np.float64).T
        gaps = np.isnan(values)
        has_gaps = bool(gaps.any())
        np.maximum(values, -scales.LARGEST, out=values)
        np.minimum(values, scales.LARGEST, out=values)
        found = values if self._is_plain else values.take(self._of, axis=1)
        found -= self._shift
        with np.errstate(over="ignore"):  # a deviation may be next to nothing
            found /= self._scale
        np.maximum(found, self._least, out=found)
        np.minimum(found, self._most, out=found)
        if has_gaps:
            found = np.where(gaps.take(self._of, axis=1), usual[self._where], found)
        rows[:, self._where] = found
        if len(self._told):
            rows[:, self._told] = gaps[:, self._optional]


class Doubts:
    """What no training row is like: numbers and days beyond theirs, and categories that none has."""

    def __init__(self, columns: Sequence[parts.ColumnPart], starts: NDArray[np.int64], gaps: Sequence[int]) -> None:
        """`starts`: where each column begins, and the end; `gaps` as of the block."""
        width = int(starts[-1])
        self._starts, self._told = starts[:-1], [part.told for part in columns]
        self._low, self._high = np.full(width, -np.inf, np.float32), np.full(width, np.inf, np.float32)
        listed: list[NDArray[np.int64]] = []
        needed: list[float] = []
        for part, start in zip(columns, starts[:-1].tolist(), strict=True):
            if part.bounds is not None:
                low, high = part.bounds
                self._low[start : start + len(low)], self._high[start : start + len(high)] = low, high
            if part.kind == parts.CategoryPart.kind:
                listed.append(np.arange(start, start + len(part.names)))
                needed += [1.0] * (len(part.names) - 1) + [np.inf]  # the last one is that of unseen values
        self._categories = np.array(
            [place for place, part in enumerate(columns) if part.kind == parts.CategoryPart.kind], dtype=np.int64
        )
        self._places = np.concatenate([*listed, np.zeros(0, dtype=np.int64)])
        self._needed = np.array(needed, dtype=np.float32)
        self._firsts = np.cumsum([0, *map(len, listed)])[:-1]
        told = np.array(gaps, dtype=np.int64)
        self._optional = np.flatnonzero(told >= 0)
        self._gaps = told[self._optional]

    def find(self, rows: FloatMatrix) -> list[tuple[int, int, str]]:
        """Row, column and what is odd about it, by column."""
        outside = (rows < self._low) | (rows > self._high)
        odd = None
        if outside.any():
            odd = np.logical_or.reduceat(outside, self._starts, axis=1)
        if len(self._places):
            known = np.logical_or.reduceat(rows[:, self._places] >= self._needed, self._firsts, axis=1)
            if not known.all():
                if odd is None:
                    odd = np.zeros((len(rows), len(self._starts)), dtype=bool)
                odd[:, self._categories] |= ~known
        if odd is None:
            return []
        odd[:, self._optional] &= rows[:, self._gaps] < 1
        return [(row, column, self._told[column]) for column, row in np.argwhere(odd.T).tolist()]
