"""The tasks that come with Densely."""

from typing import Any

from app.kinds.base import Task
from app.tasks.catalog import TaskCatalog

TASKS = TaskCatalog()


def rows_of(task: Task, dataset: str) -> dict[str, Any]:
    """The rows of a dataset that is made here."""
    info = task.dataset(dataset)
    assert info is not None
    assert info.make is not None
    return info.make()
