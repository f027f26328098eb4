"""What is done to one run: cancel, retry, remove, write a name, tags or a note, archive.

Each is a function of a transaction and of the run as it is there, so that the same is done to many. Whatever refuses
writes nothing before.
"""

from typing import Any

from app.db import audit, removal, run_edits, run_queries, runs, sweep_queries, webhooks
from app.db.engine import Database, Transaction, lock
from app.domain.clock import Clock
from app.domain.runs import FINAL, RunRequest, RunStatus
from app.errors import InvalidTransition
from app.services.training import TrainingService
from app.wire.run_lists import RunPatch
from app.wire.runs import Run


class RunChangeService:
    """Changes of runs that are there."""

    def __init__(self, database: Database, training: TrainingService, clock: Clock) -> None:
        self._database = database
        self._training = training
        self._clock = clock

    def cancel(self, run_id: str) -> Run:
        """Ask for a run to end.

        Raises:
            NotFound: there is no such run.
            InvalidTransition: it has ended already.
        """
        with self._database.write() as tx:
            self.cancel_in(tx, run_queries.get(tx, run_id))
            return run_queries.get(tx, run_id)

    def delete(self, run_id: str) -> None:
        """Forget a run with its epochs and events; its model stays.

        Raises:
            NotFound: there is no such run.
            InvalidTransition: it has not ended, or it is a trial of a running sweep.
        """
        with self._database.write() as tx:
            run = run_queries.get(tx, run_id)
            self.check_deletable(tx, run)
            self.delete_in(tx, run)

    def retry(self, run_id: str, traceparent: str | None = None) -> Run:
        """Queue the same training again, as a new run; `traceparent`: of who asks now.

        Raises:
            NotFound: there is no such run.
            InvalidTransition: it has not ended yet, it succeeded, or it is a trial of a sweep.
            QueueFull: too many runs are waiting.
        """
        with self._database.write() as tx:
            lock(tx, "queue")
            return self.retry_in(tx, run_queries.get(tx, run_id), traceparent)

    def patch(self, run_id: str, asked: RunPatch) -> Run:
        """Change what is written of a run, or archive it.

        Raises:
            NotFound: there is no such run.
            InvalidTransition: it is to be archived, and has not ended.
        """
        with self._database.write() as tx:
            self.patch_in(tx, run_edits.held(tx, run_id), asked)
            return run_queries.get(tx, run_id)

    def fill_scores(self) -> None:
        """Give a score to runs that a worker of a release ended which knew none. Without such it is one query."""
        with self._database.read() as tx:
            scores = run_edits.without_score(tx)
        if scores:
            with self._database.write() as tx:
                run_edits.fill_scores(tx, scores)

    def cancel_in(self, tx: Transaction, run: Run) -> None:
        """`cancel`, within a transaction."""
        runs.request_cancel(tx, run.id, self._clock())
        audit.record(tx, self._clock(), "run.cancelled", run.id, run.task)

    @staticmethod
    def check_deletable(tx: Transaction, run: Run) -> None:
        """
        Raises:
            InvalidTransition: `delete` would refuse the run.
        """
        if run.status not in FINAL:
            raise InvalidTransition(f"run {run.id} is {run.status}; only one that has ended can be removed")
        if run.trial and run.sweep and sweep_queries.is_running(tx, run.sweep):
            raise InvalidTransition(f"run {run.id} is a trial of sweep {run.sweep}, which is running")

    def delete_in(self, tx: Transaction, run: Run) -> None:
        """`delete` of a run that passed `check_deletable`, within that transaction."""
        removal.delete_run(tx, run.id)
        audit.record(tx, self._clock(), "run.deleted", run.id, run.task)

    def retry_in(self, tx: Transaction, run: Run, traceparent: str | None = None) -> Run:
        """`retry`, within a transaction that holds the queue's lock; returns the new run."""
        if run.status not in FINAL - {RunStatus.SUCCEEDED}:
            raise InvalidTransition(f"run {run.id} is {run.status}; only a failed or cancelled one can be retried")
        if run.trial is not None:
            raise InvalidTransition(f"run {run.id} is a trial of sweep {run.sweep}, which goes on without it")
        again = RunRequest.model_validate(run.model_dump(include=set(RunRequest.model_fields) - {"sweep"}))
        again = again.model_copy(update={"retry_of": run.id, "traceparent": traceparent})
        return self._training.queue(tx, again, webhook=webhooks.url_of(tx, run.id))

    def patch_in(self, tx: Transaction, run: Run, asked: RunPatch) -> None:
        """`patch`, within a transaction that holds the run; what is as it is asked for is neither written nor told."""
        changed = _changed(run, asked)
        if changed.get("archived") and run.status not in FINAL:
            raise InvalidTransition(f"run {run.id} is {run.status}; only one that has ended can be archived")
        if changed:
            run_edits.edit(tx, run.id, changed, self._clock())
            audit.record(tx, self._clock(), "run.changed", run.id, run.task)


def _changed(run: Run, asked: RunPatch) -> dict[str, Any]:
    """What was asked for and is different now."""
    present = {
        "name": run.name,
        "tags": run.tags,
        "note": run.note,
        "archived": run.archived_at is not None,
    }
    given = asked.model_dump(include=asked.model_fields_set)
    given["name"] = given.get("name", run.name) or None
    return {name: value for name, value in given.items() if value != present[name]}
