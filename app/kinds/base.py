"""Task: a kind's code with a declaration's data. Everything else finds the tasks through the catalog."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from app.domain.layers import Picture
from app.domain.part import Part
from app.domain.recipes import HEADS, Features, HeadName
from app.encoding.encoder import Columns, Encoder
from app.encoding.rows import Encoded, FloatMatrix
from app.errors import DatasetInvalid, Refusal
from app.kinds.answers import Effects, InputPart, named_effects
from app.kinds.labels import Facts, LabelAnswers
from app.kinds.numbers import NumberAnswers
from app.kinds.several import SeveralAnswers
from app.wire.declarations import DatasetInfo, Declaration, KindName, Label, OneOf, SeveralOf
from app.wire.pieces import Range
from app.wire.predictions import Input, InputWarning, Options

Target = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.float32]
Plot = Literal["boundary", "confusion", "predictions", "sheet"]
DatasetPlot = Literal["points", "sheet"]
Split = Literal["train", "test"]
Makers = Mapping[str, Callable[[], dict[str, Any]]]  # of the rows of datasets that have no file, by the dataset's name


class Task(ABC):
    """What is asked of one kind of input: how it looks, becomes numbers, and how the answers look."""

    feature_kinds: ClassVar[tuple[type[Part], ...]]
    encoder_version: ClassVar[int] = 1  # raise it when the encoder gives other rows for the same data
    dataset_plots: ClassVar[tuple[DatasetPlot, ...]] = ()  # of the rows themselves, of every dataset
    optional_columns: tuple[str, ...] = ()  # input columns that may be empty or absent
    shows_ink: bool = False  # whether pictures of its rows are ink, light on black, which is shown dark on white
    Explanation: type[BaseModel]
    Encoding: ClassVar[type[BaseModel]]  # how a model sees an input
    Codes: type[BaseModel]  # the part of it that can be turned back
    Decoding: ClassVar[type[BaseModel]]

    def __init__(self, declaration: Declaration, makers: Makers) -> None:
        """
        Raises:
            ValueError: the declaration's parts do not fit each other, or its kind.
        """
        self.declaration = declaration
        self.makers = makers
        self.name = declaration.name
        self.title = declaration.title
        self.description = declaration.description
        self.notice = declaration.notice
        self.presets = declaration.presets
        self.datasets = declaration.datasets
        self.heads = declaration.heads
        self.answer = declaration.answer
        self.examples = declaration.examples
        self.example = declaration.examples[0].input  # one instance that fits `Input`
        self.target = declaration.answer.column  # column of the answer
        self.labels: tuple[Label, ...] = ()  # all answers of a classifier, in order
        self.unit = ""  # of the answers of a regression
        self.ranges: Mapping[str, Range] = {}  # of numbers that a client may want to show on a scale
        self.answers: LabelAnswers | SeveralAnswers | NumberAnswers
        if isinstance(self.answer, OneOf):
            self.labels = self.answer.labels
            self.answers = LabelAnswers(self.answer)
        elif isinstance(self.answer, SeveralOf):
            self.labels = self.answer.labels
            self.answers = SeveralAnswers(self.answer)
        else:
            self.unit = self.answer.unit
            self.answers = NumberAnswers(self.answer)
        # What its schemas are called by.
        self.word = "".join(part.capitalize() for part in self.name.split("-"))
        self.Input: Any = self._input_form()  # a type, whose fields are the declaration's
        self.input_columns = self._columns()
        self.Prediction = self.answers.schema(f"{self.word}Prediction", self._fact_fields(), self.Explanation)
        self.Prediction.__doc__ = f"What a model of {self.name!r} makes of an input."

    @property
    def kind(self) -> KindName:
        """The kind's name."""
        return self.declaration.kind.kind

    @property
    def classifies(self) -> bool:
        """Whether answers are labels, even if none is known yet."""
        return isinstance(self.answer, OneOf | SeveralOf)

    @property
    def plots(self) -> tuple[Plot, ...]:
        """What can be drawn of every model, besides the layer diagram."""
        return ("confusion",) if self.classifies else ("predictions",)

    @abstractmethod
    def _input_form(self) -> type[Input]:
        """The form of an instance."""

    @abstractmethod
    def _columns(self) -> tuple[str, ...]:
        """The columns of a dataset that an instance stands for, in the order in which they are encoded."""

    def _fact_fields(self) -> dict[str, Any]:
        """Annotations of the fields that this kind adds to an answer, by name."""
        return {}

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

    def decode(self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options) -> list[Any]:
        """Network outputs (rows, units) as instances of `Prediction`, with no warning and no explanation yet."""
        return self.answers.decode(outputs, labels, options, self._facts(encoded))

    def within(self, outputs: FloatMatrix) -> FloatMatrix:
        """Network outputs, (rows, units), as they are answered: those of a rating never leave its bounds."""
        return self.answers.within(outputs) if isinstance(self.answers, NumberAnswers) else outputs

    def _facts(self, encoded: Encoded) -> Facts | None:
        """The fields that this kind adds to the answers of these rows; None where it adds none."""
        del encoded
        return None

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
        """What pictures show of some encoded rows, (rows, width): their numbers unless the kind says otherwise."""
        return rows

    def takes_long(self, encoder: Any, inputs: Sequence[Any]) -> bool:
        """Whether reading these instances of `Input` is nothing for the event loop."""
        del encoder, inputs
        return False

    def unexplained(self, inputs: Sequence[Any]) -> int:
        """Characters of these instances of `Input` that make an explanation no longer."""
        del inputs
        return 0

    def warnings(self, encoder: Any, encoded: Encoded, columns: Columns) -> dict[int, list[InputWarning]]:
        """What about some rows speaks against trusting their answers; rows that are fine are left out.

        `encoded` is what `columns` became: those say where in a row's input the cause is.
        """
        del encoder, encoded, columns
        return {}

    def usual(self, encoder: Any) -> FloatMatrix | None:
        """The encoded row, (width,), with which an explanation compares; None where that is a row of zeros."""
        del encoder
        return None

    def groups(self, encoder: Any) -> NDArray[np.int64] | None:
        """Where each column of an input begins in an encoded row, and the end; None where each has one number."""
        del encoder
        return None

    def qualify(self, predictions: Sequence[Any], columns: Columns, options: Options) -> None:
        """Say in predictions what `columns` found out about their inputs while it read them."""
        del predictions, columns, options

    def explanation(self, encoder: Any, item: Any, effects: Effects, label: Label | None) -> BaseModel:
        """The effect of each part of an instance of `Input`, from those of its encoded row, (width,).

        `effects` say what the score would lose if that number were as usual: the probability of `label`, or the value.
        Of an encoder with `groups` they are those of the columns.
        """
        del item
        return named_effects(effects, list(encoder.columns), label)

    def parts(self, item: Any) -> list[InputPart]:
        """What of an instance of `Input` an explanation also answers by itself; nothing unless the kind says so."""
        del item
        return []

    def explain_parts(self, explanation: Any, parts: Sequence[InputPart], scores: Sequence[float]) -> None:
        """Add to an explanation what each part says by itself: the probability of its label, or the value."""
        del explanation, parts, scores

    def refusals(self, encoded: Encoded, columns: Columns) -> list[Refusal]:
        """Which of a client's instances cannot be answered; none unless the kind says otherwise."""
        del encoded, columns
        return []

    @abstractmethod
    def input_width(self, features: Features) -> int:
        """Numbers per encoded row with these features, known before there is an encoder."""

    @property
    def picture_shape(self) -> Picture | None:
        """Rows, columns and channels of the pictures that a row stands for, of a kind that has pictures."""
        return None

    def check_features(self, features: Features) -> tuple[str, str] | None:
        """Why these features do not suit the task, or None: the field within them ("" for all) and what is wrong."""
        if isinstance(features, self.feature_kinds):
            return None
        kinds = ", ".join(kind.model_fields["kind"].default for kind in self.feature_kinds)
        return "", f"task {self.name!r} takes features of kind {kinds}"

    def dataset(self, name: str) -> DatasetInfo | None:
        """The dataset of this name, or None; of one that was uploaded several times the latest, unless told otherwise.

        The latest is the first.
        """
        return next((d for d in self.datasets if name in (d.name, d.upload and d.name.rpartition("@")[0])), None)

    def target_of(self, head: HeadName) -> str:
        """The column that a network with this head learns."""
        if head == "multilabel" and isinstance(self.answer, OneOf) and self.answer.several:
            return self.answer.several
        return self.target

    def label_set(self, values: Sequence[Any], head: HeadName) -> list[Label]:
        """The labels that occur in a training split, in the task's order; none for regression.

        With a multilabel head each value is a list of labels, and labels that the task does not know come last.

        Raises:
            DatasetInvalid: a label that the task does not know, or fewer than two labels.
        """
        if not self.classifies:
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
        if not self.classifies:
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
