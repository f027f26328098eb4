"""Removing what has ended."""

from sqlalchemy import delete

from app.db.engine import Transaction
from app.db.tables import runs
from app.domain.runs import FINAL


def delete_run(tx: Transaction, run_id: str) -> None:
    """Remove a run that has ended, and with it its tags, epochs, events and webhook."""
    tx.execute(delete(runs).where(runs.c.id == run_id, runs.c.status.in_(FINAL)))
