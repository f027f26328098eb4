"""The runs of a sweep's trials, read once: what each found, and which one is the best."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.db import releases
from app.domain.runs import Metrics, RunStatus
from app.domain.sweeps import SweepPlan
from app.domain.trials import PRUNED, Trial
from app.services.sweeps.methods import Former


@dataclass(frozen=True)
class Ended:
    """A trial's run as far as a sweep looks at it."""

    row: Any  # of `sweep_queries.trials`
    trial: Trial
    status: RunStatus
    value: float | None  # of one that succeeded, its figure; of a hopeless one, its last
    pruned: bool

    @property
    def counts(self) -> bool:
        """Whether it may be chosen."""
        return self.status is RunStatus.SUCCEEDED and self.value is not None

    @property
    def epochs(self) -> int | None:
        """That its weights have seen; of a hopeless one, that it was given; of k-fold, of the longest fold."""
        fits = [fit["epochs"] for fit in self.row.metrics.get("fits", ())]
        if fits:
            return int(max(fits))
        return int(self.row.progress["epoch"]) if self.pruned and self.row.progress else None


def read(plan: SweepPlan, rows: Iterable[Any], *, whole: bool = False) -> list[Ended]:
    """Rows of `sweep_queries.trials`, by the numbers of their trials.

    Raises:
        Unavailable: a newer release asked for one, with what this one cannot read.
        NewerRelease: the same, of `whole` ones with anything that this one does not know.
    """
    read_one = releases.read_whole if whole else releases.read
    found = []
    for row in rows:
        status = RunStatus(row.status)
        pruned = status is RunStatus.CANCELLED and row.error_type == PRUNED
        figures: Mapping[str, float] = row.metrics.get("validation", {})
        value = figures.get(plan.figure) if pruned or status is RunStatus.SUCCEEDED else None
        trial = read_one(Trial, row.trial, f"the trial of run {row.id}")
        found.append(Ended(row, trial, status, value, pruned))
    return sorted(found, key=lambda each: each.trial.number)


def best(plan: SweepPlan, trials: Iterable[Ended]) -> Ended | None:
    """The one with the best figure; of several the first that was asked for."""
    found = [each for each in trials if each.counts]
    return min(found, key=lambda each: rank(plan, each), default=None)


def rank(plan: SweepPlan, each: Ended) -> tuple[float, int]:
    """Lower is better; of a trial with a value."""
    assert each.value is not None
    return (-each.value if plan.higher_is_better else each.value, each.trial.number)


def as_former(trials: Sequence[Ended], stopped: Mapping[str, int]) -> list[Former]:
    """What methods are told of ended trials; `stopped`: after which epoch or fold a hopeless one was, by run."""
    return [
        Former(
            number=each.trial.number,
            generation=each.trial.generation,
            parameters=each.trial.parameters,
            value=each.value,
            stopped_at=max(1, stopped.get(each.row.id, 1)) if each.pruned else None,
        )
        for each in trials
    ]


def metrics_of(row: Any) -> Metrics:
    """A run's figures."""
    return Metrics.model_validate(row.metrics)
