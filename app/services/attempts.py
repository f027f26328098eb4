"""One try at a run, from its trainer's side: what it may write, always under a lease."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, RLock, Thread

from app.db import epochs, run_queries, runs
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.domain.runs import Change, Measured, Metrics, Phase
from app.domain.trials import PRUNED
from app.errors import LeaseLost, Unavailable
from app.services import own
from app.services.outages import Patience, told
from app.tasks.catalog import TaskCatalog
from app.wire.runs import Epoch, Progress, Run, RunError

EPOCHS_HELD = 0.2  # seconds
LOOK_SECONDS = 0.05  # between two looks at what is held


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
        self._progress: Progress | None = None  # as told last, or held
        self._is_told = True
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
            self._progress, self._is_told = at, False
        self.flush_if_due()

    def enter(self, phase: Phase, at: Progress | None = None) -> None:
        """Tell what the attempt is at, and how far (by default as before): like an epoch, not more often than those.

        A phase that is over sooner is not told: its transaction would take longer.
        """
        with self._lock:
            progress = at or self._progress
            assert progress is not None, "the first phase says how far"
            self._progress, self._is_told = progress.model_copy(update={"phase": phase}), False
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Write what is held, unless something was written just now."""
        with self._lock:
            if self._monotonic() - self._flushed_at >= EPOCHS_HELD:
                self.flush()

    def flush(self) -> None:
        """Write the epochs that are still held, and how far the attempt is."""
        with self._lock:
            progress = self._progress
            if self._is_told or progress is None:
                return
            self._write(lambda tx: self._tell(tx, progress))
            self._measured, self._is_told = [], True
            self._flushed_at = self._monotonic()

    def _tell(self, tx: Transaction, progress: Progress) -> None:
        if self._measured:
            epochs.record_epochs(tx, self.run_id, self.lease_id, self._measured, progress)
        else:
            epochs.tell_progress(tx, self.run_id, self.lease_id, progress, self.clock())

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
        self._write(lambda tx: epochs.forget_epochs(tx, self.run_id, self.lease_id, fit, epoch))

    def history(self) -> list[Epoch]:
        """The epochs that this attempt and those before it have written."""

        def read(_: float) -> list[Epoch]:
            with self.database.read() as tx:
                return run_queries.epochs_of(tx, self.run_id)

        return self.patiently(read)

    def measured(self, metrics: Metrics) -> None:
        """A trial has its figures; there is no model."""
        self._end_trial(Change.MEASURED, metrics, None)

    def prune(self, reason: str, metrics: Metrics) -> None:
        """A trial is hopeless; `metrics` are those that it had."""
        self._end_trial(Change.PRUNED, metrics, RunError(type=PRUNED, message=reason))

    def fail(self, error: RunError) -> None:
        """The run cannot be finished; its epochs so far are kept."""
        self.flush()
        self._write(lambda tx: runs.end_lease(tx, self.run_id, self.lease_id, Change.ERRORED, self.clock(), error))

    def _end_trial(self, change: Change, metrics: Metrics, error: RunError | None) -> None:
        self.flush()
        self._write(lambda tx: runs.end_trial(tx, self.run_id, self.lease_id, change, self.clock(), metrics, error))

    def _write(self, change: Callable[[Transaction], object]) -> None:
        """One transaction; after an outage the run's log says so first."""

        def write(away: float) -> None:
            with self.database.write() as tx:
                if away:
                    runs.log(tx, self.run_id, self.lease_id, self.clock(), told(away))
                change(tx)

        self.patiently(write)
