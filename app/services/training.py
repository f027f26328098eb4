"""Asking for runs."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from app.datasets.catalog import DatasetCatalog
from app.db import audit, datasets, removal, run_queries, runs, tasks, webhooks
from app.db.engine import Database, Transaction, lock
from app.domain.callers import caller
from app.domain.clock import Clock
from app.domain.counting import counted
from app.domain.recipes import Holdout, KFold, NoValidation, Recipe, Validation
from app.domain.runs import RunRequest
from app.errors import IdempotencyConflict, InvalidInput, QueueFull
from app.kinds.base import Task
from app.services import idempotency
from app.services.networks import check_recipe
from app.services.quotas import Quotas
from app.services.specs import nested
from app.services.webhooks import NO_WEBHOOKS, WebhookRules
from app.tasks.catalog import TaskCatalog
from app.wire.declarations import DatasetInfo
from app.wire.runs import Run, TrainRequest


class TrainingService:
    """Takes requests to train into the queue."""

    def __init__(
        self,
        database: Database,
        tasks: TaskCatalog,
        catalog: DatasetCatalog,
        clock: Clock,
        max_attempts: int,
        max_queued: int = 1_000,
        webhooks: WebhookRules = NO_WEBHOOKS,
        remembered: timedelta = timedelta(days=1),
        quotas: Quotas = Quotas(),  # noqa: B008 - it is frozen
    ) -> None:
        """`max_attempts`: how often a run is tried when its worker or trainer dies. `max_queued`: runs that wait.

        `remembered`: how long an idempotency key stands for its run.
        """
        self._database = database
        self._tasks = tasks
        self._catalog = catalog
        self._clock = clock
        self._max_attempts = max_attempts
        self._max_queued = max_queued
        self._webhooks = webhooks
        self._remembered = remembered
        self._quotas = quotas

    def submit(self, request: TrainRequest, idempotency_key: str | None = None, traceparent: str | None = None) -> Run:
        """Queue a run, or return the one that this key queued before; it belongs to the API key that it came with.

        `traceparent`: see `domain.traces`.

        Raises:
            InvalidInput: a field does not fit; nothing is written.
            IdempotencyConflict: the key came with another request before.
            QueueFull: too many runs are waiting.
        """
        sha256 = idempotency.digest_of(request)
        idempotency_key = idempotency_key and idempotency.own(idempotency_key, caller.get().key_id)
        complete = None if self._is_known(idempotency_key) else self.complete(request)
        with self._database.write() as tx:
            lock(tx, "queue")  # so that no key queues twice and no burst passes the limit
            if idempotency_key and (row := run_queries.find_by_key(tx, idempotency_key, self._since())):
                if row.request_sha256 != sha256:
                    raise IdempotencyConflict
                return run_queries.to_run(row)
            key = (idempotency_key, sha256) if idempotency_key else None
            if idempotency_key:
                removal.forget_key(tx, idempotency_key)  # of an older run
            asked = (complete or self.complete(request)).model_copy(update={"traceparent": traceparent})
            return self.queue(tx, asked, key, request.webhook)

    def check(self, request: TrainRequest) -> RunRequest:
        """What `submit` would queue.

        Raises:
            InvalidInput, QueueFull, QuotaReached: as `submit`.
        """
        asked = self.complete(request)
        with self._database.read() as tx:
            self._check_room(tx, asked)
        return asked

    def _is_known(self, idempotency_key: str | None) -> bool:
        """Whether the key came before: what it asked then may not be valid any more, and is answered all the same."""
        if idempotency_key is None:
            return False
        with self._database.read() as tx:
            return run_queries.find_by_key(tx, idempotency_key, self._since()) is not None

    def _since(self) -> datetime:
        return self._clock() - self._remembered

    def queue(
        self,
        tx: Transaction,
        request: RunRequest,
        known_by: tuple[str, str] | None = None,
        webhook: str | None = None,
    ) -> Run:
        """Add a complete request to the queue, whose lock the transaction holds.

        Raises:
            QueueFull: too many runs are waiting.
            QuotaReached: the API key has as many, or as many models.
            InvalidInput: its task or its dataset has been removed, which this process does not know yet.
        """
        self._check_room(tx, request)
        key_id = caller.get().key_id
        run_id = runs.insert_run(tx, request, self._clock(), self._max_attempts, known_by, key_id)
        audit.record(tx, self._clock(), "run.queued", run_id, request.task)
        if webhook is not None:
            webhooks.add(tx, run_id, webhook)
        return run_queries.get(tx, run_id)

    def _check_room(self, tx: Transaction, request: RunRequest) -> None:
        self.check_there(tx, request.task, request.dataset)
        if run_queries.count_queued(tx) >= self._max_queued:
            raise QueueFull(
                f"{counted(self._max_queued, 'run is', 'runs are')} waiting already; cancel some, or try again later"
            )
        self._quotas.check_run(tx)

    def check_there(self, tx: Transaction, task: str, dataset: str) -> None:
        """Whoever removes a task or a dataset holds the same lock: what is there now stays while the run waits.

        Raises:
            InvalidInput: one of them is not there any more.
        """
        if self._tasks.is_own(task) and tasks.find(tx, task) is None:
            raise _invalid("task", f"there is no task {task!r} any more")
        name, _, version = dataset.partition("@")
        if version and datasets.find(tx, name, int(version)) is None:
            raise _invalid("dataset", f"there is no dataset {dataset!r} any more")

    def find_task(self, name: str) -> Task:
        """The task of this name; InvalidInput: there is none."""
        if task := self._tasks.all.get(name):
            return task
        raise _invalid("task", f"there is no task {name!r}; tasks are {self._tasks.told()}")

    def complete(self, request: TrainRequest, task: Task | None = None) -> RunRequest:
        """The request with everything that was left out, checked; `task`: one that is not in the catalog yet.

        Raises:
            InvalidInput: a field does not fit.
        """
        if request.webhook is not None and (reason := self._webhooks.why_not(request.webhook)):
            raise _invalid("webhook", reason)
        task = task or self.find_task(request.task)
        preset = task.presets.get(request.preset)
        if preset is None:
            raise _invalid(
                "preset", f"task {task.name!r} has no preset {request.preset!r}; it has {_names(task.presets)}"
            )
        info = dataset_of(task, request.dataset)
        try:
            recipe = request.recipe.apply(preset.recipe)
        except ValidationError as error:
            raise nested("recipe", error) from error
        validation = request.validation or preset.validation
        check_recipe(task, recipe)
        _check_validation(validation, recipe, info, self._catalog.train_rows(info))
        if request.seeds > 1 and isinstance(validation, KFold):
            raise _invalid("seeds", "must be 1 with k-fold, whose folds show the spread already")
        target = task.target_of(recipe.head)
        if not self._catalog.has_column(task, info, target):
            reason = f"needs the column {target!r}, which dataset {info.name!r} does not have"
            raise _invalid("recipe.head", f"{recipe.head!r} {reason}")
        return RunRequest(
            task=task.name,
            preset=request.preset,
            dataset=info.name,
            recipe=recipe,
            validation=validation,
            seed=secrets.randbelow(2**31) if request.seed is None else request.seed,
            seeds=request.seeds,
            activate=request.activate,
            name=request.name,
            tags=request.tags,
            note=request.note,
        )


def dataset_of(task: Task, name: str | None) -> DatasetInfo:
    """The dataset of a task that a client names, or its first.

    Raises:
        InvalidInput: there is none.
    """
    if not task.datasets:
        raise _invalid("dataset", f"task {task.name!r} has no rows yet: bring some with POST /datasets")
    info = task.dataset(task.datasets[0].name if name is None else name)
    if info is None:
        names = ", ".join(d.name for d in task.datasets[:20])
        raise _invalid("dataset", f"task {task.name!r} has no dataset {name!r}; it has {names}")
    return info


def _check_validation(validation: Validation, recipe: Recipe, info: DatasetInfo, rows: int) -> None:
    if isinstance(validation, Holdout) and validation.size >= rows:
        raise _invalid(
            "validation.size",
            f"must be below {rows:,}, the training rows of dataset {info.name!r}; got {validation.size:,}",
        )
    if isinstance(validation, KFold) and validation.folds > rows:
        raise _invalid("validation.folds", f"must be at most {rows:,}, the training rows of dataset {info.name!r}")
    stopping = recipe.early_stopping
    if stopping and stopping.monitor.startswith("val_") and isinstance(validation, NoValidation):
        raise _invalid("recipe.early_stopping", f"{stopping.monitor} needs a validation of kind holdout or kfold")


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, field=field)


def _names(mapping: Any) -> str:
    names: Sequence[str] = list(mapping)
    return ", ".join(names)
