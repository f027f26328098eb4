"""Making tasks of the user's own, changing and removing them. Whatever belongs together is one transaction."""

from collections.abc import Callable
from typing import Any

from app.artifacts.store import ArtifactStore
from app.db import audit, datasets, models, sweep_queries, tasks
from app.db.engine import Database, Transaction, lock
from app.domain.clock import Clock
from app.domain.counting import counted
from app.errors import Conflict, InvalidInput
from app.kinds.base import Task
from app.services.limits import Limits
from app.services.naming import check_dataset_is_free, check_own, check_task_is_free, default_dataset
from app.services.specs import declared_answer, declared_kind
from app.services.training import TrainingService
from app.services.upload_options import UploadOptions
from app.services.uploading import StagedRows, UploadFolder, insert, plain, plan_of
from app.tasks.catalog import TaskCatalog, task_of
from app.tasks.declared import declare
from app.wire.datasets import ImportPlan, ImportResult
from app.wire.declarations import Declaration
from app.wire.runs import Run, TrainRequest
from app.wire.tasks import TaskCreate, TaskPatch


class MakingService:
    """Tasks of the user's own, from the client's side."""

    def __init__(
        self,
        database: Database,
        catalog: TaskCatalog,
        training: TrainingService,
        uploads: UploadFolder,
        store: ArtifactStore,
        clock: Clock,
        limits: Limits,
        changed: Callable[[], None],
    ) -> None:
        """`changed` has this process follow at once what others follow with their next poll."""
        self._database = database
        self._catalog = catalog
        self._training = training
        self._uploads = uploads
        self._store = store
        self._clock = clock
        self._limits = limits
        self._changed = changed

    def plan(self, asked: TaskCreate, wanted: UploadOptions) -> ImportPlan:
        """What the reading process is told of a new task's first rows, but for where to write them.

        Raises:
            Conflict: its name or that of its dataset is taken, or there are too many tasks.
        """
        dataset = wanted.dataset or default_dataset(asked.name)
        with self._database.read() as tx:
            self._check_room(tx, asked.name)
            check_dataset_is_free(tx, dataset, asked.name, new=True)
        return plan_of(asked.name, dataset, wanted, self._limits, asked)

    def create(self, asked: TaskCreate) -> None:
        """A task without rows.

        Raises:
            InvalidInput: it does not say what an input is, or what is asked.
            Conflict: its name is taken, or there are too many tasks.
        """
        kind, answer = declared_kind(asked.kind, self._limits), declared_answer(asked.answer, self._limits)
        declaration = _declared(asked, kind, answer)
        with self._database.write() as tx:
            self._insert(tx, declaration)
        self._changed()

    def create_with_rows(
        self, asked: TaskCreate, dataset: str, kept: StagedRows, result: ImportResult, *, train: bool, trace: str | None
    ) -> Run | None:
        """A task with its first rows, and its first run if that is wanted: all of it, or nothing.

        `trace`: the run's `traceparent`.

        Raises:
            Conflict: somebody else took the name meanwhile, or there are too many tasks.
            QueueFull: too many runs are waiting.
        """
        declaration = _declared(asked, result.kind, result.answer, result)
        task = task_of(declaration)
        kept.publish()
        with self._database.write() as tx:
            lock(tx, "queue")
            self._insert(tx, declaration)
            check_dataset_is_free(tx, dataset, asked.name, new=True)
            self._limits.quotas.check_dataset(tx, result.bytes or 0)
            info = insert(tx, dataset, asked.name, kept.id, result, self._clock)
            task.datasets = (info,)
            run = self._train(tx, task, trace) if train else None
        self._changed()
        return run

    def patch(self, name: str, asked: TaskPatch) -> None:
        """Change how a task is shown.

        Raises:
            NotFound: there is no such task.
            Conflict: it comes with Densely.
            InvalidInput: it has no such label.
        """
        with self._database.write() as tx:
            lock(tx, tasks.LOCK)
            check_own(self._catalog, tx, name)
            present = declaration_of(tx, name)
            given = asked.model_dump(exclude_none=True)
            labels = {str(label) for label in getattr(present.answer, "labels", ())}
            if unknown := sorted(set(given.get("label_names", ())) - labels):
                raise InvalidInput(f"there is no label {unknown[0][:100]!r}", field="label_names")
            put(tx, present.model_copy(update=given), self._clock)
            audit.record(tx, self._clock(), "task.changed", name, name)
        self._changed()

    def delete(self, name: str, *, with_models: bool, with_datasets: bool) -> None:
        """Remove a task, and what belongs to it if that is asked for.

        Raises:
            NotFound: there is no such task.
            Conflict: it comes with Densely, has runs or sweeps that have not ended, or more than was asked for.
        """
        with self._database.write() as tx:
            lock(tx, "queue")
            lock(tx, f"models of {name}")
            lock(tx, tasks.LOCK)
            check_own(self._catalog, tx, name)
            if going := tasks.unfinished_runs(tx, name):
                raise Conflict(f"task {name!r} has runs that wait or are going: {going}; cancel them first")
            if searching := sweep_queries.count_running(tx, name):
                raise Conflict(f"task {name!r} has sweeps that are running: {searching}; cancel them first")
            its_models, its_datasets = models.ids_of(tx, name), [row.id for row in datasets.of_task(tx, name)]
            if its_models and not with_models:
                raise Conflict(f"models of task {name!r}: {len(its_models)}; `models=true` removes them too")
            if its_datasets and not with_datasets:
                raise Conflict(f"datasets of task {name!r}: {len(its_datasets)}; `datasets=true` removes them too")
            models.delete_models(tx, its_models)
            datasets.delete_versions(tx, its_datasets)
            tasks.delete_task(tx, name)
            audit.record(tx, self._clock(), "task.deleted", name, name)
        self._changed()
        for identity in its_models:
            self._store.remove(self._store.path(name, identity))
        for identity in its_datasets:
            self._uploads.remove(identity)

    def _check_room(self, tx: Transaction, name: str) -> None:
        check_task_is_free(tx, self._catalog.fixed, name)
        if tasks.count(tx) >= self._limits.tasks:
            raise Conflict(
                f"there may be no more than {counted(self._limits.tasks, 'task')} (DENSELY_MAX_TASKS): remove some"
            )

    def _insert(self, tx: Transaction, declaration: Declaration) -> None:
        lock(tx, tasks.LOCK)
        self._check_room(tx, declaration.name)
        tasks.insert_task(tx, declaration.name, content_of(declaration), self._clock())
        audit.record(tx, self._clock(), "task.created", declaration.name, declaration.name)

    def _train(self, tx: Transaction, task: Task, trace: str | None) -> Run:
        request = self._training.complete(TrainRequest(task=task.name), task)
        return self._training.queue(tx, request.model_copy(update={"traceparent": trace}))


def declaration_of(tx: Transaction, name: str) -> Declaration:
    """Of a task that is there."""
    return Declaration.model_validate(tasks.declarations(tx, [name])[name])


def put(tx: Transaction, declaration: Declaration, clock: Clock) -> None:
    """Declare a task anew."""
    tasks.update_task(tx, declaration.name, content_of(declaration), clock())


def content_of(declaration: Declaration) -> dict[str, Any]:
    """A declaration as the database keeps it: without datasets, which have rows of their own."""
    content: dict[str, Any] = declaration.model_dump(mode="json", by_alias=True, exclude={"datasets"})
    cleaned: dict[str, Any] = plain(content)
    return cleaned


def _declared(asked: TaskCreate, kind: Any, answer: Any, result: ImportResult | None = None) -> Declaration:
    try:
        return declare(
            asked.name,
            asked.title or asked.name.replace("-", " ").capitalize(),
            asked.description,
            kind,
            answer,
            result.findings if result else None,
            result.examples if result else (),
        )
    except ValueError as error:
        raise InvalidInput(f"kind and answer do not fit together: {reason_of(error)}", field="kind") from error


def reason_of(error: ValueError) -> str:
    """In short."""
    found = error.errors() if hasattr(error, "errors") else []
    return "; ".join(each["msg"].removeprefix("Value error, ") for each in found[:3]) or str(error)
