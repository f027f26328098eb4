"""SQL on models (trained networks, not tables) and on which of them is active."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update

from app.db import installation, notify, tasks
from app.db.engine import Transaction
from app.db.folding import holding
from app.db.tables import activations, api_keys, models, runs

REMOVED = "removed_up_to "  # in `installation`, with a task: the highest version that was removed
MOST_RIVALS = 1_000  # models of a task that a new one is compared with
VERSION = re.compile(r"(?:v|version)? ?([0-9]{1,9})")
# With the name of the run that made them, if it is still there.
_NAMED = select(models, runs.c.name).outerjoin_from(models, runs, runs.c.id == models.c.run_id)


def insert_model(tx: Transaction, *, task: str, **values: Any) -> int:
    """Add a model, not active, under the task's next version number; returns that number."""
    latest = tx.execute(select(func.max(models.c.version)).where(models.c.task == task)).scalar_one()
    version = max(latest or 0, int(installation.get(tx, f"{REMOVED}{task}") or 0)) + 1
    tx.execute(insert(models).values(task=task, version=version, active=False, **values))
    return version


def find(tx: Transaction, model_id: str) -> Row[Any] | None:
    """The model with this id."""
    return tx.execute(_NAMED.where(models.c.id == model_id)).one_or_none()


def origin(tx: Transaction, run_id: str) -> Any:
    """The run that made a model, in short, with the name of its API key; None if it is gone."""
    key = func.coalesce(api_keys.c.name, func.nullif(runs.c.key_id, "")).label("key")
    query = select(runs.c.name, runs.c.sweep, runs.c.tags, runs.c.note, key)
    query = query.outerjoin_from(runs, api_keys, api_keys.c.id == runs.c.key_id)
    return tx.execute(query.where(runs.c.id == run_id)).one_or_none()


def find_version(tx: Transaction, task: str, version: int) -> Row[Any] | None:
    """The model with this number among its task's."""
    return tx.execute(select(models).where(models.c.task == task, models.c.version == version)).one_or_none()


def page(
    tx: Transaction,
    task: str | None,
    limit: int,
    before: int | None,
    search: str | None = None,
    is_active: bool | None = None,
) -> Sequence[Row[Any]]:
    """Up to `limit` models, newest first, with numbers below `before`."""
    query = _NAMED.order_by(models.c.number.desc()).limit(limit)
    if search:
        query = query.where(_speaks_of(tx, search.strip()))
    if is_active is not None:
        query = query.where(models.c.active if is_active else ~models.c.active)
    if task is not None:
        query = query.where(models.c.task == task)
    if before is not None:
        query = query.where(models.c.number < before)
    return tx.execute(query).all()


def _speaks_of(tx: Transaction, words: str) -> ColumnElement[bool]:
    """A part of the dataset's or the run's name, the beginning of the model's or the run's id, or the version."""
    holds, begin = holding(tx, words), words.lower()
    found = [holds(models.c.dataset), holds(runs.c.name)]
    found += [column.startswith(begin, autoescape=True) for column in (models.c.id, models.c.run_id)]
    if version := VERSION.fullmatch(begin):
        found.append(models.c.version == int(version[1]))
    return or_(*found)


def active(tx: Transaction) -> dict[str, Row[Any]]:
    """The active model of each task that has one."""
    return {row.task: row for row in tx.execute(_NAMED.where(models.c.active))}


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


def activate(
    tx: Transaction,
    task: str,
    model_id: str,
    now: datetime,
    reason: str,
    by_key: str | None = None,
    note: str | None = None,
) -> str | None:
    """Make this the task's active model; returns the id of the one before.

    `by_key`: the API key that asked for it, and `note` why, in its own words.
    """
    previous = tx.execute(
        select(models.c.id).where(models.c.task == task, models.c.active).with_for_update()
    ).scalar_one_or_none()
    # First off, then on: the unique index allows no moment with two.
    tx.execute(update(models).where(models.c.task == task, models.c.active).values(active=False))
    tx.execute(update(models).where(models.c.id == model_id).values(active=True))
    notify.tell(tx, notify.Topic.SHARED)
    told = {"reason": reason, "by_key": by_key or None, "note": note or None}
    tx.execute(insert(activations).values(task=task, model_id=model_id, previous_model_id=previous, at=now, **told))
    return previous


def activations_of(tx: Transaction, task: str, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Up to `limit` changes of the task's active model, newest first, with ids below `before`.

    Each with the versions of both models and `by`, the name of the key, or its id if it is none of the database's.
    """
    before_it = models.alias()
    query = (
        select(
            activations,
            models.c.version,
            before_it.c.version.label("previous_version"),
            func.coalesce(api_keys.c.name, activations.c.by_key).label("by"),
        )
        .join_from(activations, models, models.c.id == activations.c.model_id)
        .outerjoin(before_it, before_it.c.id == activations.c.previous_model_id)
        .outerjoin(api_keys, api_keys.c.id == activations.c.by_key)
        .where(activations.c.task == task)
        .order_by(activations.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(activations.c.id < before)
    return tx.execute(query).all()
