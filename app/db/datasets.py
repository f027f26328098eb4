"""SQL on the datasets that were uploaded."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select

from app.db import tasks
from app.db.engine import Transaction
from app.db.tables import datasets, models, runs

# All but what was found, which is long.
BRIEF = tuple(column for column in datasets.c if column.name != "findings")


def reference(name: str, version: int | str) -> str:
    """As runs name a dataset."""
    return f"{name}@{version}"


def insert_dataset(tx: Transaction, name: str, **values: Any) -> int:
    """Add a dataset as the next version of its name; returns that version. Versions that were removed do not return."""
    tasks.changed(tx)
    version = (latest_version(tx, name) or 0) + 1
    for table in (runs, models):  # which may name versions that were removed
        used = select(table.c.dataset).where(_is_of(table.c.dataset, name)).distinct()
        version = max([version, *(int(row.dataset.rpartition("@")[2]) + 1 for row in tx.execute(used))])
    tx.execute(insert(datasets).values(name=name, version=version, **values))
    return version


def latest_version(tx: Transaction, name: str) -> int | None:
    """The highest version of a name."""
    found: int | None = tx.execute(select(func.max(datasets.c.version)).where(datasets.c.name == name)).scalar_one()
    return found


def find(tx: Transaction, name: str, version: int | None = None) -> Row[Any] | None:
    """A version of a dataset with what was found in it, or the latest one."""
    query = select(datasets).where(datasets.c.name == name).order_by(datasets.c.version.desc()).limit(1)
    if version is not None:
        query = query.where(datasets.c.version == version)
    return tx.execute(query).one_or_none()


def versions(tx: Transaction, name: str) -> Sequence[Row[Any]]:
    """All versions of a name, the latest first, in short."""
    return tx.execute(select(*BRIEF).where(datasets.c.name == name).order_by(datasets.c.version.desc())).all()


def page_of_versions(tx: Transaction, name: str, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """Versions of a name below `before`, the latest first, in short."""
    query = select(*BRIEF).where(datasets.c.name == name).order_by(datasets.c.version.desc()).limit(limit)
    if before is not None:
        query = query.where(datasets.c.version < before)
    return tx.execute(query).all()


def of_task(tx: Transaction, task: str) -> Sequence[Row[Any]]:
    """All versions of all datasets of a task, in short, the newest first."""
    return tx.execute(select(*BRIEF).where(datasets.c.task == task).order_by(datasets.c.number.desc())).all()


def all_of_them(tx: Transaction) -> Sequence[Row[Any]]:
    """Every version of every dataset, in short, the newest first."""
    return tx.execute(select(*BRIEF).order_by(datasets.c.number.desc())).all()


def page(tx: Transaction, task: str | None, limit: int, before: int | None) -> Sequence[Row[Any]]:
    """The latest version of each name, newest first, with numbers below `before`."""
    latest = select(func.max(datasets.c.number)).group_by(datasets.c.name)
    query = select(*BRIEF).where(datasets.c.number.in_(latest)).order_by(datasets.c.number.desc()).limit(limit)
    if task is not None:
        query = query.where(datasets.c.task == task)
    if before is not None:
        query = query.where(datasets.c.number < before)
    return tx.execute(query).all()


def delete_versions(tx: Transaction, ids: Sequence[str]) -> None:
    """Remove datasets; their files are for whoever calls."""
    tasks.changed(tx)
    for start in range(0, len(ids), 500):
        tx.execute(delete(datasets).where(datasets.c.id.in_(ids[start : start + 500])))


def runs_on(tx: Transaction, name: str, version: int | None) -> int:
    """How many runs refer to a version of a dataset, or to any of it."""
    exactly = runs.c.dataset == reference(name, version or 0)
    any_of_it = or_(runs.c.dataset == name, _is_of(runs.c.dataset, name))
    query = select(func.count()).select_from(runs).where(exactly if version is not None else any_of_it)
    return tx.execute(query).scalar_one()


def ids(tx: Transaction) -> set[str]:
    """Of all datasets."""
    return set(tx.execute(select(datasets.c.id)).scalars())


def _is_of(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Whether it refers to a version of this name, exactly: SQLite's LIKE takes `A` for `a`."""
    prefix = reference(name, "")
    return func.substr(column, 1, len(prefix)) == prefix
