"""Drawing from a space evenly: what a trial of a random search has, as a function of seed, trial and try."""

import math
from random import Random

from app.domain.conditions import holds, order_of
from app.domain.fields import takes_whole
from app.domain.grids import steps_of, within
from app.domain.spaces import Axis, Choice, LogRange, Parameters, Space


def drawn(space: Space, seed: int, trial: int, tries: int) -> Parameters:
    """The parameters of a trial; `tries`: how often it was drawn before, since something did not fit."""
    generator = Random(f"{seed} {trial} {tries}")  # noqa: S311 - no secret; Python keeps it the same in all versions
    found: Parameters = {}
    for path in order_of(space):
        if holds(space, path, found):
            found[path] = _value(path, space[path], generator.random())
    return found


def _value(path: str, axis: Axis, share: float) -> object:
    """Where on an axis a number from 0 to 1 falls, 1 excluded."""
    if isinstance(axis, Choice):
        return axis.parameters[int(share * len(axis.values))]
    whole = takes_whole(path)
    if isinstance(axis, LogRange):
        margin = 0.5 if whole else 0.0  # so that the whole numbers at both ends are as likely as those between
        low, high = math.log(axis.low - margin), math.log(axis.high + margin)
        return within(axis, math.exp(low + share * (high - low)), whole)
    step = axis.step or (1.0 if whole else None)
    if step is None:
        return within(axis, axis.low + share * (axis.high - axis.low), whole)
    return within(axis, axis.low + int(share * steps_of(axis.model_copy(update={"step": step}))) * step, whole)
