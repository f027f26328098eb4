"""The tasks that there are, under one roof. They may change while the service runs."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from pydantic import ValidationError

import app.tasks
from app.errors import NotFound, Unusable, told
from app.kinds.base import Makers, Task
from app.kinds.image import ImageTask
from app.kinds.plane import PlaneTask
from app.kinds.table import TableTask
from app.kinds.text import TextTask
from app.wire.declarations import DatasetInfo, Declaration, KindName

KINDS: dict[KindName, type[Task]] = {"text": TextTask, "image": ImageTask, "table": TableTask, "plane": PlaneTask}
NO_MAKERS: Makers = MappingProxyType({})

MOST_TOLD = 20  # names of tasks in a message


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


class _Entry:
    """A task that is made when it is first asked for: its forms take some milliseconds, and there may be hundreds."""

    def __init__(self, declaration: Declaration, task: Task | None = None) -> None:
        """`task`: made already."""
        self.declaration = declaration
        self.uploaded: tuple[DatasetInfo, ...] = ()
        self._task = task
        self._making = Lock()

    @property
    def datasets(self) -> tuple[DatasetInfo, ...]:
        """Those that come with it, and those that were uploaded."""
        return (*self.declaration.datasets, *self.uploaded)

    @property
    def task(self) -> Task:
        """Always the same object, so that what was made of it stays."""
        if self._task is None:
            with self._making:
                if self._task is None:
                    made = KINDS[self.declaration.kind.kind](self.declaration, NO_MAKERS)
                    made.datasets = self.datasets
                    self._task = made
        return self._task

    def bring(self, datasets: Sequence[DatasetInfo]) -> None:
        """Have these uploaded datasets from now on; the task stays what it is."""
        with self._making:
            self.uploaded = tuple(datasets)
            if self._task is not None:
                self._task.datasets = self.datasets


class _Tasks(Mapping[str, Task]):
    """Tasks by name, each made when it is looked at."""

    def __init__(self, entries: Mapping[str, _Entry]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> Task:
        return self._entries[name].task

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class TaskCatalog:
    """Tasks by name."""

    def __init__(self, tasks: Iterable[Task] | None = None) -> None:
        """`tasks`: those that come with Densely unless told otherwise."""
        # Copies, since datasets that are uploaded here are not those of another catalog.
        given = [copy(task) for task in built_in()] if tasks is None else list(tasks)
        self._own: frozenset[str] = frozenset()
        self._fixed = frozenset(task.name for task in given)
        self.generation = -1  # raised with every change, so that whoever made something of the tasks makes it anew
        self._replace({task.name: _Entry(task.declaration, task=task) for task in given})

    @property
    def all(self) -> Mapping[str, Task]:
        """Every task by its name, in alphabetical order; never changed, but replaced."""
        return self._tasks

    @property
    def fixed(self) -> frozenset[str]:
        """The names of those that nobody can change: they come with Densely."""
        return self._fixed

    def is_own(self, name: str) -> bool:
        """Whether a task was declared in the database, and may have been removed there meanwhile."""
        return name in self._own

    def declared(self) -> list[tuple[Declaration, tuple[DatasetInfo, ...]]]:
        """The declaration of every task and all its datasets, without making the tasks."""
        return [(entry.declaration, entry.datasets) for entry in self._entries.values()]

    def get(self, name: str) -> Task:
        """The task of this name.

        Raises:
            NotFound: there is none.
        """
        if entry := self._entries.get(name):
            return entry.task
        raise NotFound(f"there is no task {name!r}; tasks are {self.told()}")

    def told(self) -> str:
        """The names, of very many the first."""
        names = list(islice(self._entries, MOST_TOLD))
        more = len(self._entries) - len(names)
        return ", ".join(names) + (f" and {more} more" if more > 0 else "")

    def put(self, task: Task) -> None:
        """Take a task in, or another one in place of that of the same name."""
        self._replace({**self._entries, task.name: _Entry(task.declaration, task=task)})

    def remove(self, name: str) -> None:
        """Do without a task.

        Raises:
            NotFound: there is none of this name.
        """
        self.get(name)
        self._replace({key: entry for key, entry in self._entries.items() if key != name})

    def follow(
        self,
        changed: Mapping[str, Declaration],
        gone: Iterable[str],
        datasets: Mapping[str, Sequence[DatasetInfo]],
    ) -> None:
        """Take over what has changed: declarations, tasks that are no more, and the uploaded datasets of all others.

        A task whose declaration is as it was stays the same object, with what was made of it.
        """
        entries = {name: entry for name, entry in self._entries.items() if name not in set(gone)}
        self._own = (self._own | set(changed)) - set(gone)
        for name, declaration in changed.items():
            if name not in entries or entries[name].declaration != declaration:
                entries[name] = _Entry(declaration)
        for name, entry in entries.items():
            if (brought := tuple(datasets.get(name, ()))) != entry.uploaded:
                entry.bring(brought)
        if entries != self._entries:
            self._replace(entries)

    def _replace(self, entries: Mapping[str, _Entry]) -> None:
        """At once: who reads at the same time sees the tasks of before or of after."""
        self._entries = dict(sorted(entries.items()))
        self._tasks = _Tasks(self._entries)
        self.generation += 1
