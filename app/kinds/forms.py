"""What a task tells about itself, so that clients know what to ask for and how to show it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

KindName = Literal["text", "image", "table", "plane"]


class Example(BaseModel):
    """An input to try."""

    title: str = Field(description="in a word or two")
    input: dict[str, Any] = Field(description="what `POST /predict` takes, with `task` added")


class Range(BaseModel):
    """Where a number usually lies; more is taken."""

    least: float
    greatest: float
    step: float = Field(description="a sensible difference of two values")


class OneOf(BaseModel):
    """One of several labels."""

    kind: Literal["one_of"] = "one_of"
    labels: list[str | int] = Field(description="in the order of the networks' outputs")


class NumberAnswer(BaseModel):
    """A number."""

    kind: Literal["number"] = "number"
    title: str = Field(description="what it is")
    unit: str


Answer = Annotated[OneOf | NumberAnswer, Field(discriminator="kind")]
