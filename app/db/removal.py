"""Removing what has ended, and what an idempotency key stood for."""

from sqlalchemy import delete, update

from app.db.engine import Transaction
from app.db.tables import runs
from app.domain.runs import FINAL


def delete_run(tx: Transaction, run_id: str) -> None:
    """Remove a run that has ended, and with it its tags, epochs, events and webhook."""
    tx.execute(delete(runs).where(runs.c.id == run_id, runs.c.status.in_(FINAL)))


def forget_key(tx: Transaction, idempotency_key: str) -> None:
    """The key is free for another run."""
    tx.execute(update(runs).where(runs.c.idempotency_key == idempotency_key).values(idempotency_key=None))
