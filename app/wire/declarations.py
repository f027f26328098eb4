"""A task as data: what is asked of which kind of input, with which presets and datasets.

Everything here can be read from JSON. What is made of it is code, in `app.kinds`.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.recipes import ColumnName, HeadName, Preset
from app.wire.predictions import Options

KindName = Literal["text", "image", "table", "plane"]
Label = str | int
Shown = Literal["labels", "top", "probabilities"]

SAMPLE = "sample"  # name of every bundled dataset of toy rows
MOST_CHARACTERS = 100_000  # of a text; the longest IMDB review has 13,704
FARTHEST = 1e6  # far beyond any table's numbers, and small enough to stay a number in float32 when standardised

TaskName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DatasetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]  # it names a file
RESERVED = {"task", "instances", "split", *Options.model_fields}  # fields of a request or a dataset that are not inputs


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


class TextColumn(Piece):
    """A column of texts."""

    name: FieldName
    title: str = Field(description="what a form calls it")
    description: str | None = None
    required: bool = True
    max_length: int = Field(MOST_CHARACTERS, ge=1, le=MOST_CHARACTERS)


class TextKind(Piece):
    """Texts; those of several columns are joined in the columns' order."""

    kind: Literal["text"] = "text"
    columns: tuple[TextColumn, ...] = Field(min_length=1, max_length=8)


class ImageKind(Piece):
    """A grey picture of one written sign, centred as MNIST's are."""

    kind: Literal["image"] = "image"
    size: Literal[28] = Field(28, description="pixels of a side")


class NumberColumn(Piece):
    """A column of numbers."""

    name: ColumnName
    description: str = ""
    range: Range | None = None


class TableKind(Piece):
    """A row of named numbers, all needed."""

    kind: Literal["table"] = "table"
    columns: tuple[NumberColumn, ...] = Field(min_length=1, max_length=64)


class PlaneKind(Piece):
    """A point of the plane."""

    kind: Literal["plane"] = "plane"
    range: Range


DeclaredKind = Annotated[TextKind | ImageKind | TableKind | PlaneKind, Field(discriminator="kind")]


class OneOf(Piece):
    """One of several labels."""

    kind: Literal["one_of"] = "one_of"
    labels: tuple[str, ...] | tuple[int, ...] = Field(min_length=2, description="in the order of the networks' outputs")
    column: str = Field("label", description="of the datasets, that holds it")
    several: str | None = Field(None, description="column of lists of labels, for models that give a row all of them")
    shows: tuple[Shown, ...] = Field(("top",), description="what an answer holds besides the label and its probability")

    @model_validator(mode="after")
    def _are_labels(self) -> Self:
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("names a label twice")
        return self


class NumberAnswer(Piece):
    """A number."""

    kind: Literal["number"] = "number"
    title: str = Field(description="what it is")
    unit: str
    column: str = Field(description="of the datasets, that holds it")


Answer = Annotated[OneOf | NumberAnswer, Field(discriminator="kind")]


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset that a task can train on."""

    name: DatasetName
    description: str
    train_rows: int  # as published; a file in the datasets folder is counted instead
    test_rows: int
    published: str | None = None  # module of keras.datasets that holds it, if any
    is_built_in: bool = False  # whether the rows are made here, always the same, so that there is no file

    @property
    def is_sample(self) -> bool:
        """Whether these are toy rows, not real data."""
        return self.name == SAMPLE


class Declaration(BaseModel):
    """A task as data."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: TaskName
    title: str
    description: str
    notice: str | None = Field(None, description="what a user of its data must know")
    kind: DeclaredKind
    answer: Answer
    examples: tuple[Example, ...] = Field(min_length=1)
    presets: dict[str, Preset] = Field(min_length=1, description="named recipes; one of them is `baseline`")
    datasets: tuple[DatasetInfo, ...] = Field(min_length=1, description="real data first, the sample last")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "baseline" not in self.presets:
            raise ValueError("presets: one of them must be `baseline`")
        if len({dataset.name for dataset in self.datasets}) < len(self.datasets):
            raise ValueError("datasets: two have the same name")
        if unfit := [name for name, preset in self.presets.items() if preset.recipe.head not in self.heads]:
            raise ValueError(f"presets.{unfit[0]}: its head is none of {', '.join(self.heads)}")
        if self.kind.kind == "plane" and (self.answer.kind != "one_of" or len(self.answer.labels) != 2):
            raise ValueError("answer: points of the plane have one of two labels")
        return self

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        if isinstance(self.kind, PlaneKind | ImageKind):
            return self
        names = [column.name for column in self.kind.columns]
        targets = [self.answer.column, *([self.answer.several] if isinstance(self.answer, OneOf) else [])]
        for name in names:
            if names.count(name) > 1 or name in targets:
                raise ValueError(f"kind.columns: {name!r} stands for two things")
            if name in RESERVED or name.startswith("_"):
                raise ValueError(f"kind.columns: {name!r} is taken")
        return self

    @property
    def heads(self) -> tuple[HeadName, ...]:
        """What a recipe may choose as `head`."""
        if self.answer.kind == "number":
            return ("regression",)
        if len(self.answer.labels) == 2:
            return ("binary", "multiclass", "unit_regression")
        return ("multiclass", "multilabel") if self.answer.several else ("multiclass",)
