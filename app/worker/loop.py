"""The worker's loop: claim, start, watch, and say how it ended."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TypeVar

from app import __version__
from app.artifacts.store import ArtifactStore
from app.domain.leases import LONGEST_GAP
from app.domain.runs import Change, RunStatus
from app.domain.traces import trace_id
from app.errors import LeaseLost, Unavailable
from app.logs import get as get_log
from app.services.execution import Claim, WorkerService
from app.services.outages import OUTAGE_SECONDS, OUTAGE_STATUS, STORE_STATUS
from app.services.wakeups import SAFETY_SECONDS, Flag, Nap, Topic, Wakeups
from app.storage.remote import PATIENCE
from app.wire.runs import RunError
from app.worker.protocols import Executor, Trainer

log = get_log()

T = TypeVar("T")

SWEEP_EVERY = 3_600.0  # seconds
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SWEEP_AGE = 86_400.0  # seconds; younger leftovers may belong to somebody
OUTAGE = RunError(type="DatabaseAway", message=f"the database did not answer for {OUTAGE_SECONDS:g} seconds")
STORE_OUTAGES = 3  # of a run's first so many attempts, those that end so are given back; later ones are used up
STORE_OUTAGE = RunError(type="StoreAway", message=f"the object store did not answer for {PATIENCE:g} seconds")


@dataclass(frozen=True)
class WorkerLimits:
    """How the worker paces itself, and what a trainer may use. Times in seconds."""

    poll: float
    heartbeat: float
    lease: float
    run_time: float
    run_memory: int  # bytes


class Worker:
    """One run at a time. Several of one process share an executor; the first of them does what is done once."""

    def __init__(
        self,
        service: WorkerService,
        executor: Executor,
        store: ArtifactStore,
        checkpoints: Path,
        limits: WorkerLimits,
        monotonic: Callable[[], float] = time.monotonic,
        advance: Callable[[], object] = lambda: None,
        room: Callable[[], bool] | None = None,
        wakeups: Wakeups | None = None,
        may_claim: Callable[[], bool] = lambda: True,
        trainers: Callable[[], int] = lambda: 1,
    ) -> None:
        """`advance` has sweeps go on. `room`: of any but the first, whether another trainer has its memory.

        `wakeups`: what ends the waiting for a run; without it, only time does. `may_claim`: whether a run's model could
        be published. `trainers`: that are side by side now, of all workers of the process.
        """
        self._service = service
        self._executor = executor
        self._store = store
        self._checkpoints = checkpoints
        self._limits = limits
        self._monotonic = monotonic
        self._advance = advance
        self._room = room
        self._may_claim = may_claim
        self._trainers = trainers
        self._seen_at = self._swept_at = -float("inf")
        self._away_since: float | None = None  # when the database went away
        self._nap = Nap(wakeups, Topic.QUEUE, monotonic=monotonic) if wakeups else None
        self._cancels = Flag(wakeups, Topic.CANCELS) if wakeups else None

    def run(self, stop: Event) -> None:
        """Until `stop` is set; a run that is going then returns to the queue."""
        log.info("worker.started", worker_id=self._service.worker_id)
        self._executor.warm()
        while not stop.is_set():
            claim = self._patiently(self._look_round)
            if claim:
                self.carry_out(claim, stop)
            else:
                self._executor.warm()
                self._rest(stop)
        log.info("worker.stopped", worker_id=self._service.worker_id)

    def _rest(self, stop: Event) -> None:
        """Until there may be something to do; leases and signs of life want looks even where nothing is told."""
        limits = self._limits
        is_kept = not (self._executor.is_ready() and self._may_claim()) or (self._room is not None and not self._room())
        if self._nap is None or self._away_since is not None or is_kept:
            stop.wait(limits.poll)
        else:
            self._nap.wait(stop, limits.poll, min(SAFETY_SECONDS, limits.heartbeat, limits.lease * LONGEST_GAP))

    def leave(self) -> None:
        """After the end of all that share the executor: nothing stays behind."""
        self._executor.close()
        self._patiently(self._service.leave)

    def _look_round(self) -> Claim | None:
        """What an idle worker does; one action, so that a database of which only parts can be used is away."""
        if self._room is None:
            self._say_alive()
            self._sweep_if_due()
        elif not self._room():
            return None
        self._advance()
        if not (self._executor.is_ready() and self._may_claim()):
            self._service.expire()  # others' runs, as a claim would
            return None
        return self._service.claim(self._executor.passed_over())

    def carry_out(self, claim: Claim, stop: Event) -> None:
        """Start a trainer for this run and watch over it to its end."""
        run_log = log.bind(run_id=claim.run.id, attempt=claim.run.attempt)
        if claim.run.traceparent:
            run_log = run_log.bind(trace_id=trace_id(claim.run.traceparent))
        run_log.info("run.claimed")
        trainer = self._executor.start(claim)
        try:
            end, error = self._watch(claim, trainer, stop)
        except LeaseLost:
            trainer.kill()
            run_log.warning("run.lease_lost")
            self._store.discard(self._store.staging(_token(claim)))
            return
        trainer.let_go() if end is None else trainer.kill()  # from here on it writes nothing of this run any more
        status = self._conclude(claim, end, error, stop)
        self._store.discard(self._store.staging(_token(claim)))
        if self._patiently(lambda: self._service.has_ended(claim.run.id)):
            shutil.rmtree(self._checkpoints / claim.run.id, ignore_errors=True)
        if status:  # else the trainer had written the end itself, and logged it
            run_log.info("run.ended", status=status, error=error and error.message)

    def _watch(self, claim: Claim, trainer: Trainer, stop: Event) -> tuple[Change | None, RunError | None]:
        """Why the watching ended: a change that the worker has to make, or None when the trainer is gone."""
        started = renewed = self._monotonic()
        while True:
            self._executor.warm()
            if (code := trainer.wait(self._limits.poll)) is not None:
                loss = trainer.loss()
                return (loss.change, loss.error) if loss else self._after(code, claim, stop)
            if stop.is_set():
                return Change.RELEASED, None
            now = self._monotonic()
            if error := self._over_limit(trainer, now - started):
                return Change.ERRORED, error
            due = now - renewed >= self._limits.heartbeat
            try:
                cancelled = self._service.renew(claim) if due else self._is_cancelled(claim)
            except LeaseLost:
                if trainer.wait(self._limits.heartbeat) is None:
                    raise
                continue  # it had just ended the run itself
            except Unavailable as away:
                self._note_away(away)
                if self._monotonic() - renewed > max(OUTAGE_SECONDS, self._limits.lease):
                    return Change.RELEASED, OUTAGE
                continue
            if cancelled:
                return Change.CANCELLED, None
            if due:
                self._note_back()
                renewed = now
                self._patiently(self._look_up)

    def _is_cancelled(self, claim: Claim) -> bool:
        """Whether a cancel has been asked for; nobody is asked while notifications come, and none of a cancel has."""
        asks = self._cancels is None or self._cancels.take()
        return asks and self._service.cancel_requested(claim)

    def _look_up(self) -> None:
        """What a busy worker does besides."""
        if self._room is None:
            self._say_alive()
        self._service.expire()  # others' runs: a worker that looks seldom finds nothing out

    def _after(self, code: int, claim: Claim, stop: Event) -> tuple[Change | None, RunError | None]:
        """The change that a trainer's end with this exit status calls for."""
        if code == OUTAGE_STATUS:
            return Change.RELEASED, OUTAGE
        if code == STORE_STATUS:  # not for ever: a store may answer this worker, and never take the run's model
            return (Change.RELEASED if claim.run.attempt <= STORE_OUTAGES else None), STORE_OUTAGE
        if self._is_stop(code, stop):
            return Change.RELEASED, None
        return None, RunError(type="TrainerLost", message=f"its trainer ended with status {code}")

    def _is_stop(self, code: int, stop: Event) -> bool:
        """Whether the trainer is gone because all is being stopped: service managers signal every process at once."""
        return stop.wait(self._limits.heartbeat) if -code in STOPS else stop.is_set()

    def _over_limit(self, trainer: Trainer, elapsed: float) -> RunError | None:
        """Which limit the attempt has passed, if any."""
        limits = self._limits
        if elapsed > limits.run_time:
            return RunError(
                type="TimeLimit",
                message=f"took longer than {limits.run_time:g} seconds (DENSELY_RUN_TIME_LIMIT_SECONDS)",
            )
        if trainer.memory() > limits.run_memory:
            most = limits.run_memory // 2**20
            message = f"took more than {most} MiB of memory (DENSELY_RUN_MEMORY_LIMIT_MIB)"
            return RunError(type="MemoryLimit", message=message)
        return None

    def _conclude(self, claim: Claim, change: Change | None, error: RunError | None, stop: Event) -> RunStatus | None:
        """Write how it ended, waiting for the database if need be; None if the trainer had done so itself.

        Without the database there is nothing else to do, so only a stop ends the waiting, after a lease's length.
        """
        deadline = self._monotonic() + self._limits.lease
        while True:
            try:
                if change is None:
                    assert error is not None
                    return self._service.lose(claim, error)
                return self._service.end(claim, change, error)
            except LeaseLost:
                return None
            except Unavailable:
                if stop.is_set() and self._monotonic() > deadline:
                    return None
                Event().wait(self._limits.poll)

    def _sweep_if_due(self) -> None:
        if self._monotonic() - self._swept_at >= SWEEP_EVERY:
            self._swept_at = self._monotonic()
            self.sweep()

    def sweep(self) -> None:
        """Remove what crashes left behind: old staging folders, artifacts and checkpoints that nobody will use."""
        service = self._service
        age = time.time() - SWEEP_AGE
        self._store.sweep(lambda m: service.is_orphan(m.run_id, m.id), age, service.known_models)
        for folder in self._checkpoints.glob("*"):
            if self._service.has_ended(folder.name):
                shutil.rmtree(folder, ignore_errors=True)

    def _say_alive(self) -> None:
        if self._monotonic() - self._seen_at >= self._limits.heartbeat:
            process = {"host": socket.gethostname(), "pid": os.getpid(), "trainers": self._trainers()}
            facts = self._executor.facts()
            versions = {"densely": __version__, **facts.get("versions", {})}
            memory = self._executor.memory()
            self._service.seen({**process, "trainer_memory": memory, **facts, "versions": versions})
            self._seen_at = self._monotonic()

    def _patiently(self, action: Callable[[], T]) -> T | None:
        """The database may be away for a while: a worker does without the action instead of dying."""
        try:
            result = action()
        except Unavailable as error:
            self._note_away(error)
            return None
        self._note_back()
        return result

    def _note_away(self, error: Unavailable) -> None:
        """Said once, not at each of many tries, nor by each worker of the process."""
        if self._away_since is None:
            self._away_since = self._monotonic()
            if self._room is None:
                log.warning("worker.waiting", error=error.message)

    def _note_back(self) -> None:
        if self._away_since is not None:
            if self._room is None:
                log.info("worker.goes_on", seconds=round(self._monotonic() - self._away_since, 1))
            self._away_since = None


def _token(claim: Claim) -> str:
    """The name of the staging folder that this claim's trainer uses."""
    return f"{claim.run.id}-{claim.lease_id}"
