"""Runs in the queue, without the API."""

from app.db import runs
from app.db.engine import Database
from app.domain.clock import Clock
from app.domain.runs import RunRequest
from app.kinds.base import Task
from tests.support.tasks import TASKS


def queue_run(
    database: Database, clock: Clock, task: str | Task = "housing", max_attempts: int = 3, **changes: object
) -> str:
    """Queue a run of a task's baseline on its sample; returns its id."""
    task = TASKS.get(task) if isinstance(task, str) else task
    preset = task.presets["baseline"]
    request = RunRequest(
        task=task.name,
        preset="baseline",
        dataset="sample",
        recipe=preset.recipe,
        validation=preset.validation,
        seed=1,
    ).model_copy(update=changes)
    with database.write() as tx:
        return runs.insert_run(tx, request, clock(), max_attempts)
