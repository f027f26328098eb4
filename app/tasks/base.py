"""Task: what a new kind of problem must supply. Everything else finds it through the registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.domain.recipes import HEADS, Features, HeadName, Part, Preset
from app.errors import DatasetInvalid
from app.tasks._rows import Encoded, FloatMatrix

Columns = Mapping[str, Any]  # column name -> list or array with one entry per row
Label = str | int

SAMPLE = "sample"  # name of every task's bundled dataset

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Input(BaseModel):
    """One instance as a client sends it."""

    model_config = ConfigDict(extra="forbid")


class Options(BaseModel):
    """What a client may ask of a prediction besides the answer."""

    model_config = ConfigDict(extra="forbid")
    model: (
        Literal["active"]
        | Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
        | Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    ) = Field("active", description="`active`, a version number, or a model id")
    top_k: int = Field(5, strict=True, ge=1, le=100, description="how many labels `top` lists, where there is one")


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset that a task can train on."""

    name: str
    description: str
    train_rows: int  # as published; a file in the datasets folder is counted instead
    test_rows: int
    published: str | None = None  # module of keras.datasets that holds it, if any

    @property
    def is_sample(self) -> bool:
        """Whether these are toy rows, not real data."""
        return self.name == SAMPLE


class Encoder(Protocol):
    """Raw columns to network inputs; learnt from a training split, saved with the model."""

    @property
    def width(self) -> int:
        """Numbers per encoded row."""

    def encode(self, columns: Columns) -> Encoded:
        """The rows as the first layer takes them."""

    def to_json(self) -> dict[str, Any]:
        """What `preprocessing.json` keeps: enough for `Task.load_encoder`."""


@dataclass(frozen=True)
class Refusal:
    """An instance that has the right form and still cannot be encoded."""

    row: int
    field: str
    message: str


class Task(ABC):
    """A kind of ML problem: how its raw inputs look, become numbers, and how its answers look."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    notice: ClassVar[str | None] = None  # what a user of its data must know
    Input: ClassVar[type[BaseModel]]
    Prediction: ClassVar[type[BaseModel]]
    example: ClassVar[dict[str, Any]]  # one instance that fits Input
    datasets: ClassVar[tuple[DatasetInfo, ...]]  # real data first, the sample last
    input_columns: ClassVar[tuple[str, ...]]
    optional_columns: ClassVar[tuple[str, ...]] = ()  # input columns that may be empty or absent
    target: ClassVar[str]  # column of the answer
    labels: ClassVar[tuple[Label, ...]] = ()  # all answers of a classifier, in order
    heads: ClassVar[tuple[HeadName, ...]]
    feature_kinds: ClassVar[tuple[type[Part], ...]]
    presets: ClassVar[dict[str, Preset]]

    @abstractmethod
    def sample(self) -> dict[str, Any]:
        """The bundled sample: input columns, target and `split`; the same rows on every call."""

    @abstractmethod
    def columns(self, inputs: Sequence[Any]) -> Columns:
        """Instances of `Input` as columns."""

    @abstractmethod
    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """Learn an encoder from the training split's input columns."""

    @abstractmethod
    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The encoder that `Encoder.to_json` described.

        Raises:
            KeyError, TypeError, ValueError: `saved` is not such a description.
        """

    @abstractmethod
    def decode(self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options) -> list[Any]:
        """Network outputs (rows, units) as instances of `Prediction`."""

    def refusals(self, encoded: Encoded) -> list[Refusal]:
        """Which of a client's instances cannot be answered; none unless the task says otherwise."""
        del encoded
        return []

    @abstractmethod
    def input_width(self, features: Features) -> int:
        """Numbers per encoded row with these features, known before there is an encoder."""

    def check_features(self, features: Features) -> tuple[str, str] | None:
        """Why these features do not suit the task, or None: the field within them ("" for all) and what is wrong."""
        if isinstance(features, self.feature_kinds):
            return None
        kinds = ", ".join(kind.model_fields["kind"].default for kind in self.feature_kinds)
        return "", f"task {self.name!r} takes features of kind {kinds}"

    def dataset(self, name: str) -> DatasetInfo | None:
        """The dataset of this name, or None."""
        return next((d for d in self.datasets if d.name == name), None)

    def label_set(self, values: Sequence[Label]) -> list[Label]:
        """The labels that occur in a training split, in the task's order; none for regression.

        Raises:
            DatasetInvalid: a label that the task does not know, or fewer than two labels.
        """
        if not self.labels:
            return []
        present = set(values)
        if unknown := present - set(self.labels):
            raise DatasetInvalid(f"column {self.target!r} holds unknown labels: {sorted(map(str, unknown))[:5]}")
        if len(present) < 2:
            raise DatasetInvalid(f"column {self.target!r} needs at least two labels in the training split")
        return [label for label in self.labels if label in present]

    def targets(self, values: Sequence[Any], labels: Sequence[Label]) -> NDArray[np.int64] | NDArray[np.float64]:
        """A target column as numbers: label positions (-1 for a label not among `labels`), or the values themselves."""
        if not self.labels:
            return np.asarray(values, dtype=np.float64)
        positions = {label: i for i, label in enumerate(labels)}
        return np.fromiter((positions.get(v, -1) for v in values), dtype=np.int64, count=len(values))

    def output_units(self, head: HeadName, labels: int | None = None) -> int:
        """Units of the last layer, for so many labels (default: all that the task knows)."""
        return (labels or len(self.labels)) if HEADS[head].activation == "softmax" else 1


def as_probability(value: float) -> float:
    """A float32 probability as clients read it: six decimals, the precision that float32 has near 1."""
    return round(float(value), 6)
