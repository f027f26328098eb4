"""Reading sweeps: one, many, their trials and what these measured. A few queries, whatever the number of trials."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, case, func, select

from app.db import datasets
from app.db.engine import Transaction
from app.db.tables import epochs, events, models, runs, sweeps
from app.domain.runs import RunStatus
from app.domain.sweeps import SweepStatus
from app.domain.trials import PRUNED, Monitored
from app.errors import NotFound

_UNFINISHED = runs.c.status.in_((RunStatus.QUEUED, RunStatus.RUNNING))
_TRIAL: tuple[ColumnElement[Any], ...] = (
    runs.c.id, runs.c.number, runs.c.status, runs.c.trial, runs.c.metrics, runs.c.progress, runs.c.started_at,
    runs.c.finished_at, runs.c.error_type, runs.c.error_message,
)  # fmt: skip


class Counts(NamedTuple):
    """How many of a sweep's trials stand where."""

    queued: int = 0
    running: int = 0
    succeeded: int = 0
    pruned: int = 0
    failed: int = 0
    cancelled: int = 0  # by somebody


class Figure(NamedTuple):
    """What a fit of a trial measured after an epoch."""

    fit: int
    epoch: int
    value: float


def find(tx: Transaction, sweep_id: str) -> Row[Any] | None:
    """The sweep with this id."""
    return tx.execute(select(sweeps).where(sweeps.c.id == sweep_id)).one_or_none()


def get(tx: Transaction, sweep_id: str) -> Row[Any]:
    """
    Raises:
        NotFound: there is no such sweep.
    """
    if (row := find(tx, sweep_id)) is not None:
        return row
    raise NotFound(f"there is no sweep {sweep_id!r}")


def find_by_key(tx: Transaction, idempotency_key: str, since: datetime) -> Row[Any] | None:
    """The sweep that was asked for with this idempotency key since then."""
    mine = (sweeps.c.idempotency_key == idempotency_key) & (sweeps.c.created_at >= since)
    return tx.execute(select(sweeps).where(mine)).one_or_none()


def page(tx: Transaction, task: str | None, status: str | None, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Up to `limit` sweeps, newest first, with numbers below `before`."""
    query = select(sweeps).order_by(sweeps.c.number.desc()).limit(limit)
    for column, value in ((sweeps.c.task, task), (sweeps.c.status, status)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(sweeps.c.number < before)
    return tx.execute(query).all()


def count_running(tx: Transaction, task: str | None = None) -> int:
    """How many sweeps are running, of a task or of all."""
    query = select(func.count()).select_from(sweeps).where(sweeps.c.status == SweepStatus.RUNNING)
    return tx.execute(query if task is None else query.where(sweeps.c.task == task)).scalar_one()


def is_running(tx: Transaction, sweep_id: str) -> bool:
    """Whether there is this sweep, and it has not ended."""
    row = find(tx, sweep_id)
    return row is not None and row.status == SweepStatus.RUNNING


def running_on(tx: Transaction, dataset: str, version: int | None) -> int:
    """How many running sweeps refer to a version of a dataset, or to any of it."""
    plans = tx.execute(select(sweeps.c.plan).where(sweeps.c.status == SweepStatus.RUNNING)).scalars()
    exactly = datasets.reference(dataset, version or 0)
    start = datasets.reference(dataset, "")
    named = [plan["dataset"] for plan in plans]
    return sum(name == exactly if version is not None else name == dataset or name.startswith(start) for name in named)


def ready(tx: Transaction) -> list[str]:
    """The running sweeps of which no run waits or is going, the oldest first."""
    unfinished = select(runs.c.id).where(runs.c.sweep == sweeps.c.id, _UNFINISHED).exists()
    query = select(sweeps.c.id).where(sweeps.c.status == SweepStatus.RUNNING, ~unfinished).order_by(sweeps.c.number)
    return list(tx.execute(query).scalars())


def any_unfinished(tx: Transaction, sweep_id: str) -> bool:
    """Whether a run of the sweep waits or is going."""
    query = select(runs.c.id).where(runs.c.sweep == sweep_id, _UNFINISHED).limit(1)
    return tx.execute(query).first() is not None


def trials(tx: Transaction, sweep_id: str) -> Sequence[Row[Any]]:
    """The runs of a sweep's trials, in short, in the order in which they were asked for."""
    mine = (runs.c.sweep == sweep_id) & runs.c.trial.is_not(None)
    found: Sequence[Row[Any]] = tx.execute(select(*_TRIAL).where(mine).order_by(runs.c.number)).all()
    return found


def runs_of(tx: Transaction, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Some runs by id, with their models'."""
    query = select(runs, models.c.id.label("model_id")).outerjoin(models, models.c.run_id == runs.c.id)
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), 500):
        found |= {row.id: row for row in tx.execute(query.where(runs.c.id.in_(ids[start : start + 500])))}
    return found


def first_runs(tx: Transaction, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """The first run that each of these sweeps still has, by sweep."""
    first = select(func.min(runs.c.number)).where(runs.c.sweep.in_(ids)).group_by(runs.c.sweep)
    return {row.sweep: row for row in tx.execute(select(runs).where(runs.c.number.in_(first)))}


def model_of(tx: Transaction, run_id: str) -> str | None:
    """The model of a run, also of one that has been removed."""
    found: str | None = tx.execute(select(models.c.id).where(models.c.run_id == run_id)).scalar_one_or_none()
    return found


def verdict_of(tx: Transaction, run_id: str) -> tuple[bool, str] | None:
    """Whether the model of a run became active when it was published, and why; None: it is not known any more."""
    is_told = events.c.data["activated"].as_boolean().is_not(None)
    mine = select(events.c.data).where(events.c.run_id == run_id, events.c.type == "log", is_told)
    told = tx.execute(mine.order_by(events.c.id.desc()).limit(1)).scalar_one_or_none()
    return told and (told["activated"], told["message"].partition("activated: ")[2])


def counts(tx: Transaction, ids: Sequence[str]) -> dict[str, Counts]:
    """Where the trials of these sweeps stand."""
    kind = case(
        (and_(runs.c.status == RunStatus.CANCELLED, runs.c.error_type == PRUNED), "pruned"),
        else_=runs.c.status,
    ).label("kind")
    mine = runs.c.sweep.in_(ids) & runs.c.trial.is_not(None)
    query = select(runs.c.sweep, kind, func.count().label("amount")).where(mine).group_by(runs.c.sweep, kind)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in tx.execute(query):
        found[row.sweep][row.kind] = row.amount
    return {sweep_id: Counts(**found.get(sweep_id, {})) for sweep_id in ids}


def figures(tx: Transaction, sweep_id: str, metric: Monitored, most: int) -> dict[str, list[Figure]]:
    """What the ended trials of a sweep measured, by run, in the order in which they did; `most`: the last epoch."""
    value = epochs.c.metrics[metric].as_float().label("value")
    ended = (runs.c.sweep == sweep_id) & runs.c.trial.is_not(None) & ~_UNFINISHED
    query = select(epochs.c.run_id, epochs.c.fit, epochs.c.epoch, value).join(runs, runs.c.id == epochs.c.run_id)
    query = query.where(ended, epochs.c.epoch <= most)
    found: dict[str, list[Figure]] = defaultdict(list)
    for row in tx.execute(query.order_by(epochs.c.id)):
        if row.value is not None:
            found[row.run_id].append(Figure(row.fit, row.epoch, row.value))
    return found
