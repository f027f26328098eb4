"""Carrying out runs: what a worker and its trainer may write, always under a lease."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, RLock, Thread
from typing import Any

from app.db import history, runs, workers
from app.db.engine import Database
from app.domain.clock import Clock
from app.domain.runs import FINAL, Change, Measured, Progress, Run, RunError, RunStatus
from app.errors import LeaseLost, Unavailable

EPOCHS_HELD = timedelta(seconds=0.2)
LOOK_SECONDS = 0.05  # between two looks at what is held


@dataclass(frozen=True)
class Claim:
    """A run, and the right to write to it."""

    run: Run
    lease_id: str
    others_wait: bool = False  # in the queue, when it was claimed


class WorkerService:
    """What a worker does to the queue."""

    def __init__(self, database: Database, clock: Clock, worker_id: str, lease_seconds: float) -> None:
        """`lease_seconds`: how long a claim holds without a heartbeat."""
        self._database = database
        self._clock = clock
        self.worker_id = worker_id
        self._lease_seconds = lease_seconds

    def claim(self) -> Claim | None:
        """Take the oldest queued run, after freeing those whose worker died."""
        self.expire()
        with self._database.read() as tx:
            if not history.any_queued(tx):  # without the write lock: idle workers must not hold others up
                return None
        with self._database.write() as tx:
            row = runs.claim(tx, self.worker_id, self._clock(), self._lease_seconds)
            return Claim(history.get(tx, row.id), row.lease_id, history.any_queued(tx)) if row else None

    def expire(self) -> list[str]:
        """Free the runs whose lease was not renewed in time; returns their ids."""
        with self._database.read() as tx:
            if not history.any_expired(tx, self._clock()):
                return []
        with self._database.write() as tx:
            return runs.expire(tx, self._clock())

    def renew(self, claim: Claim) -> bool:
        """Heartbeat for a run; returns whether a cancel has been asked for.

        Raises:
            LeaseLost: another worker may have it now.
        """
        with self._database.write() as tx:
            return runs.renew(tx, claim.run.id, claim.lease_id, self._clock(), self._lease_seconds)

    def cancel_requested(self, claim: Claim) -> bool:
        """Whether a cancel has been asked for; cheaper than a heartbeat."""
        with self._database.read() as tx:
            return history.get(tx, claim.run.id).cancel_requested_at is not None

    def end(self, claim: Claim, change: Change, error: RunError | None = None) -> RunStatus:
        """Move the run out of RUNNING.

        Raises:
            LeaseLost: it is no longer this worker's, or its trainer ended it already.
        """
        with self._database.write() as tx:
            if change is Change.RELEASED:
                return runs.release(tx, claim.run.id, claim.lease_id, self._clock())
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
            run = history.find(tx, run_id)
        return run is not None and run.status in FINAL

    def is_orphan(self, run_id: str, model_id: str) -> bool:
        """Whether an artifact was left by a crash before its row was written.

        Those of runs that this database does not know belong to somebody else.
        """
        with self._database.read() as tx:
            run = history.find(tx, run_id)
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
    """One try at a run, from its trainer's side. Every write is fenced by the lease."""

    def __init__(self, database: Database, clock: Clock, run_id: str, lease_id: str) -> None:
        """`lease_id` is the claim's."""
        self.database = database
        self.clock = clock
        self.run_id = run_id
        self.lease_id = lease_id
        self._measured: list[Measured] = []
        self._progress: Progress | None = None
        self._flushed_at = datetime.min.replace(tzinfo=UTC)
        self._lock = RLock()  # over what is held

    def run(self) -> Run:
        """The run as it stands."""
        with self.database.read() as tx:
            return history.get(tx, self.run_id)

    def log(self, message: str) -> None:
        """A line of the run's log.

        Raises:
            LeaseLost: as for every method below.
        """
        self.flush()
        with self.database.write() as tx:
            runs.log(tx, self.run_id, self.lease_id, self.clock(), message)

    def set_device(self, device: str) -> None:
        """Note what trains the run."""
        with self.database.write() as tx:
            runs.set_device(tx, self.run_id, self.lease_id, device)

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
            if self.clock() - self._flushed_at >= EPOCHS_HELD:
                self.flush()

    def flush(self) -> None:
        """Write the epochs that are still held."""
        with self._lock:
            if not self._measured:
                return
            assert self._progress is not None
            with self.database.write() as tx:
                runs.record_epochs(tx, self.run_id, self.lease_id, self._measured, self._progress)
            self._measured = []
            self._flushed_at = self.clock()

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
        with self.database.write() as tx:
            runs.forget_epochs(tx, self.run_id, self.lease_id, fit, epoch)

    def fail(self, error: RunError) -> None:
        """The run cannot be finished; its epochs so far are kept."""
        self.flush()
        with self.database.write() as tx:
            runs.end_lease(tx, self.run_id, self.lease_id, Change.ERRORED, self.clock(), error)
