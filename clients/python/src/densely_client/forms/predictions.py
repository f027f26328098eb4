"""Answers to `/predict`: a label, several, or a number. Which one it is can be seen from the answer itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.models import ModelRef
from densely_client.forms.tasks import Label


class InputWarning(Form):
    """Something about the input that makes the answer less sure."""

    field: str
    message: str


class Prediction(Form):
    """What every prediction has."""

    model: ModelRef
    warnings: list[InputWarning] = Field(default_factory=list)
    explanation: dict[str, Any] | None = Field(None, description="with `explain=True`: what spoke for the answer")
    novelty: float | None = Field(
        None, description="share of the rows on which the model was tried that are less unlike what it learnt from"
    )
    known_words: float | None = Field(None, description="of texts: share of words that the vocabulary holds, 0 to 1")


class ScoredLabel(Form):
    """A label with its probability."""

    label: Label
    probability: float


class LabelPrediction(Prediction):
    """One of several labels."""

    label: Label | None = Field(description="None if the model abstained")
    probability: float = Field(description="of the most probable label")
    abstained: bool = Field(False, description="whether the model gives no label: too unsure, or the input too novel")
    probabilities: dict[str, float] | list[float] | None = Field(
        None, description="of each label, by name or in order; not of tasks with many labels"
    )
    top: list[ScoredLabel] = Field(default_factory=list, description="the most probable labels, best first")
    labels: list[Label] = Field(default_factory=list, description="labels of probability above 0.5, best first")


class LabelsPrediction(Prediction):
    """Any number of labels."""

    labels: list[Label] = Field(description="those of probability above 0.5, best first")
    top: list[ScoredLabel] = Field(default_factory=list, description="the most probable labels, best first")


class NumberPrediction(Prediction):
    """A number."""

    value: float = Field(description="in `unit`")
    unit: str


AnyPrediction = LabelPrediction | LabelsPrediction | NumberPrediction


def prediction_of(answer: Mapping[str, Any], model: Any) -> AnyPrediction:
    """The form that an answer has, with the model that gave it."""
    return form_of(answer).model_validate({**answer, "model": model})


def form_of(fields: Iterable[str]) -> type[AnyPrediction]:
    """The form that has these fields."""
    names = set(fields)
    if "value" in names:
        return NumberPrediction
    return LabelPrediction if "label" in names else LabelsPrediction
