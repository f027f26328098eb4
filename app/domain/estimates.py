"""How long a run will take, from what it has to do and how long others took."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

from app.domain.layers import Stage
from app.domain.recipes import Holdout, KFold, Recipe, Validation
from app.domain.runs import fits_of

Basis = Literal["same recipe", "similar runs", "weights"]

# What an epoch costs on a machine of no importance, seconds: only the ratio of two such figures is used.
STEP = 60e-6  # of each batch, however small
MULTIPLICATION = 0.6e-9  # forwards and backwards
ROW = 0.4e-6  # to bring it there

FEW = 3  # runs below which their spread says little
ALONE = 1.5  # the factor by which a run may differ from a single one like it
APART = 0.25  # what is added to that factor when the work is e times as much, or e times less
ELSEWHERE = 2.0  # the factor where the runs were of other data


@dataclass(frozen=True)
class Work:
    """What a run has to do, as far as it is known beforehand."""

    rows: int  # that an epoch goes through
    batch_size: int
    multiplications: int  # for a row, of all members; zeros of an input cost nothing
    epochs: int  # of all its fits together, at most
    least_epochs: int  # the same if each fit stops as early as it may

    @property
    def epoch(self) -> float:
        """What an epoch costs, to be compared with another one's."""
        steps = math.ceil(self.rows / self.batch_size)
        return steps * STEP + self.rows * (ROW + self.multiplications * MULTIPLICATION)


@dataclass(frozen=True)
class Job:
    """A run, as far as it decides how long it takes."""

    id: str
    task: str
    dataset: str
    recipe: Recipe
    validation: Validation
    seeds: int
    started_at: datetime | None = None
    finished_at: datetime | None = None
    epochs: int = 0  # of the published fit that are done

    def is_like(self, other: "Job") -> bool:
        """Whether the other one does the same; the seed does not matter."""
        return self.settings == other.settings

    @property
    def settings(self) -> tuple[object, ...]:
        """What decides how long it takes."""
        return self.task, self.dataset, self.recipe, self.validation, self.seeds

    @property
    def fits(self) -> int:
        """How often the network is trained."""
        return fits_of(self.seeds, self.validation.folds if isinstance(self.validation, KFold) else None)

    def epochs_at_least(self) -> int:
        """Of a fit, if it stops as early as it may."""
        stopping = self.recipe.early_stopping
        return min(self.recipe.epochs, stopping.patience + 1) if stopping else self.recipe.epochs


def work_of(job: Job, rows: int, stages: Sequence[Stage], numbers: int) -> Work:
    """What a run has to do.

    `rows`: of the training split. `stages`: of its network. `numbers`: of an encoded row that are not zero, about.
    """
    held_out = job.validation.size if isinstance(job.validation, Holdout) else 0
    first, *others = [stage.multiplications for stage in stages if stage.multiplications]
    inputs = first // stages[0].shape[-1] if len(stages[0].shape) == 1 and stages[0].multiplications else 0
    # Of sparse rows the first layer adds up the weights of what is there.
    cost = first * min(1.0, numbers / inputs) if inputs else first
    return Work(
        rows=max(1, rows - held_out),
        batch_size=job.recipe.batch_size,
        multiplications=round((cost + sum(others)) * job.recipe.members),
        epochs=job.recipe.epochs * job.fits,
        least_epochs=job.epochs_at_least() * job.fits,
    )


@dataclass(frozen=True)
class Past:
    """A run that has succeeded."""

    work: Work
    seconds: float  # from start to end
    epoch_seconds: float  # of one of its epochs
    epochs: int  # of all its fits together

    @property
    def pace(self) -> float:
        """Of an epoch, seconds. Folds that are trained side by side take less than their epochs seem to."""
        return min(self.epoch_seconds, self.seconds / self.epochs)

    @property
    def overhead(self) -> float:
        """What it took besides its epochs: reading, encoding, compiling, testing, publishing; seconds."""
        return self.seconds - self.pace * self.epochs


@dataclass(frozen=True)
class Told:
    """An estimate, in seconds."""

    seconds: float
    low: float
    high: float
    runs: int
    basis: Basis


def of_same(seconds: Sequence[float]) -> Told:
    """From runs that did the same, of which there is at least one."""
    spread = ALONE if len(seconds) < FEW else 1.1
    return Told(median(seconds), min(seconds) / spread, max(seconds) * spread, len(seconds), "same recipe")


def of_others(work: Work, past: Sequence[Past], basis: Basis) -> Told:
    """From runs that did other things, at least one: those whose epochs cost about as much count most."""
    distances = [abs(math.log(work.epoch / one.work.epoch)) for one in past]
    weights = [1 / (0.1 + distance) ** 2 for distance in distances]
    expected = (work.epochs + work.least_epochs) / 2
    spread = (ELSEWHERE if basis == "weights" else ALONE) + APART * min(distances)
    told = [_quantile(_predicted(work, past, epochs), weights, share) for epochs, share in (
        (expected, 0.5), (work.least_epochs, 0.2), (work.epochs, 0.8))]  # fmt: skip
    return Told(told[0], min(told[0], told[1]) / spread, max(told[0], told[2]) * spread, len(past), basis)


def _predicted(work: Work, past: Sequence[Past], epochs: float) -> list[float]:
    return [one.overhead + one.pace * (work.epoch / one.work.epoch) * epochs for one in past]


def _quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """The value below which this share of the weights lies; between two values by ratios, for times differ by these."""
    pairs = sorted(zip(values, weights, strict=True))
    total = sum(weights)
    ends = itertools.accumulate(weight for _, weight in pairs)
    places = [(end - weight / 2) / total for end, (_, weight) in zip(ends, pairs, strict=True)]
    above = next((place for place, at in enumerate(places) if at >= share), len(pairs) - 1)
    below = max(0, above - 1)
    (low, _), (high, _) = pairs[below], pairs[above]
    part = min(1.0, (share - places[below]) / (places[above] - places[below])) if above > below else 1.0
    return high if low <= 0 or part < 0 else low * (high / low) ** part
