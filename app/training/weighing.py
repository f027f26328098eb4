"""Weights of n-grams that are learnt from the labels of the rows that are trained on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import SparseRows
from app.errors import DatasetInvalid

MOST_CELLS = 2**27  # n-grams times labels, 1 GiB of counts


def naive_bayes(rows: SparseRows, targets: NDArray[Any]) -> NDArray[np.float32]:
    """(width,) how far apart the labels are in using each column (Wang & Manning 2012).

    That is the log of the ratio of two shares: of the rows with a label that have the column, and of those without,
    either with one row more that has it and one that has not. Of several labels, that which is furthest apart counts.
    `targets` are as `Task.targets` gives them: (rows,) places of labels, or (rows, labels).

    Raises:
        DatasetInvalid: there are too many labels for so many columns.
    """
    labels = int(targets.max()) + 1 if targets.ndim == 1 else targets.shape[1]
    if rows.width * labels > MOST_CELLS:
        raise DatasetInvalid(
            f"features.weights naive_bayes counts {rows.width:,} n-grams for {labels:,} labels, more than "
            f"{MOST_CELLS:,} numbers: choose fewer n-grams (features.size), or tf_idf"
        )
    having = _counts(rows, targets, labels)
    of_label = _sums(targets, labels)
    # Texts with the column, of all; each row counts once.
    total = np.bincount(rows.indices, minlength=rows.width)[:, None]
    inside = np.log((having + 1) / (of_label + 2))
    outside = np.log((total - having + 1) / (len(rows) - of_label + 2))
    found: NDArray[np.float32] = np.abs(inside - outside).max(axis=1).astype(np.float32)
    return found


def _counts(rows: SparseRows, targets: NDArray[Any], labels: int) -> NDArray[np.int64]:
    """(width, labels) how many rows with a label have a column."""
    lengths = np.diff(rows.offsets)
    if targets.ndim == 1:
        cells = rows.indices.astype(np.int64) * labels + np.repeat(targets, lengths)
        return np.bincount(cells, minlength=rows.width * labels).reshape(rows.width, labels)
    found = np.zeros((rows.width, labels), dtype=np.int64)
    for label in range(labels):
        mine = np.repeat(targets[:, label] > 0, lengths)
        found[:, label] = np.bincount(rows.indices[mine], minlength=rows.width)
    return found


def _sums(targets: NDArray[Any], labels: int) -> NDArray[np.int64]:
    if targets.ndim == 1:
        return np.bincount(targets, minlength=labels)
    return np.asarray((targets > 0).sum(axis=0), dtype=np.int64)
