"""The numbers behind the curves: means and spreads over folds or seeds, few enough points to draw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.wire.runs import Epoch

SPANS_MAGNITUDES = 50  # largest over smallest, from where a linear axis hides the small values


@dataclass(frozen=True)
class Series:
    """One figure by epoch, over the repetitions of a run that reached the epoch; all arrays are (epochs,)."""

    epochs: NDArray[np.int64]  #: ascending, from 1
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]  #: population standard deviation; 0 without repetitions
    count: NDArray[np.int64]  #: how many repetitions have it

    def __len__(self) -> int:
        """How many epochs have it."""
        return len(self.epochs)

    def since(self, first_epoch: int) -> "Series":
        """The same without the epochs before `first_epoch`."""
        keep = self.epochs >= first_epoch
        return Series(self.epochs[keep], self.mean[keep], self.spread[keep], self.count[keep])

    def thinned(self, most: int) -> "Series":
        """At most `most` of the epochs, evenly spread, the first and the last among them."""
        keep = thin(len(self), most)
        return Series(self.epochs[keep], self.mean[keep], self.spread[keep], self.count[keep])


@dataclass(frozen=True)
class Repeated:
    """The epochs of a run that are drawn, and what they repeat: "4 folds", "5 seeds" or None."""

    epochs: list[Epoch]
    over: str | None


def repeated(epochs: Sequence[Epoch]) -> Repeated:
    """The folds where there are folds, without the fit that follows them; else the seeds where there are seeds."""
    folds = [e for e in epochs if e.fold is not None]
    drawn = folds or list(epochs)
    seeds = {e.seed for e in drawn if e.seed is not None}
    if len(seeds) > 1:
        drawn = [e for e in drawn if e.seed is not None]
    parts = [(len({e.fold for e in folds}), "fold"), (len(seeds), "seed")]
    names = [f"{count} {name}s" for count, name in parts if count > 1]
    return Repeated(drawn, " × ".join(names) or None)


def series(epochs: Iterable[Epoch], name: str) -> Series:
    """The figure `name` by epoch, where it was measured and is a number."""
    values: dict[int, list[float]] = {}
    for epoch in epochs:
        value = epoch.metrics.get(name)
        if value is not None and np.isfinite(value):
            values.setdefault(epoch.epoch, []).append(value)
    numbers = sorted(values)
    return Series(
        np.array(numbers, dtype=np.int64),
        np.array([np.mean(values[n]) for n in numbers], dtype=np.float64),
        np.array([np.std(values[n]) for n in numbers], dtype=np.float64),
        np.array([len(values[n]) for n in numbers], dtype=np.int64),
    )


def best_epoch(loss: Series) -> int | None:
    """Where the mean is lowest among the epochs that all repetitions reached: one lucky fold is no mean."""
    if not len(loss):
        return None
    mean = np.where(loss.count == loss.count.max(), loss.mean, np.inf)
    return int(loss.epochs[mean.argmin()])


def thin(count: int, most: int) -> NDArray[np.int64]:
    """Positions of at most `most` of `count` things, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def spans_magnitudes(drawn: Iterable[Series]) -> bool:
    """Whether a logarithmic axis suits: all means positive, the largest more than 50 times the smallest."""
    means = np.concatenate([np.empty(0), *(s.mean for s in drawn)])
    return bool(len(means) and means.min() > 0 and means.max() > SPANS_MAGNITUDES * means.min())
