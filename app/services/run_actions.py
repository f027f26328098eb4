"""One thing done to many runs, each by itself: what is refused to one keeps no other from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.db import run_edits, run_queries
from app.db.engine import Database, Transaction, lock
from app.errors import Conflict, DenselyError, Unavailable
from app.services.disk import size_of
from app.services.registry import RegistryService
from app.services.run_changes import RunChangeService
from app.wire.run_lists import Freed, RunActionDone, RunActionRequest, RunPatch, RunRefused

StatusOf = Callable[[DenselyError], int]


@dataclass
class _Tally:
    """What has been done so far."""

    done: list[str] = field(default_factory=list)
    refused: list[RunRefused] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)  # of models that are removed
    runs: int = 0  # that are removed


class RunActionService:
    """Cancels, retries, archives, restores or removes runs, up to some hundreds at once."""

    def __init__(
        self, database: Database, changes: RunChangeService, registry: RegistryService, status_of: StatusOf
    ) -> None:
        """`status_of`: what a call for one run is answered with that is refused so."""
        self._database = database
        self._changes = changes
        self._registry = registry
        self._status_of = status_of

    def act(
        self, asked: RunActionRequest, require_task: Callable[[str], None], traceparent: str | None = None
    ) -> RunActionDone:
        """Do it, or only say what would be done: then all of it is taken back.

        `require_task` raises Forbidden of tasks that the caller's key is not for; `traceparent`: of who asks.

        Raises:
            Unavailable: the database does not answer; then nothing is done.
        """
        tally = _Tally()
        with self._database.write() as tx:
            self._lock(tx, asked)
            with tx.begin_nested() as step:
                for run_id in asked.runs:
                    self._one(tx, asked, run_id, tally, require_task, traceparent)
                freed = Freed(bytes=sum(map(size_of, tally.folders)), runs=tally.runs, models=len(tally.folders))
                if asked.dry_run:
                    step.rollback()
        if not asked.dry_run:
            self._registry.discard(tally.folders)
        return RunActionDone(
            action=asked.action,
            dry_run=asked.dry_run,
            done=tally.done,
            refused=tally.refused,
            created=[] if asked.dry_run else tally.created,
            frees=freed,
        )

    @staticmethod
    def _lock(tx: Transaction, asked: RunActionRequest) -> None:
        """Everything that is locked, in the order in which others do, before the first event."""
        if asked.action == "retry":
            lock(tx, "queue")
        if asked.action == "delete" and asked.models:
            for task in sorted(run_queries.tasks_of(tx, asked.runs)):
                lock(tx, f"models of {task}")
        run_edits.hold_all(tx, asked.runs)

    def _one(
        self,
        tx: Transaction,
        asked: RunActionRequest,
        run_id: str,
        tally: _Tally,
        require_task: Callable[[str], None],
        traceparent: str | None,
    ) -> None:
        try:
            require_task(run_queries.get(tx, run_id).task)
            self._act(tx, asked, run_id, tally, traceparent)
        except Unavailable:
            raise
        except DenselyError as error:
            tally.refused.append(RunRefused(run=run_id, status=self._status_of(error), reason=error.message))
        else:
            tally.done.append(run_id)

    def _act(
        self, tx: Transaction, asked: RunActionRequest, run_id: str, tally: _Tally, traceparent: str | None
    ) -> None:
        match asked.action:
            case "cancel":
                self._changes.cancel_in(tx, run_id)
            case "retry":
                tally.created.append(self._changes.retry_in(tx, run_id, traceparent).id)
            case "archive" | "restore":
                self._changes.patch_in(tx, run_id, RunPatch(archived=asked.action == "archive"))
            case "delete":
                self._delete(tx, run_id, tally, with_model=asked.models)

    def _delete(self, tx: Transaction, run_id: str, tally: _Tally, *, with_model: bool) -> None:
        run = self._changes.check_deletable(tx, run_id)
        if with_model and run.model_id:
            try:
                tally.folders.append(self._registry.delete_in(tx, run.model_id))
            except Conflict as error:
                raise Conflict(f"run {run_id} stays with its model: {error.message}") from error
        self._changes.delete_in(tx, run_id)
        tally.runs += 1
