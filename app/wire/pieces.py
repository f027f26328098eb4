"""What the parts of a declaration are made of."""

import math
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Piece(BaseModel):
    """A piece of a declaration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(Piece):
    """An input to try."""

    title: str = Field(description="in a word or two")
    input: dict[str, Any] = Field(description="what `POST /predict` takes, with `task` added")


class Range(Piece):
    """Where a number usually lies; more is taken."""

    least: float
    greatest: float
    step: float = Field(gt=0, description="a sensible difference of two values")

    @model_validator(mode="after")
    def _goes_up(self) -> Self:
        if not self.least < self.greatest < math.inf:
            raise ValueError("least must be below greatest")
        return self
