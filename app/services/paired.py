"""Two models on the same test rows: whether chance explains the difference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation

LEVEL = 0.05  # of significance, the usual one


@dataclass(frozen=True)
class Paired:
    """Of two models' answers on the same rows."""

    p_value: float
    lead: float  # above zero where the first is better, below where the second is


def paired(one: Evaluation, other: Evaluation, *, by_errors: bool) -> Paired:
    """McNemar's test of which rows are right, or Wilcoxon's of absolute errors."""
    if by_errors:
        return wilcoxon(other.errors() - one.errors())
    first, second = one.right(), other.right()
    return mcnemar(int(np.sum(first & ~second)), int(np.sum(second & ~first)))


def same_rows(one: Evaluation, other: Evaluation) -> bool:
    """Whether both have learnt the same targets of as many rows; whether it is one dataset, the manifests say."""
    return one.target.dtype == other.target.dtype and np.array_equal(one.target, other.target)


def mcnemar(first: int, second: int) -> Paired:
    """Of so many rows won by each."""
    from scipy import stats  # slow to import, and most API processes never compare

    p = float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0
    return Paired(p, first - second)


def wilcoxon(gains: NDArray[np.float64]) -> Paired:
    """Of the rows' differences, (rows,)."""
    from scipy import stats

    gains = gains[gains != 0]
    if not len(gains):
        return Paired(1.0, 0.0)
    ranks = stats.rankdata(np.abs(gains))
    return Paired(float(stats.wilcoxon(gains).pvalue), float(np.sum(ranks * np.sign(gains))))
