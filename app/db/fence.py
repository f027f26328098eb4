"""The fence: every write to a running run goes through its row, and only for the lease that holds it now."""

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.sql import ColumnElement

from app.db.engine import Transaction
from app.db.tables import runs
from app.domain.runs import RunStatus
from app.errors import LeaseLost


def held(run_id: str, lease_id: str) -> ColumnElement[bool]:
    """The fence: true only for the row whose present lease this is."""
    return (runs.c.id == run_id) & (runs.c.lease_id == lease_id) & (runs.c.status == RunStatus.RUNNING)


def hold(tx: Transaction, run_id: str, lease_id: str) -> Row[Any]:
    """Lock the run's row to the transaction's end, if this lease still holds; returns the row.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    row: Row[Any] | None = tx.execute(select(runs).where(held(run_id, lease_id)).with_for_update()).one_or_none()
    if row is None:
        raise LeaseLost
    return row


def update_held(tx: Transaction, run_id: str, lease_id: str, **values: Any) -> Row[Any]:
    """Write to the run's row; also before a write to another table, so that the fence serialises it.

    Raises:
        LeaseLost: the run is no longer this worker's.
    """
    written = update(runs).where(held(run_id, lease_id)).values(**values).returning(runs.c.seed, runs.c.seeds)
    row: Row[Any] | None = tx.execute(written).one_or_none()
    if row is None:
        raise LeaseLost
    return row
