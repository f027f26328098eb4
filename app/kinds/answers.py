"""What the answers of all tasks share: warnings, abstaining, and the effect of each part of an input."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

Effects = NDArray[np.float64]  # (width,) what each number of an encoded row adds to the answer's score


class InputWarning(BaseModel):
    """Something that speaks against trusting an answer."""

    field: str = Field(description="dotted path within the instance; `model` where it is the model itself")
    message: str


Warnings = Annotated[list[InputWarning], Field(description="what speaks against trusting the answer; mostly empty")]
Abstained = Annotated[
    bool, Field(description="whether `probability` is below `min_confidence`, so that `label` is null")
]


EXPLAINED = "only there with `explain`"  # about an answer's `explanation`


class NamedEffects(BaseModel):
    """The effect of each number of an input."""

    label: str | int | None = Field(None, description="whose probability it is about; null for regression")
    effects: dict[str, float] = Field(
        description="what each adds to the answer: positive raises the probability of `label`, or the value"
    )


def as_probability(value: float) -> float:
    """A float32 probability as clients read it: six decimals, the precision that float32 has near 1."""
    return round(float(value), 6)


def named_effects(effects: Effects, names: list[str], label: str | int | None) -> NamedEffects:
    """Effects of rows of plain numbers."""
    return NamedEffects(label=label, effects=dict(zip(names, np.round(effects, 6).tolist(), strict=True)))
