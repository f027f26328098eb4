"""Runs: where they stand, their figures, and what happened to them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.recipes import Recipe, Validation

RunStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Activate = Literal["if_better", "always", "never"]
Phase = Literal["preparing", "compiling", "training", "testing", "publishing"]
RunAction = Literal["cancel", "retry", "archive", "restore", "delete"]
Figures = dict[str, float]  # by name: loss, accuracy, mae, f1

FINAL: frozenset[RunStatus] = frozenset({"succeeded", "failed", "cancelled"})


class Progress(Form):
    """How far a running attempt is."""

    epoch: int = Field(0, description="epochs finished in this fit")
    epochs: int = Field(description="epochs this fit has at most")
    fold: int | None = Field(None, description="which fold of k, from 1; None for the fit that is published")
    folds: int | None = Field(None, description="how many folds")
    seed: int | None = Field(None, description="which seed, where there are several")
    fraction: float = Field(0.0, description="share of all epochs done, 0 to 1")
    eta_seconds: float | None = Field(None, description="estimated time left, seconds")
    phase: Phase | None = Field(None, description="what the attempt is at; None: a service of before tells none")


class RunError(Form):
    """Why a run failed."""

    type: str = Field(description="name of the error")
    message: str


class Advice(Form):
    """Something that would probably make the next run better."""

    kind: str = Field(description="overfitting, still_improving, unstable, unbalanced_labels, …")
    title: str
    message: str
    figures: dict[str, float] = Field(description="what speaks for it, by name")
    since_epoch: int | None = Field(None, description="where a curve tells since when")
    change: dict[str, Any] | None = Field(None, description="fields of the run's recipe to replace; None: none helps")
    change_text: str | None = Field(None, description="what the change does")


class RunAdvice(Form):
    """What there is to say about a run, the most important first."""

    items: list[Advice]


class FitMetrics(Form):
    """Figures of one of a run's fits."""

    fold: int | None = Field(None, description="which fold of k, from 1")
    seed: int | None = Field(None, description="which seed, where there are several")
    epochs: int = Field(description="that its weights have seen")
    train: Figures = Field(default_factory=dict)
    validation: Figures = Field(default_factory=dict)
    test: Figures = Field(default_factory=dict)
    temperature: float | None = Field(None, description="by which its logits are divided")
    length_exponent: float = Field(0.0, description="by which the temperature of texts grows with their length")


class Spread(Form):
    """One figure over folds or seeds."""

    mean: float
    std: float = Field(description="population standard deviation")
    min: float
    max: float


class SpreadOver(Form):
    """Figures over the folds of k-fold, or over several seeds."""

    over: Literal["folds", "seeds"]
    count: int
    train: dict[str, Spread] = Field(default_factory=dict)
    validation: dict[str, Spread] = Field(default_factory=dict)
    test: dict[str, Spread] = Field(default_factory=dict)


class Calibration(Form):
    """How far a classifier's probabilities are from the share of right answers, on the test split."""

    temperature: float = Field(description="by which `/predict` divides the logits")
    length_exponent: float = Field(0.0, description="by which the temperature of texts grows with their length")
    rows: int = Field(description="held-out rows on which it was fitted; 0 if none or too few were held out")
    ece_before: float = Field(description="expected calibration error of the raw outputs, 0 to 1")
    ece_after: float = Field(description="the same with the temperature")


class Metrics(Form):
    """Figures of a run. Accuracies are shares of 1; losses and errors are in the target's unit."""

    train: Figures = Field(default_factory=dict, description="last epoch on the training rows")
    validation: Figures = Field(default_factory=dict, description="held-out rows; mean over folds for k-fold")
    test: Figures = Field(default_factory=dict, description="test split, after training")
    baseline: Figures = Field(default_factory=dict, description="what guessing scores on the test split")
    spread: SpreadOver | None = Field(None, description="mean and spread over folds or seeds")
    fits: list[FitMetrics] = Field(default_factory=list, description="each fold or seed by itself")
    calibration: Calibration | None = Field(None, description="of classifiers")


class Trial(Form):
    """A run's part in its sweep."""

    number: int = Field(description="from 0, in the order in which they were asked for")
    generation: int
    parameters: dict[str, Any] = Field(description="what it has of the space, by field")
    metric: Literal["val_loss", "val_accuracy", "val_mae", "val_f1"]
    bars: list[tuple[int, float]] = Field(
        default_factory=list, description="where it stops early: [epoch or fold, figure]"
    )


class Prior(Form):
    """What the run of a winner takes over from its trial."""

    temperature: float
    length_exponent: float = 0.0
    rows: int = Field(description="held out, on which it was fitted")


class QueuePlace(Form):
    """Where a run stands that waits."""

    place: int = Field(description="from 1, which is next")
    expected_start: datetime | None = Field(description="None where nothing tells")


class RunData(Form):
    """A run as the service told it."""

    id: str
    task: str
    status: RunStatus
    preset: str
    dataset: str
    dataset_is_sample: bool = Field(description="true if the rows are the bundled sample, not real data")
    recipe: Recipe
    validation: Validation
    seed: int
    seeds: int = Field(description="how often it is trained, with seeds from `seed` on")
    activate: Activate
    name: str | None
    tags: dict[str, str]
    attempt: int = Field(description="which try this is; 0 before the first")
    max_attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    progress: Progress | None
    metrics: Metrics
    model_id: str | None
    error: RunError | None
    device: str | None = Field(description="what trained, for example CPU:0, GPU:0 or GPU:0 to GPU:3")
    retry_of: str | None
    sweep: str | None = Field(None, description="of whose trials it is one, or whose winner it trains")
    trial: Trial | None = Field(None, description="of a trial, what makes it one")
    prior: Prior | None = Field(None, description="of a winner's run, what it takes over from its trial")
    traceparent: str | None = Field(
        description="the trace of the request that asked for it (W3C Trace Context), which its webhook continues"
    )
    note: str = Field("", description="what somebody wrote about it")
    archived_at: datetime | None = Field(None, description="since when lists leave it out unless they are asked")
    queue: QueuePlace | None = Field(None, description="of a queued run alone")


class RunScore(Form):
    """A run's main figure."""

    name: str = Field(description="accuracy, f1 or mae, on the test split; of a sweep's trial the same with `val_`")
    value: float
    guessing: float | None = Field(description="what guessing scores on the test split")
    higher_is_better: bool


class ShortCurve(Form):
    """The loss of the fit that is published, by epoch."""

    name: str = Field(description="`val_loss`, or `loss` where no rows were held out")
    values: list[float] = Field(description="at most 24: of long runs some of them, the first and the last always")


class RunRow(Form):
    """A run in short, as lists show it."""

    id: str
    name: str | None
    task: str
    preset: str
    dataset: str
    dataset_is_sample: bool
    status: RunStatus
    tags: dict[str, str]
    note: str
    archived_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None = Field(description="from its start to its end")
    progress: Progress | None
    score: RunScore | None
    model_id: str | None
    sweep: str | None
    retry_of: str | None
    queue: QueuePlace | None = Field(None, description="of a queued run alone")
    error: RunError | None = Field(description="its message cut at 200 characters")
    curve: ShortCurve | None


class RunRows(Form):
    """A part of a list of runs, and how long the whole is."""

    items: list[RunRow]
    next: int | None = None
    total: int = Field(description="runs on all pages")


class RunRefused(Form):
    """A run to which it was not done."""

    run: str
    status: int = Field(description="the status that the call for this run alone is answered with")
    reason: str


class Freed(Form):
    """What is not there any more."""

    bytes: int = Field(description="of the files of models")
    runs: int
    models: int


class RunActionDone(Form):
    """What was done to runs, or in a dry run would be."""

    action: RunAction
    dry_run: bool
    done: list[str] = Field(description="the runs to which it was done")
    refused: list[RunRefused]
    created: list[str] = Field(description="the new runs of `retry`; none in a dry run")
    frees: Freed


class RecordedEvent(Form):
    """Something that happened to a run, as lists of events have it."""

    id: int
    run_id: str
    type: Literal["status", "epoch", "log"]
    at: datetime
    data: dict[str, Any]
