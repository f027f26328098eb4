"""Task: what a new kind of problem must supply. Everything else finds it through the registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.domain.numbers import Integer, Number, OneMessage
from app.domain.part import Part
from app.domain.recipes import HEADS, Features, HeadName, Preset
from app.encoding.encoder import Columns, Encoder
from app.encoding.rows import Encoded, FloatMatrix
from app.errors import DatasetInvalid, Refusal
from app.kinds.answers import Effects, InputWarning, named_effects
from app.kinds.forms import Example, KindName, NumberAnswer, OneOf, Range

Label = str | int
Target = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.float32]
Picture = Literal["boundary", "confusion", "predictions", "sheet"]
DatasetPicture = Literal["points", "sheet"]
Split = Literal["train", "test"]

MOST_VERSIONS = 2**31 - 1  # of a task, as its column in the database takes them
SAMPLE = "sample"  # name of every task's bundled dataset


class Input(BaseModel):
    """One instance as a client sends it."""

    model_config = ConfigDict(extra="forbid")


class ModelChoice(BaseModel):
    """Which of a task's models is asked."""

    model_config = ConfigDict(extra="forbid")
    model: Annotated[
        Literal["active"]
        | Annotated[int, Integer(1, MOST_VERSIONS)]
        | Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")],
        OneMessage(
            f"must be `active`, a version number from 1 to {MOST_VERSIONS}, or a model id: a-z, 0-9 and -, at most 64"
        ),
    ] = Field("active", description="`active`, a version number, or a model id")


class Options(ModelChoice):
    """What a client may ask of a prediction besides the answer."""

    top_k: Annotated[int, Integer(1, 100)] = Field(5, description="how many labels `top` lists, where there is one")
    min_confidence: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None, description="a classifier whose probability is below it abstains: `label` is null"
    )
    explain: bool = Field(
        False, strict=True, description="whether to say what each part of the input does to the answer"
    )

    def abstain(self, probability: float) -> bool:
        """Whether a classifier that is so sure of its label should not give it."""
        return self.min_confidence is not None and probability < self.min_confidence


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset that a task can train on."""

    name: str
    description: str
    train_rows: int  # as published; a file in the datasets folder is counted instead
    test_rows: int
    published: str | None = None  # module of keras.datasets that holds it, if any
    generated: bool = False  # whether `Task.rows` makes it, so that there is no file

    @property
    def is_sample(self) -> bool:
        """Whether these are toy rows, not real data."""
        return self.name == SAMPLE

    @property
    def is_built_in(self) -> bool:
        """Whether the rows come from the task itself."""
        return self.is_sample or self.generated


class Task(ABC):
    """A kind of ML problem: how its raw inputs look, become numbers, and how its answers look."""

    kind: ClassVar[KindName]
    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    notice: ClassVar[str | None] = None  # what a user of its data must know
    Input: ClassVar[type[BaseModel]]
    Prediction: ClassVar[Any]  # a TypedDict: plain dicts are made and written in a third of a model's time
    example: ClassVar[dict[str, Any]]  # one instance that fits Input
    example_title: ClassVar[str] = "Example"
    more_examples: ClassVar[tuple[Example, ...]] = ()
    ranges: ClassVar[Mapping[str, Range]] = {}  # of numbers that a client may want to show on a scale
    datasets: ClassVar[tuple[DatasetInfo, ...]]  # real data first, the sample last
    input_columns: ClassVar[tuple[str, ...]]
    optional_columns: ClassVar[tuple[str, ...]] = ()  # input columns that may be empty or absent
    target: ClassVar[str]  # column of the answer
    labels: ClassVar[tuple[Label, ...]] = ()  # all answers of a classifier, in order
    unit: ClassVar[str] = ""  # of the answers of a regression, and
    value_title: ClassVar[str] = ""  # what they are
    heads: ClassVar[tuple[HeadName, ...]]
    feature_kinds: ClassVar[tuple[type[Part], ...]]
    encoder_version: ClassVar[int] = 1  # raise it when the encoder gives other rows for the same data
    presets: ClassVar[dict[str, Preset]]
    pictures: ClassVar[tuple[Picture, ...]]  # besides the layer diagram, of every model
    dataset_pictures: ClassVar[tuple[DatasetPicture, ...]] = ()  # of the rows themselves, of every dataset
    Encoding: ClassVar[type[BaseModel]]  # how a model sees an input
    Codes: ClassVar[type[BaseModel]]  # the part of it that can be turned back
    Decoding: ClassVar[type[BaseModel]]

    @property
    def answer(self) -> OneOf | NumberAnswer:
        """What is answered."""
        if self.labels:
            return OneOf(labels=list(self.labels))
        return NumberAnswer(title=self.value_title, unit=self.unit)

    @abstractmethod
    def rows(self, dataset: str) -> dict[str, Any]:
        """A dataset that needs no file, at least the sample: input columns, targets and `split`; always the same."""

    @abstractmethod
    def columns(self, inputs: Sequence[Any]) -> Columns:
        """Instances of `Input` as columns.

        Raises:
            Refused: what some of them hold cannot be read.
        """

    @abstractmethod
    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """Learn an encoder from the training split's input columns."""

    def index_encoder(self, features: Features, index: Sequence[str]) -> Encoder:
        """The encoder of rows that were published as word ids, with those ids.

        Raises:
            DatasetInvalid: the inputs of this task are no texts.
        """
        del features, index
        raise DatasetInvalid(f"task {self.name!r} has no texts, so its rows cannot be word ids")

    @abstractmethod
    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The encoder that `Encoder.to_json` described.

        Raises:
            KeyError, TypeError, ValueError: `saved` is not such a description.
        """

    @abstractmethod
    def decode(self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options) -> list[Any]:
        """Network outputs (rows, units) as instances of `Prediction`, with no warning and no explanation yet."""

    @abstractmethod
    def encoding(self, encoder: Any, item: Any, encoded: Encoded) -> BaseModel:
        """How a model sees an instance of `Input`, whose row is `encoded`."""

    @abstractmethod
    def decoding(self, encoder: Any, codes: Any) -> BaseModel:
        """An instance of `Codes` turned back.

        Raises:
            InvalidInput: there are not as many as this encoder makes, or one that it never makes.
        """

    def exhibit(self, rows: FloatMatrix) -> NDArray[Any]:
        """What pictures show of some encoded rows, (rows, width): their numbers unless the task says otherwise."""
        return rows

    def takes_long(self, inputs: Sequence[Any]) -> bool:
        """Whether reading these instances of `Input` takes more than some microseconds each."""
        del inputs
        return False

    def unexplained(self, inputs: Sequence[Any]) -> int:
        """Characters of these instances of `Input` that make an explanation no longer."""
        del inputs
        return 0

    def warnings(self, encoder: Any, encoded: Encoded) -> dict[int, list[InputWarning]]:
        """What about some rows speaks against trusting their answers; rows that are fine are left out."""
        del encoder, encoded
        return {}

    def usual(self, encoder: Any) -> FloatMatrix | None:
        """The encoded row, (width,), with which an explanation compares; None where that is a row of zeros."""
        del encoder
        return None

    def qualify(self, predictions: Sequence[Any], columns: Columns, options: Options) -> None:
        """Say in predictions what `columns` found out about their inputs while it read them."""
        del predictions, columns, options

    def explanation(self, encoder: Any, item: Any, effects: Effects, label: Label | None) -> BaseModel:
        """The effect of each part of an instance of `Input`, from those of its encoded row, (width,).

        `effects` say what the score would lose if that number were as usual: the probability of `label`, or the value.
        """
        del item
        return named_effects(effects, list(encoder.columns), label)

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

    def target_of(self, head: HeadName) -> str:
        """The column that a network with this head learns."""
        del head
        return self.target

    def label_set(self, values: Sequence[Any], head: HeadName) -> list[Label]:
        """The labels that occur in a training split, in the task's order; none for regression.

        With a multilabel head each value is a list of labels, and labels that the task does not know come last.

        Raises:
            DatasetInvalid: a label that the task does not know, or fewer than two labels.
        """
        if not self.labels:
            return []
        several = head == "multilabel"
        present = _all_of(values, self.target_of(head)) if several else set(values)
        others = sorted(present - set(self.labels), key=str)
        if others and not several:
            raise DatasetInvalid(f"column {self.target!r} holds unknown labels: {[str(o) for o in others[:5]]}")
        if len(present) < 2:
            raise DatasetInvalid(f"column {self.target!r} needs at least two labels in the training split")
        return [*(label for label in self.labels if label in present), *others]

    def targets(self, values: Sequence[Any], labels: Sequence[Label], head: HeadName) -> Target:
        """A target column as numbers.

        Regression: the values. Multilabel: (rows, labels), 1 where a row has the label; labels not among `labels` are
        left out. Else (rows,) label positions, -1 for a label not among `labels`.
        """
        if not self.labels:
            return np.asarray(values, dtype=np.float64)
        positions = {label: i for i, label in enumerate(labels)}
        if head != "multilabel":
            return np.fromiter((positions.get(v, -1) for v in values), dtype=np.int64, count=len(values))
        matrix = np.zeros((len(values), len(labels)), dtype=np.float32)
        for row, given in enumerate(values):
            matrix[row, [positions[label] for label in given if label in positions]] = 1
        return matrix

    def output_units(self, head: HeadName, labels: int | None = None) -> int:
        """Units of the last layer, for so many labels (default: all that the task knows)."""
        return (labels or len(self.labels)) if HEADS[head].unit_per_label else 1


def _all_of(values: Sequence[Any], column: str) -> set[Label]:
    """Every label of a column of lists of labels."""
    if not all(
        isinstance(row, list | tuple | np.ndarray) and all(isinstance(label, str | int) for label in row)
        for row in values
    ):
        raise DatasetInvalid(f"column {column!r} must hold a list of labels in each row")
    return set(chain.from_iterable(values))
