"""SQL on the tasks of the user's own. Whatever changes them, or datasets, raises the revision that processes follow."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from app.db import installation, notify
from app.db.engine import Transaction, lock
from app.db.tables import runs, tasks
from app.domain.runs import RunStatus

REVISION = "tasks_revision"  # in `installation`
LOCK = "tasks"  # held by whoever changes tasks or datasets


def revision(tx: Transaction) -> int:
    """How often tasks or datasets were changed."""
    return int(installation.get(tx, REVISION) or 0)


def changed(tx: Transaction) -> int:
    """Raise the revision, in the transaction that changes something; returns the new one."""
    notify.tell(tx, notify.Topic.SHARED)
    lock(tx, LOCK)
    now = revision(tx) + 1
    installation.put(tx, REVISION, str(now))
    return now


def insert_task(tx: Transaction, name: str, declaration: dict[str, Any], now: datetime) -> None:
    """Add a task of a name that is free."""
    values = {"name": name, "declaration": declaration, "created_at": now, "updated_at": now}
    tx.execute(insert(tasks).values(**values, revision=changed(tx)))


def update_task(tx: Transaction, name: str, declaration: dict[str, Any], now: datetime) -> None:
    """Declare a task anew."""
    values = {"declaration": declaration, "updated_at": now, "revision": changed(tx)}
    tx.execute(update(tasks).where(tasks.c.name == name).values(**values))


def delete_task(tx: Transaction, name: str) -> None:
    """Remove a task, and nothing of what belongs to it."""
    changed(tx)
    tx.execute(delete(tasks).where(tasks.c.name == name))


def find(tx: Transaction, name: str) -> Row[Any] | None:
    """The task of this name."""
    return tx.execute(select(tasks).where(tasks.c.name == name)).one_or_none()


def count(tx: Transaction) -> int:
    """How many there are."""
    return tx.execute(select(func.count()).select_from(tasks)).scalar_one()


def revisions(tx: Transaction) -> dict[str, tuple[int, int]]:
    """What tells a declaration from an earlier one, or from that of an earlier task of the same name."""
    rows = tx.execute(select(tasks.c.name, tasks.c.number, tasks.c.revision))
    return {row.name: (row.number, row.revision) for row in rows}


def declarations(tx: Transaction, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The declarations of these tasks."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(names), 500):  # databases take so many parameters at once
        query = select(tasks.c.name, tasks.c.declaration).where(tasks.c.name.in_(names[start : start + 500]))
        found |= {row.name: row.declaration for row in tx.execute(query)}
    return found


def unfinished_runs(tx: Transaction, task: str) -> int:
    """How many runs of a task wait or are going."""
    going = runs.c.status.in_((RunStatus.QUEUED, RunStatus.RUNNING))
    return tx.execute(select(func.count()).select_from(runs).where(runs.c.task == task, going)).scalar_one()
