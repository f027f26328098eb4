"""Between which bounds a figure of the test split is likely to lie: 95 % intervals, by formula."""

import math
from statistics import NormalDist
from typing import NamedTuple

Z = NormalDist().inv_cdf(0.975)  # standard deviations on either side that hold 95 %


class Interval(NamedTuple):
    """Both bounds of a figure."""

    low: float
    high: float


def of_share(share: float, rows: int) -> Interval:
    """Of a share of right answers among so many rows, at least one: Wilson's (1927), which stays within 0 and 1."""
    z2 = Z * Z
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = Z / (1 + z2 / rows) * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    # Rounding must not leave the share itself outside.
    return Interval(max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def of_mean(mean: float, deviation: float, rows: int) -> Interval:
    """Of a mean over rows, none below zero: the normal one. `deviation`: of the rows' values (population's)."""
    half = Z * deviation / math.sqrt(rows)
    return Interval(max(0.0, mean - half), mean + half)
