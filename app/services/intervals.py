"""95 % intervals of a model's figure, from its answers on the test split."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import MILLION, Evaluation

Z = 1.959964  # of the normal distribution, for 95 %
Interval = tuple[float, float]


def interval_of(metric: str, evaluation: Evaluation) -> Interval | None:
    """Of accuracy, f1 or mae: by how much it may differ for other rows of the same sort.

    None without rows, and where what it is made of was not kept.
    """
    return _INTERVALS[metric](evaluation) if len(evaluation.target) else None


def wilson(hits: int, rows: int) -> Interval:
    """Of a share: Wilson's score interval, which stays within 0 and 1 and holds for few rows and shares near them."""
    share, spread = hits / rows, Z**2 / rows
    middle = share + spread / 2
    half = Z * math.sqrt((share * (1 - share) + spread / 4) / rows)
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def _of_accuracy(evaluation: Evaluation) -> Interval:
    right = evaluation.right()
    return wilson(int(np.sum(right)), len(right))


def _of_mae(evaluation: Evaluation) -> Interval | None:
    """Of a mean."""
    errors, kept = evaluation.errors(), evaluation.millionths
    if evaluation.target.dtype.kind != "f":  # labels, learnt as the numbers 0 and 1
        if kept is None or kept.ndim == 1:
            return None
        errors = np.abs(kept[:, 0] / MILLION - evaluation.target)
    return _around(float(np.mean(errors)), errors - np.mean(errors), math.inf)


def _of_f1(evaluation: Evaluation) -> Interval:
    """Of a ratio of two means over rows, by how it changes with each of them."""
    target, predicted = evaluation.target > 0, evaluation.predicted > 0
    hits = 2.0 * np.sum(target & predicted, axis=1)  # (rows,)
    both = (np.sum(target, axis=1) + np.sum(predicted, axis=1)).astype(np.float64)
    if not both.sum():
        return 0.0, 1.0
    value = float(hits.sum() / both.sum())
    return _around(value, (hits - value * both) / np.mean(both), 1.0)


def _around(value: float, parts: NDArray[np.float64], most: float) -> Interval:
    """`parts` (rows,): by how much each row draws the value away, 0 in the mean."""
    half = Z * math.sqrt(float(np.sum(parts**2)) / max(1, len(parts) - 1) / len(parts))
    return max(0.0, value - half), min(most, value + half)


_INTERVALS: dict[str, Callable[[Evaluation], Interval | None]] = {
    "accuracy": _of_accuracy,
    "f1": _of_f1,
    "mae": _of_mae,
}
