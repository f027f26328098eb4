"""Sweeps: what varies, where they stand, and what they found.

As of recipes, what is of several kinds has one form with the fields of all of them.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.models import Drawing
from densely_client.forms.recipes import Recipe, Validation
from densely_client.forms.runs import Activate, RunError, RunStatus, Spread

SweepStatus = Literal["running", "succeeded", "failed", "cancelled"]
Metric = Literal["val_loss", "val_accuracy", "val_mae", "val_f1"]

ENDED: frozenset[SweepStatus] = frozenset({"succeeded", "failed", "cancelled"})


class Axis(Form):
    """What a field of a recipe may be: a choice, or numbers from `low` to `high`."""

    kind: str = Field(description="`choice`, `range` or `log_range`")
    values: list[Any] | dict[str, Any] | None = Field(None, description="of a choice; as a mapping they have names")
    low: float | None = Field(None, description="of ranges")
    high: float | None = Field(None, description="of ranges")
    step: float | None = Field(None, description="of `range`: between two numbers")
    points: int | None = Field(None, description="of ranges: of a grid, so many")
    when: dict[str, list[Any]] | None = Field(None, description="varies only where other fields have these values")


class Method(Form):
    """How trials are chosen."""

    kind: str = Field(description="`grid`, `random`, `tpe` or `cma_es`")
    startup_trials: int | None = Field(None, description="of `tpe` and `cma_es`: drawn evenly before it begins")


class Pruner(Form):
    """When hopeless trials are stopped early."""

    kind: str = Field(description="`successive_halving` or `median`")
    least: int | None = Field(None, description="epochs, or folds, that each trial gets")
    factor: int | None = Field(None, description="of `successive_halving`: the best 1/factor are the bar")


class Budget(Form):
    """When no more trials are asked for; whichever comes first."""

    trials: int = 20
    minutes: float | None = None


class SweepPlan(Form):
    """A sweep that was asked for, checked and completed."""

    task: str
    preset: str
    dataset: str
    recipe: Recipe = Field(description="what is not in the space")
    validation: Validation = Field(description="of trials")
    space: dict[str, Axis]
    method: Method
    pruner: Pruner | None
    budget: Budget
    metric: Metric
    generation: int = Field(description="trials that are asked for at a time")
    seed: int = Field(description="of trials and of the method")
    final_seeds: int = Field(description="of the winner's run")
    activate: Activate
    base_first: bool = Field(False, description="whether trial 0 has the base's own values")


class TrialRow(Form):
    """A trial on the leaderboard."""

    run_id: str
    number: int
    status: RunStatus
    pruned: bool = Field(description="whether it was stopped as hopeless")
    value: float | None = Field(description="its validation figure; of a pruned one, the last")
    parameters: dict[str, Any]
    epochs: int | None = Field(description="that its weights have seen")
    seconds: float | None = Field(description="from its claim to its end")
    error: RunError | None


class Best(Form):
    """The best figure so far, when a trial had ended."""

    number: int
    at: datetime
    value: float


class Importance(Form):
    """How much of what a field does shows in the figures of trials."""

    field: str
    share: float = Field(description="0 to 1; all fields together are 1")


class BaseTrial(Form):
    """Trial 0 of a sweep, which has the base's own values: the preset's, with what the request replaces."""

    run_id: str
    value: float | None = Field(description="its validation figure; null before it has one")


class Outcome(Form):
    """What choosing among so many trials is worth."""

    run_id: str = Field(description="of the trial that was chosen")
    number: int
    parameters: dict[str, Any]
    value: float = Field(description="its validation figure, which choosing makes look better than it is")
    trials: int = Field(description="among how many it was chosen")
    base: BaseTrial | None = Field(
        None, description="by which it can be judged; null of a grid, and once its run is removed"
    )
    final_run: str | None = Field(description="the run that trains its recipe on all rows")
    final_status: RunStatus | None
    model_id: str | None
    activated: bool | None = Field(None, description="whether the model became active by itself; null in lists")
    activation_reason: str | None = Field(None, description="why it did, or did not")
    test: dict[str, float] = Field(description="the final run's figures on the test split")
    spread: dict[str, Spread] = Field(description="of the test figures over the final run's seeds")
    baseline: dict[str, float] = Field(description="what guessing scores on the test split")


class SweepProgress(Form):
    """How far a sweep is."""

    ended: int
    going: int
    waiting: int
    pruned: int
    failed: int
    cancelled: int = Field(description="trials that somebody cancelled")
    skipped: int = Field(description="combinations that make no recipe")
    skipped_reason: str | None
    trials: int = Field(description="that the budget, or the grid, allows")
    fraction: float
    eta_seconds: float | None


class SweepSummary(Form):
    """A sweep in a list."""

    id: str
    task: str
    status: SweepStatus
    name: str | None
    tags: dict[str, str]
    plan: SweepPlan
    progress: SweepProgress
    outcome: Outcome | None = Field(description="once there is a best trial; final when the sweep has ended")
    error: RunError | None
    created_at: datetime
    finished_at: datetime | None
    cancel_requested_at: datetime | None


class SweepData(SweepSummary):
    """A sweep with what it found so far."""

    leaderboard: list[TrialRow] = Field(description="best first, then those that are going, then the others")
    best: list[Best] = Field(description="the best figure so far, in the order in which trials ended")
    importance: list[Importance] = Field(description="most first")
    pictures: list[Drawing] = Field(description="plots of it, and where they are")


class SweepRequest(Form):
    """What may be asked of a sweep, as "search around this recipe" proposes it."""

    task: str
    preset: str = "baseline"
    dataset: str | None = None
    recipe: dict[str, Any] = Field(default_factory=dict, description="fields that replace the preset's")
    validation: Validation | None = None
    space: dict[str, Axis]
    method: Method = Method(kind="tpe")
    pruner: Pruner | None = Pruner(kind="successive_halving")
    budget: Budget = Budget()
    metric: Metric | None = None
    generation: int = 10
    seed: int | None = None
    final_seeds: int = 3
    activate: Activate = "if_better"
    name: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
