"""Tasks and datasets of the user's own: from the database into the catalog, again whenever they have changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from pydantic import ValidationError

from app.db import datasets, tasks
from app.db.engine import Database, Transaction
from app.domain.counting import counted
from app.logs import get as get_log
from app.tasks.catalog import TaskCatalog
from app.wire.declarations import DatasetInfo, Declaration

log = get_log()


class OwnTasks:
    """Keeps a catalog as the database has it. Of what did not change everything stays, and costs nothing."""

    def __init__(self, database: Database, catalog: TaskCatalog) -> None:
        self._database = database
        self._catalog = catalog
        self._seen: tuple[int, int] | None = None  # database, revision
        self._known: Mapping[str, tuple[int, int]] = {}  # what was taken over, by name
        self._following = Lock()  # who read before another one must not take over after it

    def follow(self) -> bool:
        """Look at the revision, and take over what has changed; whether anything has.

        Raises:
            Unavailable: the database does not answer.
        """
        with self._following:
            generation = self._database.generation()
            with self._database.read() as tx:
                seen = (generation, tasks.revision(tx))
                if seen == self._seen:
                    return False
                replaced = self._seen is not None and self._seen[0] != generation
                known = {} if replaced else self._known
                present = tasks.revisions(tx)
                changed = [name for name, which in present.items() if known.get(name) != which and self._is_own(name)]
                declared = _declarations(tx, changed)
                brought = _datasets(datasets.all_of_them(tx))
            gone = [name for name in set(self._known) - set(present) if self._is_own(name)]
            self._catalog.follow(declared, gone, brought)
            self._known, self._seen = present, seen
            return True

    def _is_own(self, name: str) -> bool:
        """Not one that a newer release of Densely came with after somebody had made one of this name."""
        return name not in self._catalog.fixed


def load(tx: Transaction, catalog: TaskCatalog, name: str) -> None:
    """Have a catalog hold this one task as the database has it, with its datasets."""
    declared = _declarations(tx, [] if name in catalog.fixed else [name])
    catalog.follow(declared, [], _datasets(datasets.of_task(tx, name)))


def info_of(row: Any) -> DatasetInfo:
    """A row of `datasets` as tasks know it."""
    name = datasets.reference(row.name, row.version)
    told = f"uploaded, {counted(row.rows, 'row')}"
    return DatasetInfo(name, told, row.train_rows, row.test_rows, upload=row.id, sha256=row.sha256)


def _declarations(tx: Transaction, names: Sequence[str]) -> dict[str, Declaration]:
    """What cannot be read, since a newer release has written it, is left out: the other tasks go on."""
    found = {}
    for name, content in tasks.declarations(tx, names).items():
        try:
            found[name] = Declaration.model_validate(content)
        except ValidationError as error:
            log.error("task.unreadable", task=name, reason=str(error))
    return found


def _datasets(rows: Sequence[Any]) -> dict[str, list[DatasetInfo]]:
    """By task, the newest first."""
    found = defaultdict(list)
    for row in rows:
        found[row.task].append(info_of(row))
    return found
