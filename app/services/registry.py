"""The model registry: which models there are, which are active, and those that come with Densely."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import audit, installation, models
from app.db.engine import Database, Transaction, lock
from app.domain.callers import caller
from app.domain.clock import Clock
from app.errors import ArtifactInvalid, Conflict, InvalidInput, NotFound, StoreAway, Unusable
from app.inference.predictor import Predictor
from app.logs import get as get_log
from app.services import drawings
from app.services.paging import cut
from app.services.publication import row_of
from app.tasks.catalog import TaskCatalog
from app.wire.models import Activation, Model, ModelDetail

log = get_log()


class RegistryService:
    """Models, from the client's side."""

    def __init__(
        self,
        database: Database,
        tasks: TaskCatalog,
        store: ArtifactStore,
        catalog: DatasetCatalog,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` has this process follow at once what others follow with their next poll."""
        self._changed = changed
        self._database = database
        self._tasks = tasks
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._bundled: frozenset[str] = frozenset()  # ids of the models that come with Densely

    def page(
        self,
        task: str | None,
        limit: int,
        cursor: int | None,
        search: str | None = None,
        is_active: bool | None = None,
    ) -> tuple[list[Model], int | None]:
        """Models, newest first, and the cursor of the next page."""
        with self._database.read() as tx:
            rows = models.page(tx, task, limit + 1, cursor, search, is_active)
        page, following = cut(rows, limit, lambda row: row.number)
        return [_model(row) for row in page], following

    def get(self, model_id: str) -> ModelDetail:
        """
        Raises:
            NotFound: there is no such model.
            ArtifactInvalid: its manifest cannot be read.
        """
        model = self._find(model_id)
        manifest = self._store.manifest(model.task, model.id)
        return ModelDetail(
            **model.model_dump(), pictures=drawings.of_model(manifest, self._tasks, self._catalog), manifest=manifest
        )

    def archive(self, model_id: str) -> IO[bytes]:
        """The model's files as a zip; closed by whoever reads it.

        Raises:
            NotFound: there is no such model.
            ArtifactInvalid: a file is missing, or does not have its checksum.
        """
        model = self._find(model_id)
        return self._store.archive(model.task, model.id)

    def active(self) -> dict[str, Model]:
        """The active model of each task that has one."""
        with self._database.read() as tx:
            return {task: _model(row) for task, row in models.active(tx).items()}

    def activate(self, task: str, model_id: str, note: str | None = None) -> Model:
        """Make a model the active one; doing it twice is once. `note`: why, in the client's words.

        Raises:
            NotFound: there is no such task or model.
            InvalidInput: the model belongs to another task.
            ArtifactInvalid: its files are missing or altered, so that it could not answer.
        """
        self._tasks.get(task)
        model = self._find(model_id)
        if model.task != task:
            raise InvalidInput(f"model {model_id} belongs to task {model.task!r}", field="model_id")
        Predictor(self._tasks.get(task), self._store.open(task, model_id), model.version)  # it must be able to answer
        with self._database.write() as tx:
            lock(tx, f"models of {task}")
            present = models.active(tx).get(task)
            if present is None or present.id != model_id:
                asked = ("asked for by a client", caller.get().key_id, (note or "").strip())
                models.activate(tx, task, model_id, self._clock(), *asked)
                audit.record(tx, self._clock(), "model.activated", model_id, task)
        return self._find(model_id)

    def delete(self, model_id: str) -> None:
        """Remove a model with its files; its version number does not come again.

        Raises:
            NotFound: there is no such model.
            Conflict: it is active, or comes with Densely.
        """
        task, kept = self._find(model_id).task, self.kept()
        with self._database.write() as tx:
            lock(tx, f"models of {task}")
            folder = self.delete_in(tx, model_id, kept)
        self.discard([folder])

    def kept(self) -> frozenset[str]:
        """The models that come with Densely, which `delete` refuses.

        Raises:
            ArtifactInvalid: their list cannot be read.
        """
        return self._bundled | frozenset(self._store.bundled().values())

    def delete_in(self, tx: Transaction, model_id: str, kept: frozenset[str]) -> Path:
        """`delete`, within a transaction that holds the lock of the task's models; returns the folder of its files.

        That is for `discard`, once the transaction is committed.
        """
        row = self._deletable(tx, model_id, kept)
        models.delete_models(tx, [model_id])
        audit.record(tx, self._clock(), "model.deleted", model_id, row.task)
        return self._store.path(row.task, model_id)

    def would_delete(self, tx: Transaction, model_id: str, kept: frozenset[str]) -> Path:
        """The folder that `delete_in` would return; refuses what that refuses."""
        return self._store.path(self._deletable(tx, model_id, kept).task, model_id)

    @staticmethod
    def _deletable(tx: Transaction, model_id: str, kept: frozenset[str]) -> Any:
        if model_id in kept:
            raise Conflict(f"model {model_id} comes with Densely, and cannot be removed")
        row = models.find(tx, model_id)
        if row is None:
            raise NotFound(f"there is no model {model_id!r}")
        if row.active:
            raise Conflict(f"model {model_id} is active: activate another one of task {row.task!r} first")
        return row

    def discard(self, folders: Sequence[Path]) -> None:
        """Remove the files of models that are removed."""
        if folders:
            self._changed()
        for folder in folders:
            self._store.remove(folder)

    def history(self, task: str, limit: int, cursor: int | None) -> tuple[list[Activation], int | None]:
        """Changes of the task's active model, newest first, and the cursor of the next page.

        Raises:
            NotFound: there is no such task.
        """
        self._tasks.get(task)
        with self._database.read() as tx:
            rows = models.activations_of(tx, task, limit + 1, cursor)
        page, following = cut(rows, limit, lambda row: row.id)
        return [Activation.model_validate(row._asdict()) for row in page], following

    def generation(self) -> int:
        """How often the database was replaced by another one.

        Raises:
            Unavailable: it is gone.
        """
        return self._database.generation()

    def register_folder(self) -> None:
        """Say which models folder this process reads, so that a worker with another one publishes nothing here.

        Raises:
            StoreAway, Unusable: the object store does not say.
        """
        with self._database.read() as tx:
            known = installation.get(tx, installation.MODELS_FOLDER)
        # Not within the transaction, since an object store takes its time. Of processes that make one there at once the
        # last one's stays: whoever has told of another sees that when it looks again.
        while (identity := self._store.identity(make=True)) and identity != known:
            with self._database.write() as tx:
                installation.put(tx, installation.MODELS_FOLDER, identity)
            known = identity

    def register_bundled(self, bundled: ArtifactStore) -> dict[str, str]:
        """Take over the models that come with Densely, for tasks that have no model yet.

        Of one that was taken over before, and whose files are gone or altered since, they are put back.

        Returns why not, by task, for those whose files are damaged, or all if their list is: to be tried again.

        Raises:
            Unusable: the folder of the models cannot take them.
        """
        damaged = {}
        with self._database.read() as tx:
            served = models.tasks_with_models(tx)
        try:
            listed = bundled.bundled()
        except ArtifactInvalid as error:
            return {task: error.message for task in self._tasks.all if task not in served}
        self._bundled = frozenset(listed.values())
        for task, model_id in listed.items():
            if task not in self._tasks.all:
                continue
            try:
                if task in served:
                    self._restore(bundled, task, model_id)
                else:
                    self._take_over(bundled, task, model_id)
            except (ArtifactInvalid, StoreAway) as error:  # the other tasks go on
                damaged[task] = error.message
            except OSError as error:
                told = f"the models that come with Densely cannot be copied to the models folder: {error.strerror}"
                raise Unusable(f"{told}; make room there, or set DENSELY_MODELS_DIR to another one") from error
        return damaged

    def _take_over(self, bundled: ArtifactStore, task: str, model_id: str) -> None:
        manifest = bundled.manifest(task, model_id)
        if (manifest.task, manifest.id) != (task, model_id):
            raise ArtifactInvalid(f"the manifest of model {model_id} is another model's")
        self._store.copy_from(bundled, task, model_id)  # before the transaction: to an object store it takes its time
        with self._database.write() as tx:
            lock(tx, f"models of {task}")  # API processes that start together take turns
            if task in models.tasks_with_models(tx):
                return
            models.insert_model(tx, **row_of(manifest))
            models.activate(tx, task, model_id, self._clock(), "came with Densely")
        log.info("model.bundled", task=task, model_id=model_id)

    def _restore(self, bundled: ArtifactStore, task: str, model_id: str) -> None:
        with self._database.read() as tx:
            known = models.find(tx, model_id) is not None
        if not known or self._store.is_whole(task, model_id) or not bundled.is_whole(task, model_id):
            return
        with self._database.write() as tx:
            lock(tx, f"models of {task}")  # API processes that start together take turns
            if not self._store.is_whole(task, model_id):
                self._store.put_back(bundled, task, model_id)
                log.warning("model.restored", task=task, model_id=model_id)
        self._store.copy_from(bundled, task, model_id)  # after the transaction: to an object store it takes its time

    def _find(self, model_id: str) -> Model:
        with self._database.read() as tx:
            row = models.find(tx, model_id)
        if row is None:
            raise NotFound(f"there is no model {model_id!r}")
        return _model(row)


def _model(row: Any) -> Model:
    return Model.model_validate(row._asdict())
