"""All SQL that changes a run's epochs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.sql import ColumnElement

from app.db import events
from app.db.engine import Transaction
from app.db.fence import update_held
from app.db.tables import epochs
from app.domain.runs import Measured
from app.domain.runs import seed_of_fit as seed_of
from app.wire.runs import Progress


def record_epochs(
    tx: Transaction, run_id: str, lease_id: str, measured: Sequence[Measured], progress: Progress
) -> None:
    """Keep finished epochs and how far the run is; what was kept before, by a commit without an answer, stays once.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    run = update_held(tx, run_id, lease_id, progress=progress.model_dump())
    known = _known_epochs(tx, run_id, measured)
    rows, happened = [], []
    for m in measured:
        if (m.fit, m.epoch) in known:
            continue
        own = {"epoch": m.epoch, "seconds": m.seconds}
        rows.append({"run_id": run_id, "fit": m.fit, "metrics": m.metrics, **own})
        fold, seed = which_fit(run, m.fit)
        happened.append(("epoch", m.at, {"fold": fold, "seed": seed, **own, **m.metrics}))
    if rows:
        tx.execute(insert(epochs), rows)
        events.add(tx, run_id, [*happened, (events.PROGRESS, measured[-1].at, progress.model_dump())])


def tell_progress(tx: Transaction, run_id: str, lease_id: str, progress: Progress, now: datetime) -> None:
    """Keep how far the run is where no epoch has ended.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    told = progress.model_dump()
    update_held(tx, run_id, lease_id, progress=told)
    events.add_one(tx, run_id, events.PROGRESS, now, told)


def _known_epochs(tx: Transaction, run_id: str, measured: Sequence[Measured]) -> set[tuple[int, int]]:
    """(fit, epoch) of those that have a row already."""
    fits = {m.fit for m in measured}
    since = min(m.epoch for m in measured)
    query = select(epochs.c.fit, epochs.c.epoch).where(
        epochs.c.run_id == run_id, epochs.c.fit.in_(fits), epochs.c.epoch >= since
    )
    return {(row.fit, row.epoch) for row in tx.execute(query)}


def which_fit(run: Row[Any], number: int) -> tuple[int | None, int | None]:
    """The fold that a fit is, and its seed if there are several; `run` has the columns `seed` and `seeds`."""
    if run.seeds > 1:
        return None, seed_of(run.seed, number)
    return number or None, None


def forget_epochs(tx: Transaction, run_id: str, lease_id: str, fit: int, epoch: int) -> None:
    """Drop what a former attempt recorded after (fit, epoch), the place where this attempt goes on.

    Fits come in the order 1..n, then 0, the one that is published.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    update_held(tx, run_id, lease_id, progress=None)
    later: ColumnElement[bool] = (epochs.c.fit == fit) & (epochs.c.epoch > epoch)
    if fit:
        later = later | (epochs.c.fit == 0) | (epochs.c.fit > fit)
    tx.execute(delete(epochs).where(epochs.c.run_id == run_id, later))
