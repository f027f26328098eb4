"""Numeric columns as network inputs: standardised, or as they are."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.domain.tables import Raw, Standardized
from app.encoding.encoder import Columns
from app.encoding.rows import FloatMatrix

FARTHEST = 1e6  # deviations or units; farther values count as so far, which keeps float32 finite

Numbers = NDArray[np.float64]
Bounds = Sequence[Sequence[float]]  # of each column the least and the greatest value in the training split


class TableEncoder(ABC):
    """(value - shift) / scale, column by column."""

    kind: ClassVar[str]
    mean: Numbers
    fills = False  # whether a missing number is taken to be the mean: since then the task has let columns be left out
    usual: FloatMatrix | None = None  # (columns,) the encoded row of the training split's means, if it is not zeros

    def __init__(self, columns: Sequence[str], shift: Numbers, scale: Numbers, bounds: Bounds | None) -> None:
        if not len(columns) == len(shift) == len(scale):
            raise ValueError("columns, mean and std differ in length")
        self.columns = list(columns)
        self._shift = shift
        self._scale = scale
        self.bounds = [[float(value) for value in row] for row in bounds] if bounds else None
        # Encoded as any row is: a training row's own values lie within them to the last bit.
        self.span = (
            self.encode({name: column for name, *column in zip(self.columns, *self.bounds, strict=True)})
            if self.bounds
            else None
        )

    @property
    def width(self) -> int:
        """Numbers per encoded row."""
        return len(self.columns)

    def encode(self, columns: Columns) -> FloatMatrix:
        """(rows, columns) float32."""
        values = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in self.columns])
        if self.fills:
            values = np.where(np.isnan(values), self.mean, values)
        with np.errstate(over="ignore"):  # a deviation may be next to nothing
            scaled = (values - self._shift) / self._scale
        rows: FloatMatrix = np.clip(scaled, -FARTHEST, FARTHEST).astype(np.float32)
        return rows

    def doubts(self, rows: FloatMatrix) -> list[tuple[int, str, str]]:
        """Row, column and what about it no training row is like, of encoded rows."""
        if self.span is None or self.bounds is None:  # of a model that was made without
            return []
        low, high = self.span
        found = []
        for row, place in np.argwhere((rows < low) | (rows > high)).tolist():
            least, most = (bound[place] for bound in self.bounds)
            message = f"lies outside the training rows' range, {least:g} to {most:g}"
            found.append((row, self.columns[place], message))
        return found

    def undo(self, row: Numbers) -> Numbers:
        """The columns' own values for an encoded row, (columns,)."""
        return row * self._scale + self._shift

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {"kind": self.kind, "columns": self.columns, **self._learnt(), "bounds": self.bounds}

    @abstractmethod
    def _learnt(self) -> dict[str, list[float]]:
        """What was learnt from the training split, besides the bounds."""


class Standardizer(TableEncoder):
    """(value - mean) / deviation, both learnt from the training split; population deviation, as NumPy's `std`."""

    kind = "standardized"

    def __init__(
        self, columns: Sequence[str], mean: Sequence[float], std: Sequence[float], bounds: Bounds | None = None
    ) -> None:
        """A column that never varies has deviation 1, so that it becomes zero instead of NaN."""
        self.mean = np.array(mean, dtype=np.float64)
        self.std: Numbers = np.array(std, dtype=np.float64)
        super().__init__(columns, self.mean, self.std, bounds)

    def _learnt(self) -> dict[str, list[float]]:
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}


class RawTable(TableEncoder):
    """The values themselves. The training split's means are kept for explanations, which compare with them."""

    kind = "raw"

    def __init__(self, columns: Sequence[str], mean: Sequence[float], bounds: Bounds | None = None) -> None:
        self.mean = np.array(mean, dtype=np.float64)
        super().__init__(columns, np.zeros_like(self.mean), np.ones_like(self.mean), bounds)
        self.usual = np.clip(self.mean, -FARTHEST, FARTHEST).astype(np.float32)

    def _learnt(self) -> dict[str, list[float]]:
        return {"mean": self.mean.tolist()}


def fitted(features: Standardized | Raw, names: Sequence[str], columns: Columns) -> TableEncoder:
    """An encoder of these columns, learnt from a training split."""
    values = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in names])
    # Not `std > 0`: the mean of equal values has a rounding error, and so has their deviation.
    varies = np.ptp(values, axis=0) > 1e-9 * np.maximum(1.0, np.abs(values).max(axis=0))
    mean: list[float] = np.where(varies, values.mean(axis=0), values[0]).tolist()
    bounds: Bounds = [values.min(axis=0).tolist(), values.max(axis=0).tolist()]
    if isinstance(features, Raw):
        return RawTable(names, mean, bounds)
    std: list[float] = np.where(varies, values.std(axis=0), 1.0).tolist()
    return Standardizer(names, mean, std, bounds)


def loaded(saved: Mapping[str, Any]) -> TableEncoder:
    """The encoder that `to_json` described.

    Raises:
        KeyError, TypeError, ValueError: it describes none.
    """
    kind, columns, mean, bounds = saved["kind"], saved["columns"], saved["mean"], saved.get("bounds")
    if kind == RawTable.kind:
        return RawTable(columns, mean, bounds)
    if kind == Standardizer.kind:
        return Standardizer(columns, mean, saved["std"], bounds)
    raise ValueError(f"unknown preprocessing {kind!r}")
