"""All SQL that changes sweeps; what is read of them is in `sweep_queries`."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.db import events, notify
from app.db.engine import Transaction
from app.db.tables import runs, sweeps
from app.domain.runs import FINAL, TRANSITIONS, Change, RunStatus
from app.domain.sweeps import FINAL as FINAL_OF_SWEEPS
from app.domain.sweeps import TRANSITIONS as OF_SWEEPS
from app.domain.sweeps import SweepPlan, SweepStatus
from app.wire.runs import RunError

Skipped = tuple[int, str | None]  # combinations that make no recipe, and why the first one does not


def insert_sweep(
    tx: Transaction,
    plan: SweepPlan,
    now: datetime,
    skipped: Skipped,
    idempotency: tuple[str, str] | None = None,
    **asked: Any,
) -> str:
    """Add a sweep, which workers find by itself; returns its id. `asked`: name, tags, key_id, traceparent."""
    key, sha256 = idempotency or (None, None)
    tx.execute(
        insert(sweeps).values(
            id=(sweep_id := f"s-{secrets.token_hex(6)}"),
            task=plan.task,
            status=SweepStatus.RUNNING,
            plan=plan.model_dump(mode="json"),
            generations=0,
            skipped=skipped[0],
            skipped_reason=skipped[1],
            importance=[],
            created_at=now,
            idempotency_key=key,
            request_sha256=sha256,
            **asked,
        )
    )
    notify.tell(tx, notify.Topic.QUEUE)
    return sweep_id


def forget_key(tx: Transaction, idempotency_key: str) -> None:
    """The key is free for another sweep."""
    tx.execute(update(sweeps).where(sweeps.c.idempotency_key == idempotency_key).values(idempotency_key=None))


def note(tx: Transaction, sweep_id: str, **values: Any) -> bool:
    """Change columns of a sweep that goes on; False: it is not there, or has ended, and nothing is changed."""
    return _change(tx, sweep_id, SweepStatus.RUNNING, **values)


def end(tx: Transaction, sweep_id: str, status: SweepStatus, now: datetime, error: RunError | None = None) -> bool:
    """Nothing more will come of it; `error` says why, if it failed. False: as for `note`."""
    told = {"error_type": error.type, "error_message": error.message} if error else {}
    return _change(tx, sweep_id, status, finished_at=now, **told)


def _change(tx: Transaction, sweep_id: str, after: SweepStatus, **values: Any) -> bool:
    """Whether it was in a status from which it may come to this one."""
    before = [status for status, following in OF_SWEEPS.items() if after in following]
    here = (sweeps.c.id == sweep_id) & sweeps.c.status.in_(before)
    return tx.execute(update(sweeps).where(here).values(status=after, **values)).rowcount > 0


def request_cancel(tx: Transaction, sweep_id: str, now: datetime) -> int:
    """Ask for a sweep's end: its queued runs end at once; returns how many are going, which end when their workers see.

    All rows are locked before the first event is written: see `events.add`.
    """
    if not note(tx, sweep_id, cancel_requested_at=func.coalesce(sweeps.c.cancel_requested_at, now)):
        return 0
    notify.tell(tx, notify.Topic.CANCELS)
    notify.tell(tx, notify.Topic.QUEUE)  # whoever is idle ends it
    unfinished = runs.c.status.not_in(FINAL)
    query = select(runs.c.id, runs.c.status).where(runs.c.sweep == sweep_id, unfinished).order_by(runs.c.number)
    found = tx.execute(query.with_for_update()).all()
    asked = {"cancel_requested_at": func.coalesce(runs.c.cancel_requested_at, now)}
    queued = [row.id for row in found if row.status == RunStatus.QUEUED]
    going = [row.id for row in found if row.status == RunStatus.RUNNING]
    after = TRANSITIONS[RunStatus.QUEUED, Change.CANCELLED]
    for each, values in ((queued, {**asked, "status": after, "finished_at": now}), (going, asked)):
        for some in _in_parts(each):
            tx.execute(update(runs).where(runs.c.id.in_(some)).values(**values))
    for run_id in queued:
        events.add_one(tx, run_id, "status", now, {"status": after, "change": Change.CANCELLED})
    for run_id in going:
        events.add_one(tx, run_id, "log", now, {"message": "cancel requested"})
    return len(going)


def delete_sweep(tx: Transaction, sweep_id: str) -> None:
    """Remove a sweep that has ended with its trials and their tags, epochs and events; its winner's run stays alone."""
    trials = (runs.c.sweep == sweep_id) & runs.c.trial.is_not(None) & runs.c.status.in_(FINAL)
    tx.execute(delete(runs).where(trials))
    tx.execute(update(runs).where(runs.c.sweep == sweep_id).values(sweep=None))
    tx.execute(delete(sweeps).where(sweeps.c.id == sweep_id, sweeps.c.status.in_(FINAL_OF_SWEEPS)))


def _in_parts(ids: Sequence[str]) -> list[Sequence[str]]:
    """Databases take so many parameters at once."""
    return [ids[start : start + 500] for start in range(0, len(ids), 500)]


def importance_as_told(shares: Mapping[str, float]) -> list[dict[str, Any]]:
    """As the column has it: the most important field first."""
    return [{"field": field, "share": share} for field, share in shares.items()]
