"""Reading what earlier runs took, and of which rows there are models."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, select

from app.db import releases
from app.db.engine import Transaction
from app.db.tables import epochs, models, runs
from app.domain.estimates import Job
from app.domain.recipes import Recipe, Validation
from app.domain.runs import RunStatus

SOME_EPOCHS = 20  # of a run, the first ones: enough to know how long one takes

_JOB = (
    runs.c.id, runs.c.task, runs.c.dataset, runs.c.recipe, runs.c.validation, runs.c.seeds, runs.c.progress,
    runs.c.started_at, runs.c.finished_at,
)  # fmt: skip


class _Asked(BaseModel):
    """What of a run's columns is a form."""

    recipe: Recipe
    validation: Validation


def succeeded(tx: Transaction, task: str | None, dataset: str | None, limit: int) -> list[Job]:
    """The newest runs that have succeeded at their first attempt, but for the trials of sweeps.

    Of the newest `limit`, those of a newer release that this one cannot read are left out.
    """
    query = select(*_JOB).where(runs.c.status == RunStatus.SUCCEEDED, runs.c.trial.is_(None), runs.c.attempt == 1)
    if task is not None:
        query = query.where(runs.c.task == task)
    if dataset is not None:
        query = query.where(runs.c.dataset == dataset)
    found = (_job(row) for row in tx.execute(query.order_by(runs.c.number.desc()).limit(limit)))
    return [job for job in found if job is not None]


def _job(row: Any) -> Job | None:
    asked = releases.read_any(_Asked, {"recipe": row.recipe, "validation": row.validation})
    if asked is None:
        return None
    progress = row.progress or {}
    return Job(
        id=row.id,
        task=row.task,
        dataset=row.dataset,
        recipe=asked.recipe,
        validation=asked.validation,
        seeds=row.seeds,
        started_at=row.started_at,
        finished_at=row.finished_at,
        epochs=progress.get("epoch", 0),
    )


def epoch_seconds(tx: Transaction, run_ids: Sequence[str]) -> dict[str, float]:
    """How long an epoch of the published fit took, on average; the first one, which is slower, only if it is alone."""
    mine = epochs.c.run_id.in_(run_ids) & (epochs.c.fit == 0) & (epochs.c.epoch <= SOME_EPOCHS)
    found: dict[str, float] = {}
    for which in (mine & (epochs.c.epoch == 1), mine & (epochs.c.epoch > 1)):
        query = select(epochs.c.run_id, func.avg(epochs.c.seconds).label("mean")).where(which)
        found |= {row.run_id: row.mean for row in tx.execute(query.group_by(epochs.c.run_id))}
    return found


def models_of(tx: Transaction, task: str, dataset: str, limit: int) -> list[tuple[str, Recipe | None]]:
    """Models of these rows, the active one first, then the newest.

    With the recipe, where their run is still there and can be read.
    """
    query = select(models.c.id, runs.c.recipe).outerjoin(runs, runs.c.id == models.c.run_id)
    query = query.where(models.c.task == task, models.c.dataset == dataset)
    rows = tx.execute(query.order_by(models.c.active.desc(), models.c.number.desc()).limit(limit))
    return [(row.id, row.recipe and releases.read_any(Recipe, row.recipe)) for row in rows]
