"""What the answers of all tasks share: refusals, warnings, abstaining, and the effect of each part of an input."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.wire.predictions import NamedEffects

Effects = NDArray[np.float64]  # (width,) what each number of an encoded row adds to the answer's score


@dataclass(frozen=True)
class Refusal:
    """An instance that has the right form and still cannot be encoded."""

    row: int
    field: str
    message: str


class Refused(Exception):
    """Instances that cannot be answered."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__(f"{len(refusals)} instances refused")
        self.refusals = refusals


def as_probability(value: float) -> float:
    """A float32 probability as clients read it: six decimals, the precision that float32 has near 1."""
    return round(float(value), 6)


def named_effects(effects: Effects, names: list[str], label: str | int | None) -> NamedEffects:
    """Effects of rows of plain numbers."""
    return NamedEffects(label=label, effects=dict(zip(names, np.round(effects, 6).tolist(), strict=True)))
