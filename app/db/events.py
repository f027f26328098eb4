"""SQL on events: what happened to the runs, as one sequence.

Ids become visible in their order, so that a reader who goes on after the last id that it saw misses nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from app.db import notify, totals
from app.db.engine import Transaction, lock
from app.db.tables import events

PROGRESS = "progress"  # told by streams only; lists leave it out

Happened = tuple[str, datetime, Mapping[str, Any]]  # type, when, data


def add(tx: Transaction, run_id: str, happened: Iterable[Happened]) -> None:
    """Rows of the run's event list. The transaction must have locked the run's row before.

    SQLite has one writer at a time. On PostgreSQL ids are drawn before their transaction commits, so those who write
    events take turns from here to their commit; whoever locked the run's row after this could wait for one in turn.
    """
    notify.tell(tx, notify.Topic.EVENTS)  # before the lock, which others wait for
    lock(tx, "events")
    rows = [{"run_id": run_id, "type": kind, "at": at, "data": dict(data)} for kind, at, data in happened]
    tx.execute(insert(events), rows)
    _count(tx, run_id, rows)


def _count(tx: Transaction, run_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add these events to the totals."""
    epochs = [row["data"]["seconds"] for row in rows if row["type"] == "epoch"]
    if epochs:
        totals.add(tx, run_id, totals.EPOCHS, amount=len(epochs))
        totals.add(tx, run_id, totals.EPOCH_SECONDS, amount=sum(epochs))
    for row in rows:
        if row["type"] == "status":
            totals.add(tx, run_id, totals.CHANGES, row["data"].get("change", row["data"]["status"]))


def add_one(tx: Transaction, run_id: str, kind: str, at: datetime, data: Mapping[str, Any]) -> None:
    """One row, in the same way."""
    add(tx, run_id, [(kind, at, data)])


def latest(tx: Transaction) -> int:
    """The id of the newest event; 0 without any."""
    found: int | None = tx.execute(select(func.max(events.c.id))).scalar_one()
    return found or 0


def after(tx: Transaction, last: int, limit: int, run_id: str | None = None) -> Sequence[Row[Any]]:
    """Up to `limit` events with ids above `last`, oldest first, of one run or of all; progress too."""
    query = select(events).where(events.c.id > last).order_by(events.c.id).limit(limit)
    if run_id is not None:
        query = query.where(events.c.run_id == run_id)
    return tx.execute(query).all()


def page(tx: Transaction, last: int, limit: int, run_id: str | None = None) -> Sequence[Row[Any]]:
    """The same without progress."""
    query = select(events).where(events.c.id > last, events.c.type != PROGRESS).order_by(events.c.id).limit(limit)
    if run_id is not None:
        query = query.where(events.c.run_id == run_id)
    return tx.execute(query).all()
