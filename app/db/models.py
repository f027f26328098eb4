"""SQL on models (trained networks, not tables) and on which of them is active."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from app.db import installation, tasks
from app.db.engine import Transaction
from app.db.tables import activations, models

REMOVED = "removed_up_to "  # in `installation`, with a task: the highest version that was removed
MOST_RIVALS = 1_000  # models of a task that a new one is compared with


def insert_model(tx: Transaction, *, task: str, **values: Any) -> int:
    """Add a model, not active, under the task's next version number; returns that number."""
    latest = tx.execute(select(func.max(models.c.version)).where(models.c.task == task)).scalar_one()
    version = max(latest or 0, int(installation.get(tx, f"{REMOVED}{task}") or 0)) + 1
    tx.execute(insert(models).values(task=task, version=version, active=False, **values))
    return version


def find(tx: Transaction, model_id: str) -> Row[Any] | None:
    """The model with this id."""
    return tx.execute(select(models).where(models.c.id == model_id)).one_or_none()


def find_version(tx: Transaction, task: str, version: int) -> Row[Any] | None:
    """The model with this number among its task's."""
    return tx.execute(select(models).where(models.c.task == task, models.c.version == version)).one_or_none()


def page(tx: Transaction, task: str | None, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Up to `limit` models, newest first, with numbers below `before`."""
    query = select(models).order_by(models.c.number.desc()).limit(limit)
    if task is not None:
        query = query.where(models.c.task == task)
    if before is not None:
        query = query.where(models.c.number < before)
    return tx.execute(query).all()


def active(tx: Transaction) -> dict[str, Row[Any]]:
    """The active model of each task that has one."""
    return {row.task: row for row in tx.execute(select(models).where(models.c.active))}


def active_ids(tx: Transaction) -> dict[str, Any]:
    """The same in short: id, task and version. Asked for twice a second."""
    query = select(models.c.id, models.c.task, models.c.version).where(models.c.active)
    return {row.task: row for row in tx.execute(query)}


def of_task(tx: Transaction, task: str) -> Sequence[Row[Any]]:
    """The task's active model and its newest ones, newest first."""
    newest = select(models.c.number).where(models.c.task == task).order_by(models.c.number.desc()).limit(MOST_RIVALS)
    query = select(models).where((models.c.task == task) & (models.c.active | models.c.number.in_(newest)))
    return tx.execute(query.order_by(models.c.number.desc())).all()


def state(tx: Transaction, task: str) -> tuple[int | None, int | None]:
    """The numbers of the task's newest and of its active model."""
    newest = tx.execute(select(func.max(models.c.number)).where(models.c.task == task)).scalar_one()
    active = tx.execute(select(models.c.number).where(models.c.task == task, models.c.active)).scalar_one_or_none()
    return newest, active


def state_of(rows: Sequence[Row[Any]]) -> tuple[int | None, int | None]:
    """The same of the rows that `of_task` found."""
    return (rows[0].number if rows else None, next((row.number for row in rows if row.active), None))


def tasks_with_models(tx: Transaction) -> set[str]:
    """The tasks that have any model."""
    return set(tx.execute(select(models.c.task).distinct()).scalars())


def ids_of(tx: Transaction, task: str) -> list[str]:
    """Of all models of a task."""
    return list(tx.execute(select(models.c.id).where(models.c.task == task)).scalars())


def all_ids(tx: Transaction) -> set[str]:
    """Of all models."""
    return set(tx.execute(select(models.c.id)).scalars())


def delete_models(tx: Transaction, ids: Sequence[str]) -> None:
    """Remove models, and what is told of when they were active; their files are for whoever calls."""
    tasks.changed(tx)
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        highest = select(models.c.task, func.max(models.c.version)).where(models.c.id.in_(part)).group_by(models.c.task)
        for task, version in tx.execute(highest).all():  # a version that was told of does not come again
            before = int(installation.get(tx, f"{REMOVED}{task}") or 0)
            installation.put(tx, f"{REMOVED}{task}", str(max(before, version)))
        tx.execute(delete(activations).where(activations.c.model_id.in_(part)))
        tx.execute(delete(models).where(models.c.id.in_(part)))


def activate(tx: Transaction, task: str, model_id: str, now: datetime, reason: str) -> str | None:
    """Make this the task's active model; returns the id of the one before."""
    previous = tx.execute(
        select(models.c.id).where(models.c.task == task, models.c.active).with_for_update()
    ).scalar_one_or_none()
    # First off, then on: the unique index allows no moment with two.
    tx.execute(update(models).where(models.c.task == task, models.c.active).values(active=False))
    tx.execute(update(models).where(models.c.id == model_id).values(active=True))
    tx.execute(
        insert(activations).values(task=task, model_id=model_id, previous_model_id=previous, reason=reason, at=now)
    )
    return previous


def activations_of(tx: Transaction, task: str, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Up to `limit` changes of the task's active model, newest first, with ids below `before`."""
    query = select(activations).where(activations.c.task == task).order_by(activations.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(activations.c.id < before)
    return tx.execute(query).all()
