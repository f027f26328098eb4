"""The forms of the service's answers. Fields that a newer service adds are kept and can be read like the others."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from app.domain.recipes import Preset
from app.domain.runs import Metrics

T = TypeVar("T")

Listed = list[T]  # for classes that have a method called `list`


class Answer(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Page(Answer, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: int | None = None


class ModelRef(Answer):
    """The model that answered."""

    id: str
    version: int


class Warned(Answer):
    """Something about the input that makes the answer less sure."""

    field: str
    message: str


class Prediction(Answer):
    """What every task's prediction has."""

    model: ModelRef
    abstained: bool = Field(False, description="true if `min_confidence` was not reached; `label` is None then")
    warnings: list[Warned] = Field(default_factory=list)
    explanation: dict[str, Any] | None = Field(None, description="with `explain=True`: what spoke for the answer")


class SentimentPrediction(Prediction):
    """Negative or positive."""

    label: str | None
    probability: float = Field(description="of the likelier label, 0.5 to 1")
    probabilities: dict[str, float]
    known_words: float = Field(description="share of the words that the vocabulary holds, 0 to 1")


class Topic(Answer):
    """A topic with its probability."""

    label: str
    probability: float


class NewswirePrediction(Prediction):
    """The topic of a story."""

    label: str | None
    probability: float
    labels: list[str] = Field(default_factory=list, description="topics of probability above 0.5, best first")
    top: list[Topic] = Field(description="the `top_k` most probable topics, best first")
    known_words: float


class DigitsPrediction(Prediction):
    """A digit."""

    label: int | None
    probability: float
    probabilities: list[float] = Field(description="of the digits 0 to 9, in order")


class HousingPrediction(Prediction):
    """A price."""

    value: float = Field(description="in `unit`")
    unit: str


class PlanarPrediction(Prediction):
    """A class of points."""

    label: int | None
    probability: float


PREDICTIONS: dict[str, type[Prediction]] = {
    "sentiment": SentimentPrediction,
    "newswire": NewswirePrediction,
    "digits": DigitsPrediction,
    "housing": HousingPrediction,
    "planar": PlanarPrediction,
}


class Model(Answer):
    """A trained model, in short."""

    id: str
    task: str
    version: int
    run_id: str | None
    dataset: str
    dataset_is_sample: bool
    metrics: Metrics
    created_at: datetime
    active: bool


class Drawing(Answer):
    """A picture that can be asked for."""

    title: str
    path: str = Field(description="relative to the service's own address; also with `.png` in place of `.svg`")


class ModelDetail(Model):
    """A trained model with its manifest: recipe, layers, dataset, versions, checksums."""

    pictures: list[Drawing] = Field(default_factory=list)
    manifest: dict[str, Any]


class Dataset(Answer):
    """A dataset that a task can train on."""

    name: str
    description: str
    is_sample: bool
    here: bool = Field(description="whether the rows are on the service's machine")
    pictures: list[str] = Field(default_factory=list, description="what `client.tasks.picture` can draw of it")


class Task(Answer):
    """A kind of problem."""

    name: str
    title: str
    description: str
    example: dict[str, Any]
    presets: dict[str, Preset]
    datasets: list[Dataset]
    active_model: Model | None


class Activation(Answer):
    """One change of a task's active model."""

    id: int
    task: str
    model_id: str
    previous_model_id: str | None
    reason: str
    at: datetime


class Encoded(Answer):
    """How a model sees an input; which fields it has depends on the task."""

    task: str
    model: ModelRef
    encoding: dict[str, Any]


class Decoded(Answer):
    """What a model sees, turned back."""

    task: str
    model: ModelRef
    decoding: dict[str, Any]


class ComparedRun(Answer):
    """A run of a comparison, in short."""

    id: str
    label: str = Field("", description="what it is called beside the others")
    name: str | None
    preset: str
    dataset: str
    seed: int
    status: str
    metrics: Metrics
    model_id: str | None


class Difference(Answer):
    """A setting in which the runs differ: a dotted path, and one value for each run."""

    field: str
    values: list[Any]


class PairedTest(Answer):
    """Two models on the same test rows: could chance alone make them differ so much?"""

    runs: tuple[str, str]
    test: str
    p_adjusted: float = Field(description="adjusted for the number of pairs")
    better: str | None
    reading: str


class Comparison(Answer):
    """Runs of one task side by side."""

    task: str
    pictures: list[Drawing] = Field(default_factory=list)
    runs: list[ComparedRun]
    differences: list[Difference]
    tests: list[PairedTest]
    notes: list[str]


class Readiness(Answer):
    """Whether requests can be answered."""

    ready: bool
    tasks: dict[str, str] = Field(description="of each task with an active model: `ready`, or why not")


class System(Answer):
    """Versions, workers and their devices."""

    version: str
    python: str
    versions: dict[str, str]
    database: str
    workers: list[dict[str, Any]]
