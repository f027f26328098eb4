"""Values that a field takes on a grid, and a grid's combinations, counted before they are made."""

import math
from collections.abc import Iterator
from typing import Any

from app.domain.conditions import holds, order_of
from app.domain.fields import takes_whole
from app.domain.spaces import Choice, LogRange, NumberRange, Parameters, Space
from app.errors import InvalidInput

MOST_STEPS = 100_000  # in counting combinations whose fields depend on one another


def tidy(value: float, whole: bool) -> float | int:
    """A number without what rounding in binary adds to it; `whole`: as an integer."""
    return round(value) if whole else float(f"{value:.12g}")


def within(axis: NumberRange | LogRange, value: float, whole: bool) -> float | int:
    """A number of an axis: tidy, and within its bounds, which may have more digits than what is tidy."""
    found = min(max(tidy(value, whole), axis.low), axis.high)
    return int(found) if whole else float(found)


def steps_of(axis: NumberRange) -> int:
    """How many numbers a range with a step has, both ends counted as far as steps reach them."""
    assert axis.step is not None
    return math.floor((axis.high - axis.low) / axis.step + 1e-9) + 1


def points_of(path: str, axis: Choice | NumberRange | LogRange) -> list[Any]:
    """The values, or names of them, that a field takes on a grid, in order.

    Raises:
        InvalidInput: of a range neither step nor points are given.
    """
    if isinstance(axis, Choice):
        return axis.parameters
    whole = takes_whole(path)
    if isinstance(axis, NumberRange) and axis.step is not None and axis.points is None:
        return [within(axis, axis.low + place * axis.step, whole) for place in range(steps_of(axis))]
    if axis.points is None:
        needed = "step or points" if isinstance(axis, NumberRange) else "points"
        raise InvalidInput(f"a grid needs {needed}", field=f"space.{path}.points")
    shares = [place / (axis.points - 1) for place in range(axis.points)] if axis.points > 1 else [0.0]
    if isinstance(axis, LogRange):
        low, high = math.log(axis.low), math.log(axis.high)
        values = [math.exp(low + share * (high - low)) for share in shares]
    else:
        values = [axis.low + (axis.high - axis.low) * share for share in shares]
    return list(dict.fromkeys(within(axis, value, whole) for value in values))


def count(space: Space) -> tuple[int, bool]:
    """How many combinations a grid has, and whether that is all: of many that depend on one another, at least so many.

    Raises:
        InvalidInput: a range has neither step nor points; conditions do not fit.
    """
    order = order_of(space)
    points = {path: _amount(path, space[path]) for path in order}
    parents = [path for path in order if any(path in (axis.when or {}) for axis in space.values())]
    others = [path for path in order if path not in parents]
    total = 0
    for step, chosen in enumerate(_combinations(space, parents)):
        if step >= MOST_STEPS:
            return total, False
        total += math.prod(points[path] for path in others if holds(space, path, chosen))
    return total, True


def _amount(path: str, axis: Choice | NumberRange | LogRange) -> int:
    """How many points, without making a million of them."""
    if isinstance(axis, NumberRange) and axis.step is not None and axis.points is None:
        return steps_of(axis)
    return len(points_of(path, axis))


def combinations(space: Space) -> Iterator[Parameters]:
    """Those of a grid, in the order of the space; the last field changes first."""
    return _combinations(space, order_of(space))


def _combinations(space: Space, order: list[str]) -> Iterator[Parameters]:
    points = {path: points_of(path, space[path]) for path in order}

    def from_on(place: int, chosen: Parameters) -> Iterator[Parameters]:
        if place == len(order):
            yield chosen
        elif holds(space, order[place], chosen):
            for value in points[order[place]]:
                yield from from_on(place + 1, {**chosen, order[place]: value})
        else:
            yield from from_on(place + 1, chosen)

    return from_on(0, {})
