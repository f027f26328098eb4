"""In which order lists of runs should be: said once more, in Python."""

from typing import Any

from sqlalchemy import select

from app.db.engine import Transaction
from app.db.tables import runs


def in_order(tx: Transaction, sort: str) -> list[str]:
    """The ids of all runs in this order: what has no value comes last, and of what is equal the newest first."""
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    rows = list(tx.execute(select(runs).order_by(runs.c.number.desc())))
    if name == "created":
        return [row.id for row in (rows if falling else reversed(rows))]
    valued = [row for row in rows if _value(row, name) is not None]
    ordered = sorted(valued, key=lambda row: _value(row, name), reverse=falling)  # which keeps equals as they are
    return [row.id for row in ordered] + [row.id for row in rows if _value(row, name) is None]


def _value(row: Any, name: str) -> Any:
    if name == "name":
        return row.name and row.name.lower()
    if name == "seconds":
        return row.finished_at - row.started_at if row.finished_at and row.started_at else None
    return getattr(row, name)
