"""What the answers of all tasks share: probabilities as they are told, and the effect of each part of an input."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import TypedDict

from app.wire.predictions import EXPLAINED, NamedEffects, TheNovelty, Warnings

Effects = NDArray[np.float64]  # (width,) what each number of an encoded row adds to the answer's score

DECIMALS = 6  # of a probability, as clients read it: the precision that float32 has near 1


@dataclass(frozen=True)
class InputPart:
    """A part of an input that can be answered by itself."""

    field: str
    start: int  # place of its first character in that field
    end: int
    columns: Mapping[str, Any]  # of the row that it is


def answer_form(name: str, fields: dict[str, Any], explanation: Any) -> Any:
    """The form of an answer, a TypedDict of this name: its fields, and what every answer may have besides."""
    common: dict[str, Any] = {
        "novelty": NotRequired[TheNovelty],
        "warnings": Warnings,
        "explanation": NotRequired[Annotated[explanation, Field(description=EXPLAINED)]],
    }
    made: Any = TypedDict(name, fields | common)  # type: ignore[misc]  # its name is known at run time only
    return made


def as_probability(value: float) -> float:
    """A float32 probability as clients read it."""
    return round(float(value), DECIMALS)


def named_effects(effects: Effects, names: list[str], label: str | int | None) -> NamedEffects:
    """Effects of rows of plain numbers."""
    return NamedEffects(label=label, effects=dict(zip(names, np.round(effects, 6).tolist(), strict=True)))
