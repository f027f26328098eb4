"""The tasks that come with Densely."""

from typing import Any

from app.kinds.base import Task
from app.tasks.catalog import TaskCatalog

TASKS = TaskCatalog()
WITH_SAMPLE = {name: task for name, task in TASKS.all.items() if task.dataset("sample")}  # not of those in JSON


def rows_of(task: Task, dataset: str) -> dict[str, Any]:
    """The rows of a dataset that is made here."""
    return task.makers[dataset]()
