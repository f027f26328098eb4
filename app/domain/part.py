"""What all parts of a recipe share."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a recipe: immutable, no unknown fields, no numbers in strings, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
