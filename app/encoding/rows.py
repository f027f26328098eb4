"""Encoded rows as the first layer wants them: a float matrix, or something smaller that stands for one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float32]


@dataclass(frozen=True)
class SparseRows:
    """A (rows, width) matrix that is zero but for a few places, kept as the columns of these.

    Row i has ones, or its `values`, at `indices[offsets[i]:offsets[i + 1]]`, ascending and without repeats, never none.
    IMDB as a float32 matrix of 10,000 columns takes 1 GB per split; this takes 12 MB.
    """

    indices: NDArray[np.int32]  # (places,)
    offsets: NDArray[np.int64]  # (rows + 1,), from 0 to len(indices)
    width: int
    known: NDArray[np.float64]  # (rows,) share of the row's words that the vocabulary holds; NaN without words
    values: NDArray[np.float32] | None = None  # (places,) ones if there are none
    words: NDArray[np.int64] | None = None  # (rows,) how many words each text has, where that matters

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[np.int64]) -> "SparseRows":
        """The rows with these numbers, in this order."""
        starts, lengths = self.offsets[rows], np.diff(self.offsets)[rows]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        # Each one's place = its row's start + its number within the row.
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        values = None if self.values is None else self.values[places]
        words = None if self.words is None else self.words[rows]
        return SparseRows(self.indices[places], offsets, self.width, self.known[rows], values, words)

    def with_values(self, values: NDArray[np.float32]) -> "SparseRows":
        """The same places with other numbers, (places,)."""
        return replace(self, values=values)

    def dense(self) -> FloatMatrix:
        """The matrix itself, (rows, width) float32."""
        matrix = np.zeros((len(self), self.width), dtype=np.float32)
        matrix[np.repeat(np.arange(len(self)), np.diff(self.offsets)), self.indices] = (
            1.0 if self.values is None else self.values
        )
        return matrix


def stacked(parts: Sequence[SparseRows], width: int) -> SparseRows:
    """The rows of all parts, one below the other."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([0, *(len(part.indices) for part in parts)])
    return SparseRows(
        np.concatenate([np.zeros(0, np.int32), *(part.indices for part in parts)]),
        np.concatenate(
            [np.zeros(1, np.int64), *(part.offsets[1:] + at for part, at in zip(parts, ends, strict=False))]
        ),
        width,
        np.concatenate([np.zeros(0), *(part.known for part in parts)]),
        _together([part.values for part in parts]),
        _together([part.words for part in parts]),
    )


def _together(arrays: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    there = [array for array in arrays if array is not None]
    return np.concatenate(there) if there else None


@dataclass(frozen=True)
class ByteRows:
    """A (rows, width) matrix of whole numbers, each divided by `scale`, kept in a quarter of the room."""

    values: NDArray[np.uint8]  # (rows, width)
    scale: int

    def __len__(self) -> int:
        return len(self.values)

    @property
    def width(self) -> int:
        """Numbers per row."""
        return int(self.values.shape[1])

    def take(self, rows: NDArray[np.int64]) -> "ByteRows":
        """The rows with these numbers, in this order."""
        return ByteRows(self.values[rows], self.scale)

    def dense(self) -> FloatMatrix:
        """The matrix itself, (rows, width) float32."""
        return np.divide(self.values, np.float32(self.scale), dtype=np.float32)


Encoded = FloatMatrix | SparseRows | ByteRows


def take(rows: Encoded, numbers: NDArray[np.int64]) -> Encoded:
    """The rows with these numbers, in this order, of the same kind."""
    return rows[numbers] if isinstance(rows, np.ndarray) else rows.take(numbers)


def dense(rows: Encoded) -> FloatMatrix:
    """The rows as a (rows, width) float32 matrix."""
    return rows if isinstance(rows, np.ndarray) else rows.dense()
