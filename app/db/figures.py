"""SQL on what is measured of the whole installation, by indexes or of small tables: it is asked every few seconds."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from app.db.engine import Transaction
from app.db.tables import runs
from app.domain.runs import RunStatus


def runs_by_status(tx: Transaction) -> Mapping[RunStatus, int]:
    """How many runs there are; of every status."""
    query = select(runs.c.status, func.count().label("number")).group_by(runs.c.status)  # of the index on status alone
    found = {row.status: row.number for row in tx.execute(query)}
    return {status: found.get(status, 0) for status in RunStatus}


def queued_since(tx: Transaction) -> datetime | None:
    """When the run that is next was asked for."""
    query = select(runs.c.created_at).where(runs.c.status == RunStatus.QUEUED).order_by(runs.c.number).limit(1)
    return tx.execute(query).scalar_one_or_none()
