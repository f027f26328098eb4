"""What the answers of all tasks share: probabilities as they are told, and the effect of each part of an input."""

import numpy as np
from numpy.typing import NDArray

from app.wire.predictions import NamedEffects

Effects = NDArray[np.float64]  # (width,) what each number of an encoded row adds to the answer's score

DECIMALS = 6  # of a probability, as clients read it: the precision that float32 has near 1


def as_probability(value: float) -> float:
    """A float32 probability as clients read it."""
    return round(float(value), DECIMALS)


def named_effects(effects: Effects, names: list[str], label: str | int | None) -> NamedEffects:
    """Effects of rows of plain numbers."""
    return NamedEffects(label=label, effects=dict(zip(names, np.round(effects, 6).tolist(), strict=True)))
