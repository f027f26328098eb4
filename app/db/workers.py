"""SQL on workers: who is alive, and with what devices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from app.db.engine import Transaction
from app.db.tables import workers


def seen(tx: Transaction, worker_id: str, now: datetime, values: Mapping[str, Any]) -> None:
    """A worker's sign of life; the first one registers it."""
    changed = tx.execute(update(workers).where(workers.c.id == worker_id).values(last_seen_at=now, **values))
    if changed.rowcount == 0:
        tx.execute(insert(workers).values(id=worker_id, started_at=now, last_seen_at=now, **values))


def forget(tx: Transaction, older_than: datetime, worker_id: str | None = None) -> None:
    """Remove the workers not seen since `older_than`, and this one."""
    tx.execute(delete(workers).where((workers.c.last_seen_at < older_than) | (workers.c.id == worker_id)))


def alive(tx: Transaction, since: datetime) -> Sequence[Row[Any]]:
    """The workers seen since then."""
    return tx.execute(select(workers).where(workers.c.last_seen_at >= since).order_by(workers.c.id)).all()
