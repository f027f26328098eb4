"""SQL on the queue: what waits, what is going, and what earlier runs of the same kind took."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, select

from app.db.engine import Transaction
from app.db.tables import runs
from app.domain.runs import RunStatus, fits_of
from app.domain.waiting import Took

MOST_EARLIER = 20  # runs of a sort that tell what the next one takes
RECENT = 300  # latest runs among which they are looked for
MOST_ASKED = 10  # sorts that are looked for by themselves


class Sort(NamedTuple):
    """What runs that take about the same have in common."""

    task: str
    dataset: str
    preset: str
    is_trial: bool


_ASKED: tuple[ColumnElement[Any], ...] = (
    runs.c.id, runs.c.task, runs.c.dataset, runs.c.preset, runs.c.seeds, runs.c.validation, runs.c.trial,
    runs.c.started_at, runs.c.finished_at, runs.c.progress, runs.c.recipe["epochs"].as_integer().label("epochs"),
)  # fmt: skip


def queued(tx: Transaction) -> Sequence[Row[Any]]:
    """What is asked of the runs that wait, in the order in which they begin."""
    return tx.execute(select(*_ASKED).where(runs.c.status == RunStatus.QUEUED).order_by(runs.c.number)).all()


def running(tx: Transaction) -> Sequence[Row[Any]]:
    """The same of those that are going, with how far they are."""
    return tx.execute(select(*_ASKED).where(runs.c.status == RunStatus.RUNNING)).all()


def earlier(tx: Transaction, sorts: Collection[Sort]) -> dict[Sort, list[Took]]:
    """What the latest of each sort took that succeeded; without any, those of other presets on the same rows.

    They are looked for among the latest of all, then by themselves for some sorts: there may be as many as runs wait.
    """
    found: dict[Sort, list[Took]] = defaultdict(list)
    alike: dict[Sort, list[Took]] = defaultdict(list)
    for row in _succeeded(tx, RECENT):
        took = Took((row.finished_at - row.started_at).total_seconds(), work_of(row))
        for lists, key in ((found, sort_of(row)), (alike, _rows_of(sort_of(row)))):
            if len(lists[key]) < MOST_EARLIER:
                lists[key].append(took)
    for sort in sorted(set(sorts) - set(found))[:MOST_ASKED]:
        rows = _succeeded(tx, MOST_EARLIER, sort)
        found[sort] = [Took((row.finished_at - row.started_at).total_seconds(), work_of(row)) for row in rows]
    return {sort: found[sort] or alike[_rows_of(sort)] for sort in sorts}


def _rows_of(sort: Sort) -> Sort:
    """The same of whatever preset."""
    return sort._replace(preset="")


def _succeeded(tx: Transaction, most: int, sort: Sort | None = None) -> Sequence[Row[Any]]:
    """The latest runs that succeeded, of a sort or of all."""
    query = select(*_ASKED).where(runs.c.status == RunStatus.SUCCEEDED).order_by(runs.c.number.desc()).limit(most)
    if sort is not None:
        is_its_kind = runs.c.trial.is_not(None) if sort.is_trial else runs.c.trial.is_(None)
        of = (runs.c.task == sort.task) & (runs.c.dataset == sort.dataset) & (runs.c.preset == sort.preset)
        query = query.where(of, is_its_kind)
    return tx.execute(query).all()


def sort_of(row: Row[Any]) -> Sort:
    """Of a row of the queries above."""
    return Sort(row.task, row.dataset, row.preset, row.trial is not None)


def work_of(row: Row[Any]) -> int:
    """Epochs of all fits, at most."""
    return int((row.epochs or 1) * fits_of(row.seeds, row.validation.get("folds")))
