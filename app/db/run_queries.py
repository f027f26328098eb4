"""Reading runs: one, many, their epochs and events."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from app.db import events, releases
from app.db.engine import Transaction
from app.db.epochs import which_fit
from app.db.tables import epochs, models, runs
from app.domain.leases import Sign
from app.domain.runs import Figures, RunStatus
from app.domain.trials import Prior, Trial
from app.errors import NotFound
from app.wire.declarations import SAMPLE
from app.wire.runs import Epoch, Event, Run, RunError

WITH_MODEL = select(runs, models.c.id.label("model_id")).outerjoin(models, models.c.run_id == runs.c.id)
_STANDING: tuple[ColumnElement[Any], ...] = (runs.c.status, models.c.id.label("model_id"))


def get(tx: Transaction, run_id: str) -> Run:
    """
    Raises:
        NotFound: there is no such run.
    """
    if run := find(tx, run_id):
        return run
    raise NotFound(f"there is no run {run_id!r}")


def find(tx: Transaction, run_id: str) -> Run | None:
    """The run with this id, or None."""
    row = tx.execute(WITH_MODEL.where(runs.c.id == run_id)).one_or_none()
    return to_run(row) if row else None


def find_all(tx: Transaction, run_ids: Sequence[str]) -> dict[str, Run]:
    """Those of these runs that are there and that this release can read, by id."""
    return {run.id: run for run in readable(tx.execute(WITH_MODEL.where(runs.c.id.in_(run_ids))))}


def get_whole(tx: Transaction, run_id: str) -> Run:
    """A run that is there, for whoever carries it out.

    Raises:
        NewerRelease: that release asked for it, with what this one does not know.
    """
    row = tx.execute(WITH_MODEL.where(runs.c.id == run_id)).one()
    for form, asked in ((Trial, row.trial), (Prior, row.prior)):  # as a part of a run they overlook what is added
        if asked is not None:
            releases.read_whole(form, asked, f"the {form.__name__.lower()} of run {run_id}")
    return releases.read_whole(Run, _values(row), f"run {run_id}")


def standing(tx: Transaction, run_id: str) -> Row[Any] | None:
    """`status` and `model_id` of a run, which may be of any release; None: there is no such run."""
    query = select(*_STANDING).outerjoin(models, models.c.run_id == runs.c.id)
    return tx.execute(query.where(runs.c.id == run_id)).one_or_none()


def to_run(row: Row[Any]) -> Run:
    """A row of the query above as the domain knows it.

    Raises:
        Unavailable: a newer release asked for it, with what this one cannot read.
    """
    return releases.read(Run, _values(row), f"run {row.id}")


def readable(rows: Iterable[Row[Any]]) -> list[Run]:
    """Rows of the query above, but for those of which a newer release asked for what this one cannot read."""
    found = (releases.read_any(Run, _values(row)) for row in rows)
    return [run for run in found if run is not None]


def _values(row: Row[Any]) -> dict[str, Any]:
    values = {name: value for name, value in row._asdict().items() if name in Run.model_fields}
    error = RunError(type=row.error_type, message=row.error_message) if row.error_type else None
    return values | {"dataset_is_sample": row.dataset == SAMPLE, "error": error}


def key_of(tx: Transaction, run_id: str) -> str:
    """The API key that queued a run; empty: none was needed."""
    found: str = tx.execute(select(runs.c.key_id).where(runs.c.id == run_id)).scalar_one()
    return found


def tasks_of(tx: Transaction, run_ids: Sequence[str]) -> set[str]:
    """The tasks of some runs."""
    return set(tx.execute(select(runs.c.task).where(runs.c.id.in_(run_ids)).distinct()).scalars())


def find_by_key(tx: Transaction, idempotency_key: str, since: datetime) -> Row[Any] | None:
    """The run that was queued with this idempotency key since then."""
    mine = (runs.c.idempotency_key == idempotency_key) & (runs.c.created_at >= since)
    return tx.execute(WITH_MODEL.where(mine)).one_or_none()


def last_epoch(tx: Transaction, run_id: str) -> int:
    """The highest number of an epoch of the run; 0 without any."""
    found: int | None = tx.execute(select(func.max(epochs.c.epoch)).where(epochs.c.run_id == run_id)).scalar_one()
    return found or 0


def epochs_of(tx: Transaction, run_id: str, every: int = 1) -> list[Epoch]:
    """The run's epochs in the order they were trained: the first, and those whose number `every` divides."""
    query = select(epochs, runs.c.seed, runs.c.seeds).join(runs, runs.c.id == epochs.c.run_id)
    found = []
    wanted = (epochs.c.epoch % every == 0) | (epochs.c.epoch == 1)
    for row in tx.execute(query.where(epochs.c.run_id == run_id, wanted).order_by(epochs.c.id)):
        fold, seed = which_fit(row, row.fit)
        found.append(Epoch(epoch=row.epoch, fold=fold, seed=seed, seconds=row.seconds, metrics=row.metrics))
    return found


def figures_of(tx: Transaction, run_id: str, folds: int = 0) -> list[list[Figures]]:
    """What was measured after each epoch, of the fit that is published, or before it has begun of the first.

    With `folds` of so many folds instead, the first ones, as far as they have begun.
    """
    mine = epochs.c.run_id == run_id
    first = select(func.min(epochs.c.fit)).where(mine).scalar_subquery()  # that of fit 0 is published
    wanted = epochs.c.fit.between(1, folds) if folds else epochs.c.fit == first
    found: dict[int, list[Figures]] = defaultdict(list)
    query = select(epochs.c.fit, epochs.c.metrics).where(mine, wanted)
    for row in tx.execute(query.order_by(epochs.c.fit, epochs.c.epoch)):
        found[row.fit].append(row.metrics)
    return list(found.values())


def events_of(tx: Transaction, run_id: str | None, limit: int, after: int) -> list[Event]:
    """Up to `limit` events with ids above `after`, oldest first, of the run or of all; without progress."""
    return [Event.model_validate(row._asdict()) for row in events.page(tx, after, limit, run_id)]


def any_queued(tx: Transaction, but: Collection[str] = ()) -> bool:
    """Whether a run waits for a worker, other than these."""
    waiting = select(runs.c.number).where(runs.c.status == RunStatus.QUEUED)
    return tx.execute((waiting.where(runs.c.id.not_in(but)) if but else waiting).limit(1)).first() is not None


def unfinished_ids(tx: Transaction) -> set[str]:
    """The runs that wait or are going."""
    going = runs.c.status.in_((RunStatus.QUEUED, RunStatus.RUNNING))
    return set(tx.execute(select(runs.c.id).where(going)).scalars())


def count_queued(tx: Transaction) -> int:
    """How many runs wait for a worker."""
    query = select(func.count()).select_from(runs).where(runs.c.status == RunStatus.QUEUED)
    return tx.execute(query).scalar_one()


def held(tx: Transaction) -> dict[str, Sign]:
    """The leases of all running runs, by run."""
    query = select(runs.c.id, runs.c.lease_id, runs.c.lease_beats).where(runs.c.status == RunStatus.RUNNING)
    return {row.id: (row.lease_id, row.lease_beats) for row in tx.execute(query)}
