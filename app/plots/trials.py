"""The trials of a sweep as numbers: their figures, the best so far, and the range worth looking at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.counting import counted
from app.plots.panels import METRIC_NAMES
from app.wire.sweeps import Sweep, TrialRow

HIGHER_IS_BETTER = {"accuracy", "f1"}
FROM_MEDIAN = 3.0  # distances of the best from the median that a scale shows beyond the median: worse is "out of it"
FEW = 8  # figures, below which all of them are shown
MARGIN = 0.06  # share of the range that is left free at both ends


@dataclass(frozen=True)
class Figures:
    """Trials that have a figure, in the order in which they were asked for; all arrays are (trials,)."""

    rows: list[TrialRow]
    number: NDArray[np.int64]
    value: NDArray[np.float64]
    pruned: NDArray[np.bool_]
    higher: bool  # whether more is better
    metric: str  # in words

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)

    def best(self) -> int | None:
        """Position of the best that ran to its end; of equal ones the first."""
        ended = np.where(self.pruned, -np.inf, self.good())
        return int(ended.argmax()) if (~self.pruned).any() else None

    def good(self) -> NDArray[np.float64]:
        """The figures, turned so that more is better."""
        return self.value if self.higher else -self.value

    def so_far(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Trials that were better than all before, and their figures; pruned ones do not count."""
        number, good = self.number[~self.pruned], self.good()[~self.pruned]
        if not len(good):
            return number, good
        rises = np.concatenate([[True], good[1:] > np.maximum.accumulate(good)[:-1]])
        return number[rises], self.value[~self.pruned][rises]

    def scale(self) -> tuple[float, float]:
        """Lowest and highest figure that is worth room: one trial that went wrong must not flatten all others."""
        low, high = float(self.value.min()), float(self.value.max())
        if len(self) >= FEW:
            middle, best = float(np.median(self.value)), high if self.higher else low
            far = middle - FROM_MEDIAN * (best - middle)
            low, high = (max(low, far), high) if self.higher else (low, min(high, far))
        if low == high:
            low, high = low - 0.02 * (abs(low) or 1.0), high + 0.02 * (abs(high) or 1.0)
        return low, high


def figures(sweep: Sweep) -> Figures:
    """Of the trials that have one that is a number."""
    rows = sorted((row for row in sweep.leaderboard if row.value is not None), key=lambda row: row.number)
    rows = [row for row in rows if row.value is not None and np.isfinite(row.value)]
    plain = sweep.plan.metric.removeprefix("val_")
    return Figures(
        rows,
        np.array([row.number for row in rows], dtype=np.int64),
        np.array([row.value for row in rows], dtype=np.float64),
        np.array([row.pruned for row in rows], dtype=np.bool_),
        plain in HIGHER_IS_BETTER,
        f"validation {METRIC_NAMES[plain]}",
    )


def told(sweep: Sweep, parts: Sequence[str] = ()) -> str:
    """How many trials a picture is of, and what became of the others."""
    known = figures(sweep)
    pruned, failed = int(known.pruned.sum()), sweep.progress.failed
    counts = [
        counted(len(known), "trial"),
        f"{pruned:,} of them stopped early" if pruned else "",
        f"{failed:,} more failed" if failed else "",
    ]
    return "; ".join(part for part in (*parts, ", ".join(filter(None, counts))) if part)
