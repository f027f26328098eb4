"""Which names tasks and datasets of the user's own may have."""

from collections.abc import Iterable
from functools import cache

from app.db import datasets, tasks
from app.db.engine import Transaction
from app.errors import Conflict, NotFound
from app.tasks.catalog import TaskCatalog, built_in


@cache
def built_in_datasets() -> dict[str, str]:
    """The task of each dataset that comes with Densely; of `sample`, which every task has, any."""
    return {info.name: task.name for task in built_in() for info in task.datasets}


def check_task_is_free(tx: Transaction, fixed: Iterable[str], name: str) -> None:
    """
    Raises:
        Conflict: a task has this name.
    """
    if name in fixed:
        raise Conflict(f"the task {name!r} comes with Densely: choose another name")
    if tasks.find(tx, name) is not None:
        raise Conflict(f"there is a task {name!r} already: choose another name, or bring rows for it to POST /datasets")


def check_own(catalog: TaskCatalog, tx: Transaction, name: str) -> None:
    """
    Raises:
        NotFound: there is no such task.
        Conflict: it comes with Densely.
    """
    if name in catalog.fixed:
        raise Conflict(f"the task {name!r} comes with Densely, and cannot be changed or removed")
    if tasks.find(tx, name) is None:
        raise NotFound(f"there is no task {name!r}; tasks are {catalog.told()}")


def check_dataset_is_free(tx: Transaction, name: str, task: str, *, new: bool = False) -> None:
    """
    Raises:
        Conflict: the name is that of a dataset that comes with Densely, or another task's; or, where it has to be
            `new`, there is one.
    """
    if name in built_in_datasets():
        raise Conflict(f"the dataset {name!r} comes with Densely: choose another name")
    present = datasets.find(tx, name)
    if present is not None and (new or present.task != task):
        of = "" if present.task == task else ", of another task"  # whose name a key of some tasks is not told
        raise Conflict(f"there is a dataset {name!r} already{of}: choose another name")


def default_dataset(task: str) -> str:
    """The name of a dataset that nobody has named."""
    return f"{task}-rows" if task in built_in_datasets() else task
