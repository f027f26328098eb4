"""Sweeps without a trainer: asked for, and their trials ended with figures that a formula gives."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from app.db import epochs, runs
from app.db.engine import Database
from app.domain.clock import Clock
from app.domain.runs import Change, FitMetrics, Measured, Metrics
from app.domain.trials import PRUNED, Bar
from app.services.sweeps.driver import SweepDriver
from app.wire.runs import Progress, RunError
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

Figure = Callable[[dict[str, Any], int], float]  # of a trial's parameters, after an epoch


def bowl(parameters: dict[str, Any], epoch: int) -> float:
    """An accuracy that is best at a learning rate of 0.01 and many epochs; of a base beyond the space a poor one."""
    rate: float = parameters.get("optimizer.learning_rate", 0.01 if parameters else 1.0)
    units: float = parameters.get("layers.0.units", 8)
    far = abs(math.log10(rate) + 2) + abs(units - 8) / 100
    return 1 / (1 + far) * (1 - 0.5**epoch)


def end_next(
    database: Database, clock: Clock, figure: Figure = bowl, *, worker: str = "w-1", length: int = 4
) -> dict[str, Any] | None:
    """Carry out the run that is next in the queue, as a trainer would; None: there is none.

    A trial measures `length` epochs, unless it meets a bar that it does not reach. Any other run is published.
    """
    with database.write() as tx:
        row = runs.claim(tx, worker, clock())
        if row is None:
            return None
        found = {"id": row.id, "trial": row.trial, "lease": row.lease_id}
        if row.trial is None:
            runs.publish(tx, row.id, row.lease_id, clock(), Metrics(test={"accuracy": 0.5}, baseline={"accuracy": 0.4}))
            return found
        _measure(tx, row, clock, [figure(row.trial["parameters"], epoch + 1) for epoch in range(length)])
    return found


def _measure(tx: Any, row: Any, clock: Clock, figures: list[float]) -> None:
    metric = row.trial["metric"]
    higher = metric in ("val_accuracy", "val_f1")
    bars: dict[int, float] = dict(Bar(*bar) for bar in row.trial["bars"])
    stopped, best = None, -math.inf
    for step, value in enumerate(figures, 1):
        best = max(best, value if higher else -value)
        if step in bars and best < (bars[step] if higher else -bars[step]):
            stopped = step
            break
    seen = figures[: stopped or len(figures)]
    measured = [Measured(0, step, 0.1, {metric: value}, clock()) for step, value in enumerate(seen, 1)]
    epochs.record_epochs(tx, row.id, row.lease_id, measured, Progress(epoch=len(seen), epochs=len(figures)))
    name = metric.removeprefix("val_")
    fit = FitMetrics(epochs=len(seen), temperature=1.5)
    metrics = Metrics(validation={name: seen[-1]}, fits=[fit]).model_dump()
    if stopped:
        error = RunError(type=PRUNED, message=f"hopeless after {stopped} epochs")
        runs.end_lease(tx, row.id, row.lease_id, Change.PRUNED, clock(), error, {"metrics": metrics})
    else:
        runs.end_lease(tx, row.id, row.lease_id, Change.MEASURED, clock(), values={"metrics": metrics})


def fail_next(database: Database, clock: Clock, errors: Iterable[RunError] = ()) -> str | None:
    """The run that is next in the queue ends with an error; its id."""
    error = next(iter(errors), RunError(type="Diverged", message="the loss is no longer a number"))
    with database.write() as tx:
        row = runs.claim(tx, "w-1", clock())
        if row is None:
            return None
        runs.end_lease(tx, row.id, row.lease_id, Change.ERRORED, clock(), error)
        return str(row.id)


def ended_sweep(client: httpx.Client, database: Database) -> str:
    """One with enough trials for all that can be told and drawn of it; its id."""
    space = {
        "optimizer.learning_rate": {"kind": "log_range", "low": 0.01, "high": 1},
        "batch_size": {"kind": "choice", "values": [32, 64]},
    }
    asked = {"task": "planar", "dataset": "sample", "space": space, "method": {"kind": "random"}, "pruner": None}
    found: str = client.post("/sweeps", json={**asked, "budget": {"trials": 10}, "seed": 1}).json()["id"]
    driver = SweepDriver(database, FakeClock(), TASKS, max_attempts=3)
    while driver.advance():
        while end_next(database, FakeClock()):
            pass
    return found
