"""One thing done to many runs, each by itself: what is refused to one keeps no other from it.

It is done in parts, each with a transaction of its own, since workers and everybody else write to the database too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.db import run_edits, run_queries
from app.db.engine import Database, Transaction, lock, waiting_until
from app.errors import Conflict, DenselyError, NotFound, Unavailable
from app.services.disk import size_of
from app.services.registry import RegistryService
from app.services.run_changes import RunChangeService
from app.wire.run_lists import Freed, RunActionDone, RunActionRequest, RunPatch, RunRefused
from app.wire.runs import Run

PART = 25  # runs of a transaction
GAP = 0.05  # seconds between two: writers to SQLite do not queue, but look again every 0.1 s at most
PATIENCE = 5.0  # seconds that each but the first waits for other writers, however long it took so far

StatusOf = Callable[[DenselyError], int]


@dataclass(frozen=True)
class _Order:
    """What was asked for, and by whom."""

    asked: RunActionRequest
    require_task: Callable[[str], None]
    traceparent: str | None
    kept: frozenset[str]  # models that come with Densely

    @property
    def only_looks(self) -> bool:
        """Whether nothing has to be written to know the answer."""
        return self.asked.dry_run and self.asked.action == "delete"

    def parts(self) -> list[list[str]]:
        """The runs of each transaction. If only asked about, those that are queued by `retry` count for the next."""
        runs = self.asked.runs
        size = len(runs) if self.asked.dry_run and self.asked.action == "retry" else PART
        return [runs[start : start + size] for start in range(0, len(runs), size)]


@dataclass
class _Tally:
    """What has been done so far."""

    done: list[str] = field(default_factory=list)
    refused: list[RunRefused] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)  # of models that are removed
    bytes: int = 0  # in these
    runs: int = 0  # that are removed

    def add(self, part: "_Tally") -> None:
        """What was done in one more transaction."""
        for name in ("done", "refused", "created", "folders"):
            getattr(self, name).extend(getattr(part, name))
        self.bytes += part.bytes
        self.runs += part.runs


class RunActionService:
    """Cancels, retries, archives, restores or removes runs, up to some hundreds at once."""

    def __init__(
        self,
        database: Database,
        changes: RunChangeService,
        registry: RegistryService,
        status_of: StatusOf,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`status_of`: what a call for one run is answered with that is refused so."""
        self._database = database
        self._changes = changes
        self._registry = registry
        self._status_of = status_of
        self._pause = pause

    def act(
        self, asked: RunActionRequest, require_task: Callable[[str], None], traceparent: str | None = None
    ) -> RunActionDone:
        """Do it, or only say what would be done: then all of it is taken back.

        `require_task` raises Forbidden of tasks that the caller's key is not for; `traceparent`: of who asks.
        Where the database goes away in the midst, the runs that are left are refused with that.

        Raises:
            ArtifactInvalid: the list of models that come with Densely cannot be read; then nothing is done.
            Unavailable: the database does not answer; then nothing is done.
        """
        kept = self._registry.kept() if asked.action == "delete" and asked.models else frozenset[str]()
        order = _Order(asked, require_task, traceparent, kept)
        first, *others = order.parts()
        tally = self._part(order, first)
        for number, part in enumerate(others, 1):
            if not order.only_looks:
                self._pause(GAP)
            try:
                with waiting_until(time.monotonic() + PATIENCE):
                    tally.add(self._part(order, part))
            except Unavailable as error:
                tally.refused += [self._refused(run_id, error) for run_id in asked.runs[number * PART :]]
                break
        return RunActionDone(
            action=asked.action,
            dry_run=asked.dry_run,
            done=tally.done,
            refused=tally.refused,
            created=[] if asked.dry_run else tally.created,
            frees=Freed(bytes=tally.bytes, runs=tally.runs, models=len(tally.folders)),
        )

    def _part(self, order: _Order, run_ids: Sequence[str]) -> _Tally:
        """Those of one transaction; files are looked at and removed after it."""
        tally = _Tally()
        if order.only_looks:
            with self._database.read() as tx:
                self._each(tx, order, run_ids, tally)
        else:
            with self._database.write() as tx:
                self._lock(tx, order.asked, run_ids)
                with tx.begin_nested() as step:
                    self._each(tx, order, run_ids, tally)
                    if order.asked.dry_run:
                        step.rollback()
        tally.bytes = sum(map(size_of, tally.folders))
        if not order.asked.dry_run:
            self._registry.discard(tally.folders)
        return tally

    @staticmethod
    def _lock(tx: Transaction, asked: RunActionRequest, run_ids: Sequence[str]) -> None:
        """Everything that is locked, in the order in which others do, before the first event."""
        if asked.action == "retry":
            lock(tx, "queue")
        if asked.action == "delete" and asked.models:
            for task in sorted(run_queries.tasks_of(tx, run_ids)):
                lock(tx, f"models of {task}")
        run_edits.hold_all(tx, run_ids)

    def _each(self, tx: Transaction, order: _Order, run_ids: Sequence[str], tally: _Tally) -> None:
        found = run_queries.find_all(tx, run_ids)
        for run_id in run_ids:
            if run_id not in found:
                tally.refused.append(self._refused(run_id, _why_not(tx, run_id)))
                continue
            try:
                order.require_task(found[run_id].task)
                self._act(tx, order, found[run_id], tally)
            except Unavailable:
                raise
            except DenselyError as error:
                tally.refused.append(self._refused(run_id, error))
            else:
                tally.done.append(run_id)

    def _refused(self, run_id: str, error: DenselyError) -> RunRefused:
        return RunRefused(run=run_id, status=self._status_of(error), reason=error.message)

    def _act(self, tx: Transaction, order: _Order, run: Run, tally: _Tally) -> None:
        match order.asked.action:
            case "cancel":
                self._changes.cancel_in(tx, run)
            case "retry":
                tally.created.append(self._changes.retry_in(tx, run, order.traceparent).id)
            case "archive" | "restore":
                self._changes.patch_in(tx, run, RunPatch(archived=order.asked.action == "archive"))
            case "delete":
                self._delete(tx, order, run, tally)

    def _delete(self, tx: Transaction, order: _Order, run: Run, tally: _Tally) -> None:
        self._changes.check_deletable(tx, run)
        if order.asked.models and run.model_id:
            delete = self._registry.would_delete if order.only_looks else self._registry.delete_in
            try:
                tally.folders.append(delete(tx, run.model_id, order.kept))
            except Conflict as error:
                raise Conflict(f"run {run.id} stays with its model: {error.message}") from error
        if not order.only_looks:
            self._changes.delete_in(tx, run)
        tally.runs += 1


def _why_not(tx: Transaction, run_id: str) -> DenselyError:
    """Why a run was not found, or could not be read."""
    try:
        run_queries.get(tx, run_id)
    except (NotFound, Unavailable) as error:
        return error
    return NotFound(f"there was no run {run_id!r}")  # it has come just now
