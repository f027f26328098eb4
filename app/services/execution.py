"""Carrying out runs: what a worker and its trainer may write, always under a lease."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, RLock, Thread
from typing import Any

from app.db import run_queries, runs, workers
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.domain.leases import Observer
from app.domain.runs import FINAL, Change, Measured, RunStatus
from app.errors import LeaseLost, Unavailable
from app.services import own
from app.services.outages import Patience, told
from app.tasks.catalog import TaskCatalog
from app.wire.runs import Progress, Run, RunError

EPOCHS_HELD = 0.2  # seconds
LOOK_SECONDS = 0.05  # between two looks at what is held


@dataclass(frozen=True)
class Claim:
    """A run, and the right to write to it."""

    run: Run
    lease_id: str
    others_wait: bool = False  # in the queue, when it was claimed


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

    def claim(self) -> Claim | None:
        """Take the oldest queued run, after freeing those whose worker died."""
        self.expire()
        with self._database.read() as tx:
            # Without the write lock: idle workers must not hold others up.
            if not (self._unsure or run_queries.any_queued(tx)):
                return None
        before, self._unsure = self._unsure, True
        with self._database.write() as tx:
            row = runs.claimed_by(tx, self.worker_id) if before else None
            row = row or runs.claim(tx, self.worker_id, self._clock())
            found = Claim(run_queries.get(tx, row.id), row.lease_id, run_queries.any_queued(tx)) if row else None
        self._unsure = False
        return found

    def expire(self) -> list[str]:
        """Look at all leases, and free the runs of those that have run out; returns their ids."""
        with self._database.read() as tx:
            held = run_queries.held(tx)
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


class Attempt:
    """One try at a run, from its trainer's side. Every write is fenced by the lease, and waits for the database."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        run_id: str,
        lease_id: str,
        patience: Patience | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`lease_id` is the claim's; `monotonic` paces what is written, `clock` only dates it."""
        self.database = database
        self.clock = clock
        self.run_id = run_id
        self.lease_id = lease_id
        self.patiently = patience or Patience()
        self._measured: list[Measured] = []
        self._progress: Progress | None = None
        self._monotonic = monotonic
        self._flushed_at = -math.inf
        self._lock = RLock()  # over what is held

    def run(self) -> Run:
        """The run as it stands.

        Raises:
            LeaseLost: the database does not know it: it is another one.
        """

        def read(_: float) -> Run | None:
            with self.database.read() as tx:
                return run_queries.find(tx, self.run_id)

        if (run := self.patiently(read)) is None:
            raise LeaseLost
        return run

    def declare(self, tasks: TaskCatalog, name: str) -> None:
        """Have a catalog hold this task as the database has it."""

        def read(_: float) -> None:
            with self.database.read() as tx:
                own.load(tx, tasks, name)

        self.patiently(read)

    def log(self, message: str) -> None:
        """A line of the run's log.

        Raises:
            LeaseLost, Unavailable: as for every method below.
        """
        self.flush()
        self._write(lambda tx: runs.log(tx, self.run_id, self.lease_id, self.clock(), message))

    def set_device(self, device: str) -> None:
        """Note what trains the run."""
        self._write(lambda tx: runs.set_device(tx, self.run_id, self.lease_id, device))

    def record_epoch(self, fit: int, epoch: int, seconds: float, metrics: Mapping[str, float], at: Progress) -> None:
        """Keep a finished epoch, at the latest with the next one that ends `EPOCHS_HELD` after the last write.

        A transaction takes longer than an epoch of a small network does.
        """
        assert all(map(math.isfinite, metrics.values())), "a diverged epoch must not be recorded"
        now = self.clock()
        with self._lock:
            self._measured.append(Measured(fit, epoch, round(seconds, 6), dict(metrics), now))
            self._progress = at
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Write the epochs that are held, unless others were written just now."""
        with self._lock:
            if self._monotonic() - self._flushed_at >= EPOCHS_HELD:
                self.flush()

    def flush(self) -> None:
        """Write the epochs that are still held."""
        with self._lock:
            if not self._measured:
                return
            progress = self._progress
            assert progress is not None
            self._write(lambda tx: runs.record_epochs(tx, self.run_id, self.lease_id, self._measured, progress))
            self._measured = []
            self._flushed_at = self._monotonic()

    @contextmanager
    def keeping_up(self) -> Iterator[None]:
        """Meanwhile a thread writes what is held: a long epoch must not keep those before it from who is watching."""
        done = Event()

        def keep_up() -> None:
            while not done.wait(LOOK_SECONDS):
                with suppress(LeaseLost, Unavailable):  # the trainer meets the same at its own next write
                    self.flush_if_due()

        thread = Thread(target=keep_up, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def forget_epochs(self, fit: int, epoch: int) -> None:
        """Drop what a former attempt recorded after the place where this one goes on."""
        self._write(lambda tx: runs.forget_epochs(tx, self.run_id, self.lease_id, fit, epoch))

    def fail(self, error: RunError) -> None:
        """The run cannot be finished; its epochs so far are kept."""
        self.flush()
        self._write(lambda tx: runs.end_lease(tx, self.run_id, self.lease_id, Change.ERRORED, self.clock(), error))

    def _write(self, change: Callable[[Transaction], object]) -> None:
        """One transaction; after an outage the run's log says so first."""

        def write(away: float) -> None:
            with self.database.write() as tx:
                if away:
                    runs.log(tx, self.run_id, self.lease_id, self.clock(), told(away))
                change(tx)

        self.patiently(write)
