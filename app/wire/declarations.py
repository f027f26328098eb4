"""A task as data: what is asked of which kind of input, with which presets and datasets.

Everything here can be read from JSON. What is made of it is code, in `app.kinds`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from app.domain.recipes import HeadName, Preset
from app.domain.tables import ColumnName
from app.wire.pieces import Example, Piece, Range
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
    """A picture, scaled to a square."""

    kind: Literal["image"] = "image"
    size: int = Field(28, ge=8, le=96, description="pixels of a side")
    colours: Literal["grey", "rgb"] = "grey"
    scaling: Literal["digit", "fit", "centre", "crop"] = Field(
        "digit",
        description="how a picture of any size is read: as one written sign on paper (28 pixels, grey), whole with a "
        "border, by its centre of mass, or its middle",
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self.scaling == "digit" and (self.size, self.colours) != (28, "grey"):
            raise ValueError("scaling: `digit` is for grey pictures of 28 pixels")
        return self

    @property
    def channels(self) -> int:
        """Numbers of a pixel."""
        return 1 if self.colours == "grey" else 3

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a picture: (size, size), or (size, size, 3)."""
        return (self.size, self.size) if self.channels == 1 else (self.size, self.size, 3)

    @property
    def width(self) -> int:
        """Numbers of a picture."""
        return self.size * self.size * self.channels


class Column(Piece):
    """A column of a table."""

    name: ColumnName
    description: str = ""
    required: bool = Field(True, description="false: an input may leave it out, and the network is told so")


class NumberColumn(Column):
    """A column of numbers."""

    kind: Literal["number"] = "number"
    range: Range | None = None


class CategoryColumn(Column):
    """A column of names out of a list; one that is not in it is an unseen value, with a place of its own."""

    kind: Literal["category"]
    values: tuple[str, ...] = Field((), max_length=1_000, description="most frequent first; none before there are rows")


class FlagColumn(Column):
    """A column of true and false."""

    kind: Literal["flag"]


class DateColumn(Column):
    """A column of days, ISO 8601; a time of day is left out."""

    kind: Literal["date"]
    day_first: bool = Field(False, description="of days with slashes: whether 1/2/2026 is in February")


def _column_kind(value: Any) -> str:
    kind = value.get("kind", "number") if isinstance(value, dict) else value.kind
    return str(kind)


AnyColumn = Annotated[
    Annotated[NumberColumn, Tag("number")]
    | Annotated[CategoryColumn, Tag("category")]
    | Annotated[FlagColumn, Tag("flag")]
    | Annotated[DateColumn, Tag("date")],
    Discriminator(_column_kind),
]


class TableKind(Piece):
    """A row of named values."""

    kind: Literal["table"] = "table"
    columns: tuple[AnyColumn, ...] = Field(min_length=1, max_length=1_000)


class PlaneKind(Piece):
    """A point of the plane."""

    kind: Literal["plane"] = "plane"
    range: Range


DeclaredKind = Annotated[TextKind | ImageKind | TableKind | PlaneKind, Field(discriminator="kind")]


def _labels(labels: Sequence[Label]) -> Sequence[Label]:
    if len(set(labels)) < len(labels):
        raise ValueError("names a label twice")
    if len(labels) == 1:
        raise ValueError("at least two are needed")
    return labels


class OneOf(Piece):
    """One of several labels."""

    kind: Literal["one_of"] = "one_of"
    labels: Annotated[tuple[str, ...] | tuple[int, ...], AfterValidator(_labels)] = Field(
        description="in the order of the networks' outputs; none while a task of the user's own has no rows yet"
    )
    column: str = Field("label", description="of the datasets, that holds it")
    several: str | None = Field(None, description="column of lists of labels, for models that give a row all of them")
    shows: tuple[Shown, ...] = Field(("top",), description="what an answer holds besides the label and its probability")


class NumberAnswer(Piece):
    """A number."""

    kind: Literal["number"] = "number"
    title: str = Field(description="what it is")
    unit: str
    column: str = Field(description="of the datasets, that holds it")


class SeveralOf(Piece):
    """Any number of several labels."""

    kind: Literal["several_of"] = "several_of"
    labels: Annotated[tuple[str, ...], AfterValidator(_labels)] = Field(
        description="in the order of the networks' outputs; none while a task of the user's own has no rows yet"
    )
    column: str = Field("labels", description="of the datasets, that holds lists of them")


class RatingAnswer(Piece):
    """A number within bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    kind: Literal["rating"] = "rating"
    title: str = Field(description="what it is")
    unit: str = ""
    column: str = Field(description="of the datasets, that holds it")
    least: float = Field(alias="from")
    greatest: float = Field(alias="to")

    @model_validator(mode="after")
    def _goes_up(self) -> Self:
        if not -math.inf < self.least < self.greatest < math.inf:
            raise ValueError("from must be below to")
        return self


Answer = Annotated[OneOf | SeveralOf | NumberAnswer | RatingAnswer, Field(discriminator="kind")]


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset that a task can train on."""

    name: DatasetName
    description: str
    train_rows: int  # as published; a file in the datasets folder is counted instead
    test_rows: int
    published: str | None = None  # module of keras.datasets that holds it, if any
    is_built_in: bool = False  # whether the rows are made here, always the same, so that there is no file
    upload: str | None = None  # id of the rows, where they were uploaded; their `name` is `<name>@<version>` then
    sha256: str = ""  # of the file of these rows

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
    label_names: dict[str, str] = Field(
        default_factory=dict, description="how labels are shown, where that is not as they are called"
    )
    examples: tuple[Example, ...] = Field(min_length=1)
    presets: dict[str, Preset] = Field(min_length=1, description="named recipes; one of them is `baseline`")
    datasets: tuple[DatasetInfo, ...] = Field(
        (), description="that come with the task; real data first, the sample last"
    )

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
        if self.kind.kind == "image" and self.answer.kind == "several_of":
            raise ValueError("answer: a picture has one of several labels, or a number")
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
            # The columns of a table stand within `features`.
            taken = {"split"} if isinstance(self.kind, TableKind) else RESERVED
            if name in taken or name.startswith("_"):
                raise ValueError(f"kind.columns: {name!r} is taken")
        return self

    @property
    def heads(self) -> tuple[HeadName, ...]:
        """What a recipe may choose as `head`."""
        if isinstance(self.answer, SeveralOf):
            return ("multilabel",)
        if not isinstance(self.answer, OneOf):
            return ("regression",)
        if len(self.answer.labels) == 2:
            return ("binary", "multiclass", "unit_regression")
        return ("multiclass", "multilabel") if self.answer.several else ("multiclass",)
