"""All SQL that changes a run. Each change writes its event row in the same transaction."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from app.db import events, notify, totals, webhooks
from app.db.engine import Transaction
from app.db.fence import held, hold, update_held
from app.db.tables import run_tags, runs
from app.domain.leases import Sign
from app.domain.runs import FINAL, TRANSITIONS, Change, Metrics, RunRequest, RunStatus
from app.domain.scores import score_of
from app.errors import InvalidTransition, LeaseLost, NotFound
from app.wire.runs import RunError

# After these a run waits again, or its sweep may go on; after the rest, the worker that held it looks by itself.
_FOR_OTHERS = (Change.RELEASED, Change.LOST, Change.CANCELLED, Change.EXHAUSTED)


def insert_run(
    tx: Transaction,
    request: RunRequest,
    now: datetime,
    max_attempts: int,
    idempotency: tuple[str, str] | None = None,
    key_id: str = "",
) -> str:
    """Queue a run; returns its id. `idempotency`: the client's key, and the SHA-256 of what it asked with it."""
    key, sha256 = idempotency or (None, None)
    values = request.model_dump(mode="json")
    tx.execute(
        insert(runs).values(
            id=(run_id := f"r-{secrets.token_hex(6)}"),
            status=RunStatus.QUEUED,
            attempt=0,
            max_attempts=max_attempts,
            created_at=now,
            metrics={},
            key_id=key_id,
            idempotency_key=key,
            request_sha256=sha256,
            **values,
        )
    )
    if request.tags:
        tx.execute(insert(run_tags), [{"run_id": run_id, "key": k, "value": v} for k, v in request.tags.items()])
    notify.tell(tx, notify.Topic.QUEUE)
    events.add_one(tx, run_id, "status", now, {"status": RunStatus.QUEUED})
    return run_id


def claim(tx: Transaction, worker_id: str, now: datetime, but: Collection[str] = ()) -> Row[Any] | None:
    """Take the oldest queued run other than these, or None.

    One guarded UPDATE, so that two workers never take the same.
    """
    waiting = select(runs.c.number).where(runs.c.status == RunStatus.QUEUED)
    oldest = (
        (waiting.where(runs.c.id.not_in(but)) if but else waiting)
        .order_by(runs.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer at a time and ignores it
    )
    row = tx.execute(
        update(runs)
        .where(runs.c.number == oldest.scalar_subquery(), runs.c.status == RunStatus.QUEUED)
        .values(
            status=TRANSITIONS[RunStatus.QUEUED, Change.CLAIMED],
            lease_id=secrets.token_hex(8),
            lease_beats=0,
            worker_id=worker_id,
            attempt=runs.c.attempt + 1,
            progress=None,  # that of another attempt
            started_at=func.coalesce(runs.c.started_at, now),
        )
        .returning(runs)
    ).one_or_none()
    if row:
        _status_event(tx, row.id, RunStatus.RUNNING, Change.CLAIMED, now, {"attempt": row.attempt})
    return row


def claimed_by(tx: Transaction, worker_id: str) -> Row[Any] | None:
    """The run that this worker holds."""
    mine = select(runs).where(runs.c.worker_id == worker_id, runs.c.status == RunStatus.RUNNING)
    return tx.execute(mine.limit(1)).one_or_none()


def renew(tx: Transaction, run_id: str, lease_id: str) -> bool:
    """The worker's heartbeat for this run. Returns whether a cancel has been asked for.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    row = tx.execute(
        update(runs)
        .where(held(run_id, lease_id))
        .values(lease_beats=runs.c.lease_beats + 1)
        .returning(runs.c.cancel_requested_at)
    ).one_or_none()
    if row is None:
        raise LeaseLost
    return row.cancel_requested_at is not None


def end_lease(
    tx: Transaction,
    run_id: str,
    lease_id: str,
    change: Change,
    now: datetime,
    error: RunError | None = None,
    values: Mapping[str, Any] | None = None,
) -> RunStatus:
    """Move a run out of RUNNING, by whoever holds its lease; returns where to.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    after = TRANSITIONS[RunStatus.RUNNING, change]
    changed = dict(values or {})
    if after is not RunStatus.QUEUED:
        changed["finished_at"] = now
    row = tx.execute(
        update(runs)
        .where(held(run_id, lease_id))
        .values(
            status=after,
            lease_id=None,
            lease_beats=None,
            worker_id=None,
            error_type=error.type if error else None,
            error_message=error.message if error else None,
            **changed,
        )
        .returning(runs.c.id)
    ).one_or_none()
    if row is None:
        raise LeaseLost
    _status_event(tx, run_id, after, change, now, {"error": error.model_dump()} if error else {})
    return after


def release(tx: Transaction, run_id: str, lease_id: str, now: datetime, reason: str = "") -> RunStatus:
    """Back to the queue, and the attempt is given back, since it was not its fault: the worker stops in good order.

    `reason`: what it was, if something else.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    row = hold(tx, run_id, lease_id)
    if row.cancel_requested_at:
        return end_lease(tx, run_id, lease_id, Change.CANCELLED, now)
    if reason:
        events.add_one(tx, run_id, "log", now, {"message": f"attempt {row.attempt} ended early: {reason}"})
    values = {"max_attempts": row.max_attempts + 1}
    return end_lease(tx, run_id, lease_id, Change.RELEASED, now, values=values)


def lose(tx: Transaction, run_id: str, lease_id: str, now: datetime, error: RunError) -> RunStatus:
    """The trainer died under this lease: to the queue while attempts are left, else failed with `error`.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    row = hold(tx, run_id, lease_id)
    if row.cancel_requested_at:
        return end_lease(tx, run_id, lease_id, Change.CANCELLED, now)
    if row.attempt < row.max_attempts:
        events.add_one(tx, run_id, "log", now, {"message": f"attempt {row.attempt} ended early: {error.message}"})
        return end_lease(tx, run_id, lease_id, Change.LOST, now)
    return end_lease(tx, run_id, lease_id, Change.EXHAUSTED, now, error)


def expire(tx: Transaction, gone: Mapping[str, Sign], now: datetime) -> list[str]:
    """Free these runs, whose workers give no sign of life any more, unless one has after all; returns their ids."""
    freed = []
    for run_id, (lease_id, beats) in sorted(gone.items()):
        mine = held(run_id, lease_id) & (runs.c.lease_beats == beats)
        if tx.execute(select(runs.c.id).where(mine).with_for_update(skip_locked=True)).first():
            lose(tx, run_id, lease_id, now, RunError(type="WorkerLost", message="its worker gave no sign of life"))
            totals.add(tx, run_id, totals.LEASES_LOST)
            freed.append(run_id)
    return freed


def request_cancel(tx: Transaction, run_id: str, now: datetime) -> None:
    """Ask for a run to end. A queued one ends at once, a running one when its worker sees it.

    Raises:
        NotFound: there is no such run.
        InvalidTransition: it has ended already.
    """
    status = tx.execute(select(runs.c.status).where(runs.c.id == run_id).with_for_update()).scalar_one_or_none()
    if status is None:
        raise NotFound(f"there is no run {run_id!r}")
    asked: dict[str, Any] = {"cancel_requested_at": func.coalesce(runs.c.cancel_requested_at, now)}
    if status == RunStatus.RUNNING:
        tx.execute(update(runs).where(runs.c.id == run_id).values(**asked))
        notify.tell(tx, notify.Topic.CANCELS)
        events.add_one(tx, run_id, "log", now, {"message": "cancel requested"})
    elif (RunStatus(status), Change.CANCELLED) in TRANSITIONS:
        after = TRANSITIONS[RunStatus(status), Change.CANCELLED]
        tx.execute(update(runs).where(runs.c.id == run_id).values(status=after, finished_at=now, **asked))
        _status_event(tx, run_id, after, Change.CANCELLED, now, {})
    else:
        raise InvalidTransition(f"run {run_id} is {status}; only a queued or running one can be cancelled")


def set_device(tx: Transaction, run_id: str, lease_id: str, device: str) -> None:
    """Note what trains the run.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    update_held(tx, run_id, lease_id, device=device)


def log(tx: Transaction, run_id: str, lease_id: str, now: datetime, message: str) -> None:
    """A line of the run's log.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    hold(tx, run_id, lease_id)
    events.add_one(tx, run_id, "log", now, {"message": message})


def publish(tx: Transaction, run_id: str, lease_id: str, now: datetime, metrics: Metrics) -> None:
    """The run's artifact is in place.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    row = hold(tx, run_id, lease_id)
    progress = row.progress
    # Early stopping ends sooner, and what comes at the end may be over before it is told.
    done = {**progress, "fraction": 1.0, "eta_seconds": 0.0, "phase": "publishing"} if progress else None
    if done:
        events.add(tx, run_id, [(events.PROGRESS, now, done)])
    values = {**_measured(row, metrics), "progress": done}
    end_lease(tx, run_id, lease_id, Change.PUBLISHED, now, values=values)


def end_trial(
    tx: Transaction,
    run_id: str,
    lease_id: str,
    change: Change,
    now: datetime,
    metrics: Metrics,
    error: RunError | None = None,
) -> None:
    """A sweep's trial has its figures, or those that it had when it was found hopeless.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    row = hold(tx, run_id, lease_id)
    progress = row.progress
    done = {**progress, "fraction": 1.0, "eta_seconds": 0.0} if progress and error is None else progress
    end_lease(tx, run_id, lease_id, change, now, error, {**_measured(row, metrics), "progress": done})


def _measured(row: Row[Any], metrics: Metrics) -> dict[str, Any]:
    """A run's figures, and the one by which it is put in order."""
    figures = metrics.model_dump()
    score = score_of(row.recipe["head"], figures)
    return {"metrics": figures, "score": score and score.oriented}


def _status_event(
    tx: Transaction, run_id: str, status: RunStatus, change: Change, now: datetime, data: Mapping[str, Any]
) -> None:
    if change in _FOR_OTHERS:
        notify.tell(tx, notify.Topic.QUEUE)
    events.add_one(tx, run_id, "status", now, {"status": status, "change": change, **data})
    if status in FINAL:
        webhooks.release(tx, run_id, now)
