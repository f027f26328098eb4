"""The curves of a fit: its figures by epoch, smoothed where there are many, and how much they jitter."""

import itertools
import statistics
from collections.abc import Mapping, Sequence

from app.domain.runs import Figures

EPOCHS_A_POINT = 20  # of a curve so many times as long, neighbours are averaged
JITTER = 0.01  # deviation of an epoch from its neighbours, as a share of what is usual: below, a curve is clear


class Curve:
    """Of one fit, or the mean of several."""

    def __init__(self, epochs: Sequence[Mapping[str, float]]) -> None:
        """`epochs`: the figures of each, from the first on, without gaps."""
        self._epochs = epochs

    @classmethod
    def mean(cls, fits: Sequence[Sequence[Figures]]) -> "Curve":
        """Over fits, as long as all of them go on: an end would look like a jump."""
        if not fits:
            return cls([])
        names = (
            [name for name in fits[0][0] if all(name in figures for fit in fits for figures in fit)] if fits[0] else []
        )
        return cls(
            [
                {name: statistics.fmean(figures[name] for figures in together) for name in names}
                for together in zip(*fits, strict=False)
            ]
        )

    def __len__(self) -> int:
        return len(self._epochs)

    def figures(self, name: str) -> list[float]:
        """One figure by epoch; empty if it was not measured in each."""
        found = [figures[name] for figures in self._epochs if name in figures]
        return found if len(found) == len(self._epochs) else []

    def smoothed(self, name: str) -> list[float]:
        """Its mean over an epoch's neighbours, at the ends over fewer, where the curve jitters; else as it is."""
        values = self.figures(name)
        reach = self.window(name) // 2
        if not reach:
            return values
        sums = [0.0, *itertools.accumulate(values)]
        found = []
        for at in range(len(values)):
            near = min(reach, at, len(values) - 1 - at)
            found.append((sums[at + near + 1] - sums[at - near]) / (2 * near + 1))
        return found

    def window(self, name: str) -> int:
        """Over how many epochs a figure is averaged: a twentieth of a long curve; 1 where it does not jitter."""
        values = self.figures(name)
        reach = len(values) // EPOCHS_A_POINT // 2
        return 2 * reach + 1 if reach and _noise(values) > JITTER * abs(statistics.median(values)) else 1

    def noise(self, name: str) -> float:
        """The usual deviation of a smoothed figure from those beside it, which no trend explains."""
        return _noise(self.smoothed(name))


def _noise(values: Sequence[float]) -> float:
    bends = [abs(values[at - 1] - 2 * values[at] + values[at + 1]) for at in range(1, len(values) - 1)]
    # The median of absolute values is 0.674 deviations; a bend has six times the variance of one figure.
    return statistics.median(bends) / 0.674 / 6**0.5 if bends else 0.0
