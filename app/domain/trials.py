"""What makes a run one of a sweep's."""

import math
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from app.domain.spaces import Parameters

Monitored = Literal["val_loss", "val_accuracy", "val_mae", "val_f1"]
HIGHER_IS_BETTER: frozenset[Monitored] = frozenset(("val_accuracy", "val_f1"))
MOST_OF_TRIAL = 2_000  # held-out rows that tell a trial's temperature: enough for one or two numbers
PRUNED = "Pruned"  # the type of the error with which a hopeless trial ends


def every_of(rows: int) -> int:
    """Every which of so many held-out rows tells the temperature of a trial: every, or every second, third ..."""
    return math.ceil(rows / MOST_OF_TRIAL)


def rows_that_tell(rows: int) -> int:
    """How many of so many held-out rows tell the temperature of a trial."""
    return len(range(0, rows, every_of(rows)))


class Bar(NamedTuple):
    """Where a trial stops: after `step` epochs (of k-fold, folds), unless its best figure so far reaches `value`."""

    step: int
    value: float


class Trial(BaseModel):
    """A trial's part in its sweep. It is measured on validation data only, and publishes no model."""

    model_config = ConfigDict(frozen=True)
    number: int = Field(description="from 0, in the order in which they were asked for")
    generation: int = Field(description="from 0; a generation is asked for when the one before has ended")
    parameters: Parameters = Field(description="what it has of the space, by field")
    metric: Monitored = Field(description="by which trials are compared")
    bars: list[Bar] = Field(default_factory=list, description="where it stops early: [epoch or fold, figure]")


class Prior(BaseModel):
    """What the run of a winner takes over from its trial: it has no held-out rows to find it by."""

    model_config = ConfigDict(frozen=True)
    temperature: float
    length_exponent: float = 0.0
    rows: int = Field(description="held out, on which it was fitted")
