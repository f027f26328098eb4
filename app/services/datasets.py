"""Datasets that were uploaded: brought in, shown, added to and removed; those that come with Densely are shown too."""

from collections.abc import Callable
from typing import Any

from app.datasets import browsing
from app.datasets.catalog import DatasetCatalog
from app.db import audit, datasets, installation, sweep_queries, tasks
from app.db.engine import Database, Transaction, lock
from app.domain.clock import Clock
from app.errors import Conflict, DatasetInvalid, InvalidInput, NotFound, Unavailable
from app.kinds.base import Task
from app.logs import get as get_log
from app.services.limits import Limits
from app.services.making import declaration_of, put, reason_of
from app.services.naming import built_in_datasets, check_dataset_is_free, default_dataset
from app.services.own import info_of
from app.services.paging import cut
from app.services.upload_options import UploadOptions
from app.services.uploading import StagedRows, UploadFolder, insert, plan_of
from app.tasks.catalog import TaskCatalog
from app.tasks.declared import extend
from app.wire.datasets import DatasetDetail, DatasetEntry, Findings, ImportPlan, ImportResult
from app.wire.declarations import DatasetInfo, Declaration

log = get_log()


class DatasetService:
    """Datasets, from the client's side."""

    def __init__(
        self,
        database: Database,
        tasks: TaskCatalog,
        catalog: DatasetCatalog,
        uploads: UploadFolder,
        clock: Clock,
        limits: Limits,
        changed: Callable[[], None],
    ) -> None:
        """`changed` has this process follow at once what others follow with their next poll."""
        self._database = database
        self._tasks = tasks
        self._catalog = catalog
        self._uploads = uploads
        self._clock = clock
        self._limits = limits
        self._changed = changed

    def new(self) -> StagedRows:
        """A place for rows that are about to be written."""
        with self._database.read() as tx:
            owner = installation.get(tx, installation.DATABASE)
        if owner is None:
            with self._database.write() as tx:
                owner = installation.identity(tx)
        return self._uploads.new(owner)

    def plan(self, task: str, wanted: UploadOptions) -> ImportPlan:
        """What the reading process is told of rows for a task, but for where to write them.

        Raises:
            InvalidInput: there is no such task.
            Conflict: another task has a dataset of this name, or Densely.
        """
        name = wanted.dataset or default_dataset(task)
        with self._database.read() as tx:
            check_dataset_is_free(tx, name, task)
            declaration, number = self._declaration(tx, task), _number(tx, task)
        fixed = task in self._tasks.fixed
        plan = plan_of(task, name, wanted, self._limits, declaration=declaration, fixed=fixed)
        return plan.model_copy(update={"task_number": number})

    def plan_more(self, name: str, wanted: UploadOptions) -> ImportPlan:
        """The same for rows that are added to a dataset.

        Raises:
            NotFound: there is no such dataset.
            Conflict: it comes with Densely.
        """
        if name in built_in_datasets():
            raise Conflict(f"the dataset {name!r} comes with Densely, and cannot be added to")
        with self._database.read() as tx:
            row = _found(tx, name, None)
            declaration, number = self._declaration(tx, row.task), _number(tx, row.task)
        plan = plan_of(
            row.task, name, wanted, self._limits, declaration=declaration, fixed=row.task in self._tasks.fixed
        )
        earlier = Findings.model_validate(row.findings)
        before = {"earlier": str(self._uploads.file(row.id, row.sha256)), "earlier_findings": earlier}
        return plan.model_copy(update={**before, "task_number": number})

    def keep(self, plan: ImportPlan, kept: StagedRows, result: ImportResult) -> DatasetDetail:
        """Rows that were read become the next version of their dataset; their task learns what is new in them.

        Raises:
            InvalidInput: the task was removed meanwhile, or does not take what is new in them.
            Conflict: the name was taken meanwhile, rows were added to the version that these were added to, or the
                task is another one of the same name.
        """
        kept.publish()
        with self._database.write() as tx:
            lock(tx, tasks.LOCK)
            check_dataset_is_free(tx, plan.dataset, plan.task)
            if plan.earlier is not None:
                row = datasets.find(tx, plan.dataset)
                if row is None or str(self._uploads.path(row.id)) != plan.earlier:
                    raise Conflict(f"dataset {plan.dataset!r} was changed meanwhile: send the rows again")
            if plan.task not in self._tasks.fixed:
                present = self._declaration(tx, plan.task)
                if _number(tx, plan.task) != plan.task_number:
                    raise Conflict(f"task {plan.task!r} was removed and made anew meanwhile: send the rows again")
                most = max((row.train_rows for row in datasets.of_task(tx, plan.task)), default=0)
                extended = self._extended(present, result, most)
                if extended != present:
                    put(tx, extended, self._clock)
            self._limits.quotas.check_dataset(tx, result.bytes or 0)
            insert(tx, plan.dataset, plan.task, kept.id, result, self._clock)
            row = _found(tx, plan.dataset, None)
        self._changed()
        return _detail(row)

    def page(self, task: str | None, limit: int, cursor: int | None) -> tuple[list[DatasetEntry], int | None]:
        """The latest version of each that was uploaded, newest first, then those that come with Densely."""
        with self._database.read() as tx:
            rows = datasets.page(tx, task, limit + 1, cursor)
        page, following = cut(rows, limit, lambda row: row.number)
        entries = [DatasetEntry.model_validate(row._asdict()) for row in page]
        if following is None:
            entries += self._built_in(task)
        return entries, following

    def versions(self, name: str, limit: int, cursor: int | None) -> tuple[list[DatasetEntry], int | None]:
        """All versions of a dataset, the latest first; of one that comes with Densely there is one.

        Raises:
            NotFound: there is no such dataset.
        """
        if name in built_in_datasets():
            entry = DatasetEntry.model_validate(self._described(name, None).model_dump())
            return ([] if cursor is not None else [entry]), None
        with self._database.read() as tx:
            _found(tx, name, None)
            rows = datasets.page_of_versions(tx, name, limit + 1, cursor)
        page, following = cut(rows, limit, lambda row: row.version)
        return [DatasetEntry.model_validate(row._asdict()) for row in page], following

    def get(self, name: str, version: int | None = None) -> DatasetDetail:
        """
        Raises:
            NotFound: there is no such dataset, or none of this version.
        """
        if name in built_in_datasets():
            return self._described(name, version)
        with self._database.read() as tx:
            return _detail(_found(tx, name, version))

    def find(self, name: str, version: int | None = None) -> tuple[Task, DatasetInfo]:
        """A dataset with its task, whose rows are here.

        Raises:
            NotFound: there is no such dataset.
            Conflict: its rows are not on this machine.
        """
        if name in built_in_datasets():
            task = self._tasks.get(built_in_datasets()[name])
            info = task.dataset(name)
        else:
            with self._database.read() as tx:
                row = _found(tx, name, version)
            task = self._tasks.get(row.task)
            info = info_of(row)
        if info is None:
            raise NotFound(f"there is no dataset {name!r}")
        if not self._catalog.is_here(info):
            raise Conflict(f"dataset {name!r} is not on this machine; training on it fetches it")
        return task, info

    def delete(self, name: str, version: int | None = None) -> None:
        """Remove a version of a dataset, or all of it.

        Raises:
            NotFound: there is no such dataset.
            Conflict: it comes with Densely, or runs or running sweeps refer to it.
        """
        if name in built_in_datasets():
            raise Conflict(f"the dataset {name!r} comes with Densely, and cannot be removed")
        with self._database.write() as tx:
            lock(tx, "queue")
            lock(tx, tasks.LOCK)
            _found(tx, name, version)
            if referring := datasets.runs_on(tx, name, version):
                what = f"version {version} of dataset" if version else "dataset"
                raise Conflict(f"runs that refer to {what} {name!r}: {referring}; remove them first")
            if searching := sweep_queries.running_on(tx, name, version):
                raise Conflict(f"running sweeps that refer to dataset {name!r}: {searching}; cancel them first")
            gone = [row.id for row in datasets.versions(tx, name) if version in (None, row.version)]
            datasets.delete_versions(tx, gone)
            audit.record(tx, self._clock(), "dataset.deleted", datasets.reference(name, version) if version else name)
        self._changed()
        for identity in gone:
            self._uploads.remove(identity)

    def sweep(self) -> None:
        """Remove what a crash has left unfinished, once it is old."""
        for path in self._uploads.sweep():
            log.info("upload.swept", file=path.name)

    def _declaration(self, tx: Transaction, task: str) -> Declaration:
        """As it is now, which this process may not know yet."""
        if task in self._tasks.fixed:
            return self._tasks.get(task).declaration
        if tasks.find(tx, task) is not None:
            return declaration_of(tx, task)
        raise InvalidInput(f"there is no task {task!r}; tasks are {self._tasks.told()}", field="task")

    def _extended(self, present: Declaration, result: ImportResult, most: int) -> Declaration:
        """With what is new in the rows; others may have brought some of it since they were read."""
        try:
            extended = extend(present, result.kind, result.answer, result.findings, result.examples, most)
        except ValueError as error:
            told = f"the task cannot take what is new in these rows: {reason_of(error)}"
            raise InvalidInput(told, field="file") from error
        if (count := len(getattr(extended.answer, "labels", ()))) > self._limits.labels:
            total = f"with these rows there are {count:,} labels; the limit is {self._limits.labels:,}"
            raise InvalidInput(f"{total} (DENSELY_MAX_LABELS)", field=extended.answer.column)
        return extended.model_copy(update={"label_names": present.label_names})

    def _built_in(self, asked: str | None) -> list[DatasetEntry]:
        found = []
        for name, task in built_in_datasets().items():
            info = self._tasks.get(task).dataset(name)
            if info and asked in (None, task) and not info.is_sample and self._catalog.is_here(info):
                found.append(DatasetEntry.model_validate(self._described(name, None).model_dump()))
        return found

    def _described(self, name: str, version: int | None) -> DatasetDetail:
        task, info = self.find(name)
        if version not in (None, 1):
            raise NotFound(f"dataset {name!r} has version 1 only")
        try:
            return browsing.described(self._catalog, task, info)
        except DatasetInvalid as error:
            raise Unavailable(error.message) from error


def _number(tx: Transaction, task: str) -> int | None:
    """What tells a task of the user's own from an earlier one of its name."""
    row = tasks.find(tx, task)
    return row.number if row is not None else None


def _found(tx: Transaction, name: str, version: int | None) -> Any:
    row = datasets.find(tx, name, version)
    if row is None:
        what = f"version {version} of dataset" if version is not None else "dataset"
        raise NotFound(f"there is no {what} {name!r}")
    return row


def _detail(row: Any) -> DatasetDetail:
    found = Findings.model_validate(row.findings)
    return DatasetDetail.model_validate({**row._asdict(), "findings": found, "pictures": browsing.pictures_of(found)})
