"""A sweep: a search over one space of recipes, whose trials are runs. `TRANSITIONS` is the rule of its statuses."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from app.domain.recipes import Recipe, Validation
from app.domain.runs import Activate
from app.domain.spaces import Budget, Method, Pruner, Space
from app.domain.trials import HIGHER_IS_BETTER, Monitored


class SweepStatus(StrEnum):
    """Where a sweep stands."""

    RUNNING = "running"  #: trials, or the winner's run, wait or are going
    SUCCEEDED = "succeeded"  #: the winner's run has a model
    FAILED = "failed"  #: no trial has a figure, or the winner's run failed; it says why
    CANCELLED = "cancelled"  #: ended because somebody asked


TRANSITIONS: dict[SweepStatus, frozenset[SweepStatus]] = {
    SweepStatus.RUNNING: frozenset(SweepStatus),  # itself: it goes on, or somebody asks for its end
    SweepStatus.SUCCEEDED: frozenset(),
    SweepStatus.FAILED: frozenset(),
    SweepStatus.CANCELLED: frozenset(),
}

FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)


class SweepPlan(BaseModel):
    """A sweep that was asked for, checked and completed."""

    model_config = ConfigDict(frozen=True)
    task: str
    preset: str
    dataset: str
    recipe: Recipe  # what is not in the space
    validation: Validation  # of trials
    space: Space
    method: Method
    pruner: Pruner | None
    budget: Budget
    metric: Monitored
    generation: int  # trials that are asked for at a time
    seed: int  # of trials and of the method
    final_seeds: int  # of the winner's run
    activate: Activate
    base_first: bool = False  # whether trial 0 has the base's own values, by which the others are judged

    @property
    def higher_is_better(self) -> bool:
        """Whether of two figures the higher one is better."""
        return self.metric in HIGHER_IS_BETTER

    @property
    def figure(self) -> str:
        """What the metric is called among a run's validation figures."""
        return self.metric.removeprefix("val_")
