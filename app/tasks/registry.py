"""Finds the tasks: every public module of this package holds one. A new task is one new file."""

import importlib
import pkgutil
from functools import cache

import app.tasks
from app.errors import NotFound
from app.kinds.base import Task

_NOT_TASKS = {"base", "registry"}


@cache
def all_tasks() -> dict[str, Task]:
    """Every task by its name, in alphabetical order of their files."""
    found: dict[str, Task] = {}
    for module in pkgutil.iter_modules(app.tasks.__path__):
        if module.name.startswith("_") or module.name in _NOT_TASKS:
            continue
        imported = importlib.import_module(f"app.tasks.{module.name}")
        for member in vars(imported).values():
            if isinstance(member, type) and issubclass(member, Task) and member.__module__ == imported.__name__:
                found[member.name] = member()
    return found


def get(name: str) -> Task:
    """The task of this name.

    Raises:
        NotFound: there is none.
    """
    if task := all_tasks().get(name):
        return task
    raise NotFound(f"there is no task {name!r}; tasks are {', '.join(all_tasks())}")
