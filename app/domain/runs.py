"""A run: one requested training, from queued to finished. `TRANSITIONS` is the whole rule of its statuses."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from app.domain.recipes import Recipe, Validation
from app.domain.trials import Prior, Trial


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"  #: waits for a worker
    RUNNING = "running"  #: a worker holds its lease
    SUCCEEDED = "succeeded"  #: its model is published, or it was a sweep's trial, and is measured
    FAILED = "failed"  #: ended with an error; it says which
    CANCELLED = "cancelled"  #: ended because somebody asked, or it was a sweep's trial, and hopeless


class Change(StrEnum):
    """What can happen to a run; the names of the status events."""

    CLAIMED = "claimed"  #: a worker took it
    RELEASED = "released"  #: its worker stops in good order
    LOST = "lost"  #: its worker or trainer died, attempts are left
    EXHAUSTED = "exhausted"  #: its worker or trainer died on the last attempt
    ERRORED = "errored"  #: training ended with an error
    PUBLISHED = "published"  #: its artifact is in place
    CANCELLED = "cancelled"  #: a cancel was asked for and carried out
    MEASURED = "measured"  #: a sweep's trial has its figure; it publishes no model
    PRUNED = "pruned"  #: a sweep's trial was hopeless


QUEUED, RUNNING = RunStatus.QUEUED, RunStatus.RUNNING

TRANSITIONS: dict[tuple[RunStatus, Change], RunStatus] = {
    (QUEUED, Change.CLAIMED): RUNNING,
    (QUEUED, Change.CANCELLED): RunStatus.CANCELLED,
    (RUNNING, Change.RELEASED): QUEUED,
    (RUNNING, Change.LOST): QUEUED,
    (RUNNING, Change.EXHAUSTED): RunStatus.FAILED,
    (RUNNING, Change.ERRORED): RunStatus.FAILED,
    (RUNNING, Change.PUBLISHED): RunStatus.SUCCEEDED,
    (RUNNING, Change.CANCELLED): RunStatus.CANCELLED,
    (RUNNING, Change.MEASURED): RunStatus.SUCCEEDED,
    (RUNNING, Change.PRUNED): RunStatus.CANCELLED,
}

FINAL = frozenset(set(RunStatus) - {status for status, _ in TRANSITIONS})

# What a running attempt is at: reads and encodes the rows; has its program compiled; trains; measures the test split;
# writes the artifact. One after the other, but that several seeds are each trained and tested.
Phase = Literal["preparing", "compiling", "training", "testing", "publishing"]

Activate = Literal["if_better", "always", "never"]

# No control characters: they break logs and terminals, and PostgreSQL refuses NUL.
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
# Of several lines.
Note = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$", max_length=2_000)]


class RunRequest(BaseModel):
    """A training that was asked for, checked and completed: what a run starts from."""

    model_config = ConfigDict(frozen=True)
    task: str
    preset: str
    dataset: str
    recipe: Recipe
    validation: Validation
    seed: int
    seeds: int = 1
    activate: Activate = "if_better"
    name: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    note: str = ""
    retry_of: str | None = None
    traceparent: str | None = None
    sweep: str | None = None
    trial: Trial | None = None
    prior: Prior | None = None


Figures = dict[str, float]  # by name: loss, accuracy, mae, f1


class FitMetrics(BaseModel):
    """Figures of one of a run's fits."""

    fold: int | None = Field(None, description="which fold of k, from 1")
    seed: int | None = Field(None, description="which seed, where there are several")
    epochs: int = Field(description="that its weights have seen")
    train: Figures = Field(default_factory=dict)
    validation: Figures = Field(default_factory=dict)
    test: Figures = Field(default_factory=dict, description="of a seed; folds are not measured on the test split")
    temperature: float | None = Field(
        None, description="by which its logits are divided, fitted on its held-out rows; folds have one in common"
    )
    length_exponent: float = Field(0.0, description="by which the temperature of texts grows with their length")


class Spread(BaseModel):
    """One figure over folds or seeds."""

    mean: float
    std: float = Field(description="population standard deviation, as NumPy's")
    min: float
    max: float


class SpreadOver(BaseModel):
    """Figures over the folds of k-fold, or over several seeds."""

    over: Literal["folds", "seeds"]
    count: int
    train: dict[str, Spread] = Field(default_factory=dict)
    validation: dict[str, Spread] = Field(default_factory=dict)
    test: dict[str, Spread] = Field(default_factory=dict)


class Calibration(BaseModel):
    """How far a classifier's probabilities are from the share of right answers, on the test split."""

    temperature: float = Field(description="by which `/predict` divides the logits; 1 leaves them as they are")
    length_exponent: float = Field(
        0.0,
        description="of texts as n-grams: the temperature is that of a text of 100 words, and grows by this power of "
        "the length, from one word to 1,000",
    )
    rows: int = Field(description="held-out rows on which it was fitted; 0 if none or too few were held out")
    ece_before: float = Field(description="expected calibration error of the raw outputs, 15 bins, 0 to 1")
    ece_after: float = Field(description="the same with the temperature")


class Metrics(BaseModel):
    """Figures of a run. Accuracies are shares of 1; losses and errors are in the target's unit."""

    train: Figures = Field(default_factory=dict, description="last epoch on the training rows")
    validation: Figures = Field(default_factory=dict, description="held-out rows; mean over folds for k-fold")
    test: Figures = Field(default_factory=dict, description="test split, after training")
    baseline: Figures = Field(default_factory=dict, description="what guessing scores on the test split")
    spread: SpreadOver | None = Field(None, description="mean and spread over folds or seeds")
    fits: list[FitMetrics] = Field(default_factory=list, description="each fold or seed by itself")
    calibration: Calibration | None = Field(None, description="of classifiers")


def fits_of(seeds: int, folds: int | None) -> int:
    """How often a run trains its network: for each seed, or once for each fold and then on all rows."""
    return seeds + (folds or 0)


def seed_of_fit(seed: int, number: int) -> int:
    """The seed of a run's fit: that of the run for fit 0, the next ones for the others; from 0 again at 2³¹."""
    return (seed + number) % 2**31


@dataclass(frozen=True)
class Measured:
    """An epoch as its trainer measured it.

    The fits of a run are numbered: 0 is the one that is published, the last to be trained; 1 to n are the folds of
    k-fold, or the further seeds.
    """

    fit: int
    epoch: int  # from 1
    seconds: float
    metrics: dict[str, float]
    at: datetime


Sort = Literal[
    "created", "name", "status", "task", "dataset", "preset", "score", "seconds",
    "-created", "-name", "-status", "-task", "-dataset", "-preset", "-score", "-seconds",
]  # fmt: skip
Archived = Literal["false", "true", "all"]  # without those that are archived, only those, both


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; None: all."""

    task: str | None = None
    status: str | None = None
    dataset: str | None = None
    tag: tuple[str, str | None] | None = None  # key, and value if it matters
    sweep: str | None = None
    trials: bool = True  # of sweeps too
    preset: str | None = None
    text: str | None = None  # words, each a part of name, note or a tag in any case, or how the id begins
    since: datetime | None = None  # when it was asked for: from then on
    until: datetime | None = None  # ... and before
    archived: Archived = "false"
    sort: Sort = "-created"
