"""Sweeps: what is asked for, where they stand, and what they found."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.domain.numbers import Integer
from app.domain.recipes import RecipePatch, Validation
from app.domain.runs import Activate, Line, RunStatus, Slug, Spread
from app.domain.spaces import TPE, Budget, Method, Parameters, Pruner, Space, SuccessiveHalving
from app.domain.sweeps import SweepPlan, SweepStatus
from app.domain.trials import Monitored
from app.wire.pictures import Drawing
from app.wire.runs import RunError


class SweepRequest(BaseModel):
    """What a client asks for; everything left out comes from the task and the preset."""

    model_config = ConfigDict(extra="forbid")
    task: str = Field(max_length=64, description="name of a task, see `GET /tasks`")
    preset: str = Field("baseline", max_length=64, description="a named recipe of the task")
    dataset: str | None = Field(None, max_length=64, description="default: the task's first dataset")
    recipe: RecipePatch = Field(default_factory=RecipePatch, description="fields that replace the preset's")
    validation: Validation | None = Field(
        None,
        description="of trials: holdout or kfold. Default: the preset's; where it has none, a fifth of the training "
        "rows, at most 10,000, shuffled",
    )
    space: Space
    method: Method = Field(default_factory=TPE)
    pruner: Pruner | None = Field(
        default_factory=SuccessiveHalving, description="when hopeless trials are stopped early; null: never"
    )
    budget: Budget = Field(default_factory=Budget)
    metric: Monitored | None = Field(None, description="by which trials are compared; default: that of the head")
    generation: Annotated[int, Integer(1, 100)] = Field(
        10, description="trials that are asked for at a time: the method and the pruner know those before"
    )
    seed: Annotated[int, Integer(0, 2**31 - 1)] | None = Field(
        None,
        description="of the method, and of every trial's weights, batch order and dropout; default: drawn, and kept",
    )
    final_seeds: Annotated[int, Integer(1, 20)] = Field(
        3, description="how often the winner is trained on all rows, with `seed` and the next ones"
    )
    activate: Activate = Field("if_better", description="when the winner's model becomes the active one")
    name: Line | None = None
    tags: dict[Slug, Line] = Field(default_factory=dict, max_length=20)


class TrialRow(BaseModel):
    """A trial on the leaderboard."""

    run_id: str
    number: int
    status: RunStatus
    pruned: bool = Field(description="whether it was stopped as hopeless")
    value: float | None = Field(description="its validation figure; of a pruned one, the last")
    parameters: Parameters
    epochs: int | None = Field(description="that its weights have seen")
    seconds: float | None = Field(description="from its claim to its end")
    error: RunError | None


class Best(BaseModel):
    """The best figure so far, when a trial had ended."""

    number: int
    at: datetime
    value: float


class Importance(BaseModel):
    """How much of what a field does shows in the figures of trials."""

    field: str
    share: float = Field(description="0 to 1; all fields together are 1")


class BaseTrial(BaseModel):
    """Trial 0 of a sweep, which has the base's own values: the preset's, with what the request replaces."""

    run_id: str
    value: float | None = Field(description="its validation figure; null before it has one")


class Outcome(BaseModel):
    """What choosing among so many trials is worth."""

    run_id: str = Field(description="of the trial that was chosen")
    number: int
    parameters: Parameters
    value: float = Field(description="its validation figure, which choosing makes look better than it is")
    trials: int = Field(description="among how many it was chosen")
    base: BaseTrial | None = Field(description="by which it can be judged; null of a grid, and once its run is removed")
    final_run: str | None = Field(description="the run that trains its recipe on all rows")
    final_status: RunStatus | None
    model_id: str | None
    activated: bool | None = Field(None, description="whether the model became active by itself; null in lists")
    activation_reason: str | None = Field(None, description="why it did, or did not")
    test: dict[str, float] = Field(description="the final run's figures on the test split, which nothing was chosen by")
    spread: dict[str, Spread] = Field(description="of the test figures over the final run's seeds")
    baseline: dict[str, float] = Field(description="what guessing scores on the test split")


class SweepProgress(BaseModel):
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


class SweepSummary(BaseModel):
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


class Sweep(SweepSummary):
    """A sweep with what it found so far."""

    leaderboard: list[TrialRow] = Field(description="best first, then those that are going, then the others")
    best: list[Best] = Field(description="the best figure so far, in the order in which trials ended")
    importance: list[Importance] = Field(description="most first; empty with fewer than ten figures, or one field")
    pictures: list[Drawing] = Field(description="plots of it, and where they are")
