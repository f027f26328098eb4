"""How a column of numbers becomes network inputs: one place or several, learnt from a training split."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.tables import MixedColumns

Numbers = NDArray[np.float64]

LARGEST = 1e150  # farther numbers count as so far: their squares are numbers still
KNOTS = 101  # of the training split's distribution, that are kept


class Lines(NamedTuple):
    """Places that are (number - shift) / scale, between bounds; of each place one."""

    shift: Numbers
    scale: Numbers
    least: Numbers
    most: Numbers


class Scale(Protocol):
    """Numbers, (rows,), as (rows, width) places."""

    kind: str
    width: int
    low: Numbers  # (width,) below which, and
    high: Numbers  # above which no training row lies

    def encode(self, values: Numbers) -> Numbers:
        """(rows, width)."""

    @property
    def lines(self) -> Lines | None:
        """The same as straight lines, if it is any."""

    def undo(self, places: Numbers) -> float:
        """The number whose places, (width,), these are."""

    def to_json(self) -> dict[str, Any]:
        """What was learnt."""


class Standard:
    """(value - mean) / deviation."""

    kind = "standardized"
    width = 1

    def __init__(self, mean: float, std: float, bounds: Sequence[float]) -> None:
        self._mean, self._std, self._bounds = mean, std, [float(bound) for bound in bounds]
        self.low, self.high = self.encode(np.array(self._bounds))

    @classmethod
    def fit(cls, values: Numbers) -> "Standard":
        """Population deviation, as NumPy's `std`; 1 where the numbers never vary."""
        least, greatest = float(values.min()), float(values.max())
        if not varies(least, greatest):
            return cls(least, 1.0, (least, greatest))
        return cls(float(values.mean()), float(values.std()) or 1.0, (least, greatest))

    def encode(self, values: Numbers) -> Numbers:
        """One place."""
        with np.errstate(over="ignore"):  # a deviation may be next to nothing
            found: Numbers = ((values - self._mean) / self._std)[:, None]
        return found

    @property
    def lines(self) -> Lines:
        """One, without an end."""
        return Lines(*(np.array([each]) for each in (self._mean, self._std, -np.inf, np.inf)))

    def undo(self, places: Numbers) -> float:
        """The number itself."""
        return float(places[0]) * self._std + self._mean

    def to_json(self) -> dict[str, Any]:
        """Mean, deviation and bounds."""
        return {"scale": self.kind, "mean": self._mean, "std": self._std, "bounds": self._bounds}


class Ranked:
    """The normal deviate of a number's rank, by straight lines between knots, as in scikit-learn."""

    kind = "normal"
    width = 1

    def __init__(self, knots: Sequence[float], deviates: Sequence[float]) -> None:
        self._knots, self._deviates = np.array(knots, dtype=np.float64), np.array(deviates, dtype=np.float64)
        if not len(self._knots) == len(self._deviates) > 1 or not (np.diff(self._knots) > 0).all():
            raise ValueError("knots must be two or more, and go up")
        # Beyond the last knots it goes on with the mean slope.
        rise = self._deviates[-1] - self._deviates[0]
        self._slope = float(rise / (self._knots[-1] - self._knots[0]))
        self.low, self.high = self.encode(self._knots[[0, -1]])

    @classmethod
    def fit(cls, values: Numbers) -> "Ranked | Standard":
        """Of numbers that never vary, their standard scale."""
        from scipy.special import ndtri  # slow to import, and only trainers fit

        if not varies(float(values.min()), float(values.max())):
            return Standard.fit(values)
        levels = np.linspace(0, 1, min(KNOTS, len(values)))
        margin = 0.5 / max(len(values), 2)
        deviates = ndtri(np.clip(levels, margin, 1 - margin))
        knots, places = np.unique(np.quantile(values, levels), return_inverse=True)
        # Equal numbers of many rows have the mean of their deviates.
        return cls(knots.tolist(), (np.bincount(places, deviates) / np.bincount(places)).tolist())

    def encode(self, values: Numbers) -> Numbers:
        """One place."""
        inside = np.interp(values, self._knots, self._deviates)
        beyond = (values - np.clip(values, self._knots[0], self._knots[-1])) * self._slope
        found: Numbers = (inside + beyond)[:, None]
        return found

    @property
    def lines(self) -> None:
        """Many in one place, which are not told."""

    def undo(self, places: Numbers) -> float:
        """The number, beyond the knots by the mean slope."""
        place = float(places[0])
        inside = float(np.interp(place, self._deviates, self._knots))
        beyond = place - min(max(place, float(self._deviates[0])), float(self._deviates[-1]))
        return inside + beyond / self._slope

    def to_json(self) -> dict[str, Any]:
        """Knots and their deviates."""
        return {"scale": self.kind, "knots": self._knots.tolist(), "deviates": self._deviates.tolist()}


class Piecewise:
    """How far a number reaches into each of some intervals: 0 before it, 1 behind it (Gorishniy et al. 2022).

    The first and the last go on beyond 0 and 1, so that numbers outside the training rows' range are told apart.
    """

    kind = "piecewise"

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = np.array(edges, dtype=np.float64)
        if len(self._edges) < 2 or not (np.diff(self._edges) > 0).all():
            raise ValueError("edges must be two or more, and go up")
        self.width = len(self._edges) - 1
        self._least, self._most = np.zeros(self.width), np.ones(self.width)
        self._least[0], self._most[-1] = -np.inf, np.inf
        self.low, self.high = np.zeros(self.width), np.ones(self.width)

    @classmethod
    def fit(cls, values: Numbers, bins: int) -> "Piecewise | Standard":
        """Of numbers that never vary, their standard scale."""
        if not varies(float(values.min()), float(values.max())):
            return Standard.fit(values)
        return cls(np.unique(np.quantile(values, np.linspace(0, 1, bins + 1))).tolist())

    def encode(self, values: Numbers) -> Numbers:
        """A place for each interval."""
        with np.errstate(over="ignore"):
            reach = (values[:, None] - self._edges[:-1]) / np.diff(self._edges)
        found: Numbers = np.clip(reach, self._least, self._most)
        return found

    @property
    def lines(self) -> Lines:
        """Of each interval one."""
        return Lines(self._edges[:-1], np.diff(self._edges), self._least, self._most)

    def undo(self, places: Numbers) -> float:
        """The number, of which each place is a part."""
        return float(self._edges[0] + np.clip(places, self._least, self._most) @ np.diff(self._edges))

    def to_json(self) -> dict[str, Any]:
        """The edges of the intervals."""
        return {"scale": self.kind, "edges": self._edges.tolist()}


class Both:
    """A place for the standardised number, then those of the intervals: a trend, and what departs from it."""

    kind = "standardized_and_piecewise"

    def __init__(self, trend: Standard, intervals: Piecewise) -> None:
        self._trend, self._intervals = trend, intervals
        self.width = 1 + intervals.width
        self.low = np.concatenate([trend.low, intervals.low])
        self.high = np.concatenate([trend.high, intervals.high])

    @classmethod
    def fit(cls, values: Numbers, bins: int) -> "Both | Standard":
        """Of numbers that never vary, their standard scale."""
        trend, intervals = Standard.fit(values), Piecewise.fit(values, bins)
        return cls(trend, intervals) if isinstance(intervals, Piecewise) else trend

    def encode(self, values: Numbers) -> Numbers:
        """The number's own place, and one for each interval."""
        return np.concatenate([self._trend.encode(values), self._intervals.encode(values)], axis=1)

    @property
    def lines(self) -> Lines:
        """Of both."""
        return Lines(*map(np.concatenate, zip(self._trend.lines, self._intervals.lines, strict=True)))

    def undo(self, places: Numbers) -> float:
        """The number itself."""
        return self._trend.undo(places)

    def to_json(self) -> dict[str, Any]:
        """Mean, deviation, bounds and edges."""
        return {**self._trend.to_json(), **self._intervals.to_json(), "scale": self.kind}


def varies(least: float, greatest: float) -> bool:
    """Whether the difference is more than a rounding error."""
    return greatest - least > 1e-9 * max(1e-300, abs(least), abs(greatest))


def most_places(features: MixedColumns) -> int:
    """That a number may need."""
    places = {"piecewise": features.bins, "standardized_and_piecewise": 1 + features.bins}
    return places.get(features.numbers, 1)


def fitted(features: MixedColumns, values: Numbers) -> Scale:
    """The scale that these features choose; of no values at all one that leaves numbers as they are."""
    if not len(values):
        return Standard(0.0, 1.0, (0.0, 0.0))
    if features.numbers == "normal":
        return Ranked.fit(values)
    if features.numbers == "standardized_and_piecewise":
        return Both.fit(values, features.bins)
    return Piecewise.fit(values, features.bins) if features.numbers == "piecewise" else Standard.fit(values)


def loaded(saved: Mapping[str, Any]) -> Scale:
    """The scale that `to_json` described.

    Raises:
        KeyError, TypeError, ValueError: it describes none.
    """
    if saved["scale"] == Standard.kind:
        return Standard(saved["mean"], saved["std"], saved["bounds"])
    if saved["scale"] == Ranked.kind:
        return Ranked(saved["knots"], saved["deviates"])
    if saved["scale"] == Piecewise.kind:
        return Piecewise(saved["edges"])
    if saved["scale"] == Both.kind:
        return Both(Standard(saved["mean"], saved["std"], saved["bounds"]), Piecewise(saved["edges"]))
    raise ValueError(f"unknown scale {saved['scale']!r}")
