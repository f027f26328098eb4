"""The tasks that there are, under one roof. They may change while the service runs."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

import app.tasks
from app.errors import NotFound, Unusable, told
from app.kinds.base import Makers, Task
from app.kinds.image import ImageTask
from app.kinds.plane import PlaneTask
from app.kinds.table import TableTask
from app.kinds.text import TextTask
from app.wire.declarations import Declaration, KindName

KINDS: dict[KindName, type[Task]] = {"text": TextTask, "image": ImageTask, "table": TableTask, "plane": PlaneTask}
NO_MAKERS: Makers = MappingProxyType({})


def task_of(declaration: Declaration, makers: Makers = NO_MAKERS) -> Task:
    """The task that a declaration describes. `makers` are of its datasets that have no file, and JSON has none.

    Raises:
        ValueError: an example is no input of its kind, the features of a preset do not suit it, or nobody makes the
            rows of a dataset that has no file.
    """
    task = KINDS[declaration.kind.kind](declaration, makers)
    if odd := {info.name for info in declaration.datasets if info.is_built_in} ^ makers.keys():
        raise ValueError(
            f"datasets: {min(odd)!r} must have a maker of its rows, and be said to be built in, or neither"
        )
    for example in declaration.examples:
        task.Input.model_validate(example.input)
    for name, preset in declaration.presets.items():
        if found := task.check_features(preset.recipe.features):
            raise ValueError(f"presets.{name}: {found[1]}")
    return task


@cache
def built_in() -> tuple[Task, ...]:
    """The tasks that come with Densely, by name: every module of this package with a `TASK`, and every JSON file.

    A module's `ROWS`, if there are any, make the rows of its datasets that have no file.

    Raises:
        Unusable: one of the JSON files declares no task; the message names it.
    """
    modules = [
        importlib.import_module(f"app.tasks.{each.name}")
        for each in pkgutil.iter_modules(app.tasks.__path__)
        if not each.ispkg
    ]
    found = [task_of(each.TASK, getattr(each, "ROWS", NO_MAKERS)) for each in modules if hasattr(each, "TASK")]
    found += [_declared(path) for folder in app.tasks.__path__ for path in Path(folder).glob("*.json")]
    return tuple(sorted(found, key=lambda task: task.name))


def _declared(path: Path) -> Task:
    try:
        return task_of(Declaration.model_validate_json(path.read_bytes()))
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3])
    except (OSError, ValueError) as error:
        reason = told(error)
    raise Unusable(f"{path.name} in the folder of tasks declares no task: {reason}")


class TaskCatalog:
    """Tasks by name."""

    def __init__(self, tasks: Iterable[Task] | None = None) -> None:
        """`tasks`: those that come with Densely unless told otherwise."""
        self._tasks = {task.name: task for task in (built_in() if tasks is None else tasks)}
        self.generation = 0  # raised with every change, so that whoever made something of the tasks makes it anew

    @property
    def all(self) -> Mapping[str, Task]:
        """Every task by its name, in alphabetical order; never changed, but replaced."""
        return self._tasks

    def get(self, name: str) -> Task:
        """The task of this name.

        Raises:
            NotFound: there is none.
        """
        if task := self._tasks.get(name):
            return task
        raise NotFound(f"there is no task {name!r}; tasks are {', '.join(self._tasks)}")

    def put(self, task: Task) -> None:
        """Take a task in, or another one in place of that of the same name."""
        self._replace([*(each for each in self._tasks.values() if each.name != task.name), task])

    def remove(self, name: str) -> None:
        """Do without a task.

        Raises:
            NotFound: there is none of this name.
        """
        self.get(name)
        self._replace([each for each in self._tasks.values() if each.name != name])

    def _replace(self, tasks: Iterable[Task]) -> None:
        """At once: who reads at the same time sees the tasks of before or of after."""
        self._tasks = {task.name: task for task in sorted(tasks, key=lambda task: task.name)}
        self.generation += 1
