"""Axes of parallel coordinates: where a field's values stand between 0 and 1, and what is written there.

Functions here are for use within `drawing()`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.spaces import Axis, Choice, LogRange, NumberRange, Parameters
from app.plots.series import thin
from app.plots.style import clean

NOT_SET = -0.14  # where a line passes that has no value
MOST_MARKS = 14  # names on an axis of categories
STEPS = 6  # numbers on a linear axis
LINE = 0.05  # of an axis' length, that a line of text takes
LETTERS = 16  # of a category's name
SPREAD = 0.035  # by which lines of one category are spread to both sides, at most


@dataclass(frozen=True)
class Scale:
    """One axis."""

    name: str
    places: NDArray[np.float64]  # (trials,), 0 to 1; NaN where a trial has no value
    marks: list[tuple[float, str]]


def scale_of(path: str, axis: Axis, rows: Sequence[Parameters], number: NDArray[np.int64]) -> Scale:
    """The axis of a field, and where the trials with these parameters and numbers stand on it."""
    if isinstance(axis, Choice):
        return _categories(path, axis, rows, number)
    numeric = np.array([_number(row.get(path)) for row in rows], dtype=np.float64)
    return _logarithmic(path, axis, numeric) if isinstance(axis, LogRange) else _linear(path, axis, numeric)


def named(value: Any) -> str:
    """A value of a choice in few letters: whole parts of a recipe by their kind."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return clean(value, LETTERS)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict) and "kind" in value:
        rest = [f"{each:g}" if isinstance(each, float) else str(each) for key, each in value.items() if key != "kind"]
        return clean(" ".join([str(value["kind"]), *rest]), LETTERS)
    return clean(json.dumps(value), LETTERS)


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers between these two, and where they stand. Only within `drawing()`."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=STEPS, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [((tick - low) / (high - low), f"{tick:.6g}") for tick in found if low <= tick <= high]


def _linear(path: str, axis: NumberRange, numeric: NDArray[np.float64]) -> Scale:
    low, high = float(axis.low), float(axis.high)
    if low == high:
        return Scale(path, numeric - low + 0.5, [(0.5, f"{low:.6g}")])
    marks = ticks(low, high)
    marks += [(place, f"{end:.6g}") for place, end in ((0.0, low), (1.0, high)) if _apart(place, marks)]
    return Scale(path, np.clip((numeric - low) / (high - low), 0, 1), marks)


def _logarithmic(path: str, axis: LogRange, numeric: NDArray[np.float64]) -> Scale:
    low, high = np.log10(axis.low), np.log10(axis.high)
    if low == high:
        return Scale(path, numeric - axis.low + 0.5, [(0.5, _short(axis.low))])
    powers = [float(power) for power in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
    if len(powers) < 2:  # between two, a reader can tell where the others are
        powers = [float(power) for power in np.linspace(low, high, STEPS - 1)]
    powers = [powers[each] for each in thin(len(powers), MOST_MARKS // 2)]
    marks = [((power - low) / (high - low), _short(10**power)) for power in powers]
    marks += [(place, _short(end)) for place, end in ((0.0, axis.low), (1.0, axis.high)) if _apart(place, marks)]
    places = (np.log10(np.where(numeric > 0, numeric, np.nan)) - low) / (high - low)
    return Scale(path, np.clip(places, 0, 1), marks)


def _apart(place: float, marks: Sequence[tuple[float, str]]) -> bool:
    """Whether there is room for one more."""
    return all(abs(place - other) > LINE for other, _ in marks)


def _short(number: float) -> str:
    """`0.01`, `3.2e-5`."""
    return f"{number:.2g}".replace("e-0", "e-").replace("e+0", "e")


def _categories(path: str, axis: Choice, rows: Sequence[Parameters], number: NDArray[np.int64]) -> Scale:
    """Evenly spaced in the order of the space; lines of one category are spread a little, so that many show as many."""
    values: list[Any] = list(axis.values)  # of a mapping: its names
    count = len(values)
    heights = [(place + 0.5) / count for place in range(count)]
    keys = [_key(value) for value in values]
    found = [_position(keys, row, path) for row in rows]
    nudge = (np.mod(number * 0.618034, 1.0) - 0.5) * 2 * min(SPREAD, 0.3 / count)
    exact = np.array([heights[each] if each is not None else np.nan for each in found], dtype=np.float64)
    marks = [(heights[each], named(values[each])) for each in thin(count, MOST_MARKS)]
    return Scale(path, exact + nudge, marks)


def _position(keys: Sequence[str], row: Parameters, path: str) -> int | None:
    key = _key(row[path]) if path in row else None
    return keys.index(key) if key in keys else None


def _key(value: Any) -> str:
    """1 and 1.0 are one value; true is none of them."""
    plain = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return json.dumps(plain, sort_keys=True)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan
