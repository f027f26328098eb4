"""Carrying out runs: what a worker may write, always under a lease."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.db import models, run_queries, runs, workers
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.domain.leases import Observer, Sign
from app.domain.runs import FINAL, Change, RunStatus
from app.errors import LeaseLost, NewerRelease, Unavailable
from app.logs import get as get_log
from app.wire.runs import Run, RunError

log = get_log()


@dataclass(frozen=True)
class Claim:
    """A run, and the right to write to it."""

    run: Run
    lease_id: str
    others_wait: bool = False  # in the queue, when it was claimed


class _Unknown(NewerRelease):
    """A run that was claimed is of a newer release."""

    def __init__(self, run_id: str, reason: str) -> None:
        super().__init__(reason)
        self.run_id, self.reason = run_id, reason


class WorkerService:
    """What a worker does to the queue."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        worker_id: str,
        lease_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`lease_seconds`: how long a claim holds without a heartbeat, by `monotonic`; `clock` only dates things."""
        self._database = database
        self._clock = clock
        self.worker_id = worker_id
        self._monotonic = monotonic
        self._leases = Observer(lease_seconds)
        self._unsure = False  # whether a claim was written whose answer did not come
        self._left: set[str] = set()  # runs of a newer release, whose workers can carry them out

    def claim(self) -> Claim | None:
        """Take the oldest queued run that this release knows how to carry out, after freeing those whose worker died.

        Raises:
            Unavailable: the database does not answer, or its tables are not this release's any more.
        """
        with self._database.read() as tx:
            # Without the write lock: idle workers must not hold others up.
            held, queued = run_queries.held(tx), run_queries.any_queued(tx, self._left)
        freed = self._free(held)
        if not (self._unsure or queued or freed):
            return None
        self._database.check_revision()  # a newer release may have come meanwhile
        before, self._unsure = self._unsure, True
        try:
            with self._database.write() as tx:
                row = runs.claimed_by(tx, self.worker_id) if before else None
                row = row or runs.claim(tx, self.worker_id, self._clock(), self._left)
                found = self._claim_of(tx, row) if row else None
        except _Unknown as unknown:  # which has taken the claim back
            log.warning("run.left", run_id=unknown.run_id, reason=unknown.reason, mend="start a worker of that release")
            self._left.add(unknown.run_id)
            found = None
        self._unsure = False
        return found

    def _claim_of(self, tx: Transaction, row: Any) -> Claim:
        """
        Raises:
            _Unknown: the run cannot be read by this release.
        """
        try:
            run = run_queries.get_whole(tx, row.id)
        except Unavailable as error:
            raise _Unknown(row.id, error.message) from error
        return Claim(run, row.lease_id, run_queries.any_queued(tx, self._left))

    def expire(self) -> list[str]:
        """Look at all leases, and free the runs of those that have run out; returns their ids."""
        with self._database.read() as tx:
            held = run_queries.held(tx)
        return self._free(held)

    def _free(self, held: Mapping[str, Sign]) -> list[str]:
        """Of these leases, which were read just now."""
        began = self._monotonic()
        gone = self._leases.look(held, began)
        if not gone:
            return []
        try:
            with self._database.write() as tx:
                if self._monotonic() - began <= self._leases.gap:
                    return runs.expire(tx, {run_id: held[run_id] for run_id in gone}, self._clock())
        except Unavailable:
            self._leases.pardon(gone)
            raise
        self._leases.pardon(gone)  # whoever holds up this write has held up their heartbeats
        return []

    def renew(self, claim: Claim) -> bool:
        """Heartbeat for a run; returns whether a cancel has been asked for.

        Raises:
            LeaseLost: another worker may have it now.
        """
        with self._database.write() as tx:
            return runs.renew(tx, claim.run.id, claim.lease_id)

    def cancel_requested(self, claim: Claim) -> bool:
        """Whether a cancel has been asked for; cheaper than a heartbeat.

        Raises:
            LeaseLost: the database does not know the run: it is another one.
        """
        with self._database.read() as tx:
            run = run_queries.find(tx, claim.run.id)
        if run is None:
            raise LeaseLost
        return run.cancel_requested_at is not None

    def end(self, claim: Claim, change: Change, error: RunError | None = None) -> RunStatus:
        """Move the run out of RUNNING; `error` says why, if it was not the run's end.

        Raises:
            LeaseLost: it is no longer this worker's, or its trainer ended it already.
        """
        with self._database.write() as tx:
            if change is Change.RELEASED:
                return runs.release(tx, claim.run.id, claim.lease_id, self._clock(), error.message if error else "")
            return runs.end_lease(tx, claim.run.id, claim.lease_id, change, self._clock(), error)

    def lose(self, claim: Claim, error: RunError) -> RunStatus:
        """Its trainer died: back to the queue while attempts are left.

        Raises:
            LeaseLost: it is no longer this worker's, or its trainer ended it already.
        """
        with self._database.write() as tx:
            return runs.lose(tx, claim.run.id, claim.lease_id, self._clock(), error)

    def has_ended(self, run_id: str) -> bool:
        """Whether this database knows the run, and it has ended."""
        with self._database.read() as tx:
            run = run_queries.find(tx, run_id)
        return run is not None and run.status in FINAL

    def known_models(self) -> set[str]:
        """Ids of all models that have a row."""
        with self._database.read() as tx:
            return models.all_ids(tx)

    def is_orphan(self, run_id: str, model_id: str) -> bool:
        """Whether an artifact was left by a crash before its row was written.

        Those of runs that this database does not know belong to somebody else.
        """
        with self._database.read() as tx:
            run = run_queries.find(tx, run_id)
        return run is not None and run.status in FINAL and run.model_id != model_id

    def seen(self, values: Mapping[str, Any]) -> None:
        """The worker's own sign of life, with its host, pid, devices and versions."""
        with self._database.write() as tx:
            workers.seen(tx, self.worker_id, self._clock(), values)

    def leave(self) -> None:
        """The worker stops; also forgets those not seen for a day."""
        with self._database.write() as tx:
            workers.forget(tx, self._clock() - timedelta(days=1), self.worker_id)
