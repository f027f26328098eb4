"""Weights of n-grams that are learnt from the labels of the rows that are trained on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import SparseRows


def naive_bayes(rows: SparseRows, targets: NDArray[Any]) -> NDArray[np.float32]:
    """(width,) how far apart the labels are in using each column (Wang & Manning 2012).

    That is the log of the ratio of two shares: of the rows with a label that have the column, and of those without. Two
    rows more have it and two have not, which are divided as the rows are: so that a label of few rows is not held for
    unlike all others. Of several labels, that which is furthest apart counts. `targets` are as `Task.targets` gives
    them: (rows,) places of labels, or (rows, labels).
    """
    found = np.zeros(rows.width, dtype=np.float32)
    for mine in _of_labels(targets):
        np.maximum(found, np.abs(_ratios(rows, mine)), out=found, casting="same_kind")
    return found


def directions(rows: SparseRows, targets: NDArray[Any]) -> NDArray[np.float32]:
    """(width,) 1 for columns that speak for the second of two labels, by the same ratio, -1 for the others.

    `targets`: (rows,) 0 or 1.
    """
    return np.sign(_ratios(rows, targets > 0)).astype(np.float32)


def _ratios(rows: SparseRows, mine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(width,) the log of the ratio for the rows that have a label; all 0 if every row has it, or none."""
    count, size = len(rows), int(mine.sum())
    if size in (0, count):
        return np.zeros(rows.width)
    total = np.bincount(rows.indices, minlength=rows.width)
    having = np.bincount(rows.indices[np.repeat(mine, np.diff(rows.offsets))], minlength=rows.width)
    share = 2 * size / count
    inside = np.log((having + share) / (size + 2 * share))
    outside = np.log((total - having + 2 - share) / (count - size + 2 * (2 - share)))
    return np.asarray(inside - outside)


def _of_labels(targets: NDArray[Any]) -> Iterator[NDArray[np.bool_]]:
    """For each label which rows have it."""
    if targets.ndim == 2:
        yield from (column > 0 for column in targets.T)
    else:
        yield from (targets == label for label in np.unique(targets).tolist())
