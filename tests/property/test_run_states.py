"""Runs under every interleaving of workers, deaths and cancels: a model of TRANSITIONS against a real SQLite file."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from app.db import migrate, models, run_queries, runs
from app.db.engine import Database
from app.db.tables import runs as runs_table
from app.domain.runs import FINAL, TRANSITIONS, Change, Metrics, RunRequest, RunStatus
from app.errors import InvalidTransition, LeaseLost
from app.services.attempts import Attempt
from app.services.execution import Claim, WorkerService
from app.wire.runs import Progress, RunError
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

LEASE = 10.0  # seconds
CRASH = RunError(type="TrainerLost", message="killed")
QUEUED, RUNNING = RunStatus.QUEUED, RunStatus.RUNNING
STEPS = "submit claim claim claim wait wait jump expire expire cancel renew train lose lose end end publish".split()
ENDS = (Change.RELEASED, Change.ERRORED, Change.CANCELLED)  # by the worker, whatever the trainer does


@cache
def migrated() -> bytes:
    """A SQLite file with this release's tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "densely.db"
        migrate.upgrade(f"sqlite:///{path}")
        return path.read_bytes()


@dataclass
class Expected:
    """A run as the model knows it."""

    id: str
    max_attempts: int
    status: RunStatus = QUEUED
    attempt: int = 0
    lease_id: str | None = None
    beats: int | None = None
    beaten_at: float = 0.0  # by the true time, which no clock of the service shows
    cancel: bool = False
    story: list[Change] = field(default_factory=list)

    def move(self, change: Change) -> None:
        """Follow an arrow of TRANSITIONS; a KeyError here is an illegal transition."""
        self.status = TRANSITIONS[self.status, change]
        self.story.append(change)
        if self.status is not RUNNING:
            self.lease_id = self.beats = None
        if change is Change.RELEASED:
            self.max_attempts += 1

    def end(self, change: Change) -> None:
        """The worker ends the run's attempt; a stop carries out a cancel that was asked for before."""
        self.move(Change.CANCELLED if change is Change.RELEASED and self.cancel else change)

    def lose(self) -> None:
        """The worker or trainer died."""
        if self.cancel:
            self.move(Change.CANCELLED)
        else:
            self.move(Change.LOST if self.attempt < self.max_attempts else Change.EXHAUSTED)


@dataclass
class Watcher:
    """What a worker can know of the others' leases: since when it has seen each heart stand still.

    Of the time between two looks it counts at most a quarter of a lease.
    """

    looked_at: float = 0.0
    still: dict[tuple[str, str, int], float] = field(default_factory=dict)  # by run, lease and beats: seconds

    def look(self, runs: list[Expected], now: float) -> list[Expected]:
        """The runs whose leases have run out, for this worker."""
        passed, self.looked_at = min(now - self.looked_at, LEASE / 4), now
        held = {(run.id, run.lease_id, run.beats): run for run in runs if run.lease_id and run.beats is not None}
        self.still = {key: self.still[key] + passed if key in self.still else 0.0 for key in held}
        return [run for key, run in held.items() if self.still[key] > LEASE]


class Runs(RuleBasedStateMachine):
    """Three workers with clocks of their own, some of them asleep or dead, and clients that cancel."""

    @initialize(max_attempts=st.lists(st.integers(1, 3), min_size=1, max_size=4))
    def start(self, max_attempts: list[int]) -> None:
        """A database of its own for each example, with a few runs to begin with."""
        self.folder = Path(tempfile.mkdtemp(prefix="densely-runs-"))
        (self.folder / "densely.db").write_bytes(migrated())
        self.clock = FakeClock()  # of the API
        self.database = Database(f"sqlite:///{self.folder / 'densely.db'}")
        # Their clocks are hours apart and are set now and then; their monotonic clocks count from different moments.
        self.clocks = [FakeClock() for _ in range(3)]
        for hours, clock in zip((0, 2, -3), self.clocks, strict=True):
            clock.advance(abs(hours) * 1000)
            clock.jump(hours * 3600)
        self.now = 0.0
        self.workers = [
            WorkerService(self.database, clock, f"w-{n}", LEASE, clock.monotonic) for n, clock in enumerate(self.clocks)
        ]
        self.watchers = [Watcher() for _ in self.workers]
        self.expected: dict[str, Expected] = {}
        self.claims: list[Claim] = []  # also of leases that are long lost
        for attempts in max_attempts:
            self._submit(attempts)

    def teardown(self) -> None:
        """Remove the database."""
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)

    # One rule that draws what happens, since Hypothesis would leave out whole rules for whole examples.
    @rule(data=st.data(), action=st.sampled_from(STEPS))
    def step(self, data: st.DataObject, action: str) -> None:
        """One thing happens; without any claim yet, a worker looks for one."""
        under_a_lease = action in ("renew", "train", "lose", "end", "publish")
        getattr(self, "claim" if under_a_lease and not self.claims else action)(data)

    def submit(self, data: st.DataObject) -> None:
        """A client asks for a training."""
        self._submit(data.draw(st.integers(1, 3), label="max_attempts"))

    def claim(self, data: st.DataObject) -> None:
        """A worker looks for work: expired runs are freed first, then the oldest queued one is taken."""
        number = data.draw(st.integers(0, 2), label="worker")
        taken = self.workers[number].claim()

        self._expire(number)
        oldest = next((run for run in self.expected.values() if run.status is QUEUED), None)
        assert (oldest and oldest.id) == (taken and taken.run.id)
        if taken is None or oldest is None:
            return
        oldest.move(Change.CLAIMED)
        oldest.attempt += 1
        oldest.lease_id = taken.lease_id
        oldest.beats, oldest.beaten_at = 0, self.now
        self.claims.append(taken)

    def wait(self, data: st.DataObject) -> None:
        """Time passes, and whoever is alive looks at the others' leases meanwhile."""
        seconds = data.draw(st.sampled_from([1.0, LEASE / 2, LEASE, LEASE + 1]), label="seconds")
        awake = data.draw(st.sets(st.integers(0, 2)), label="awake")
        for _ in range(round(seconds)):
            self.now += 1
            for clock in self.clocks:
                clock.advance(1)
            for number in sorted(awake):
                freed = self.workers[number].expire()
                assert self._expire(number) == sorted(freed)

    def jump(self, data: st.DataObject) -> None:
        """Somebody sets a worker's clock."""
        clock = data.draw(st.sampled_from(self.clocks), label="clock")
        clock.jump(data.draw(st.sampled_from([-7200.0, -30.0, 30.0, 7200.0]), label="seconds"))

    def expire(self, data: st.DataObject) -> None:
        """The living find the dead."""
        number = data.draw(st.integers(0, 2), label="worker")
        freed = self.workers[number].expire()

        assert self._expire(number) == sorted(freed)

    def renew(self, data: st.DataObject) -> None:
        """A heartbeat, also of a worker that slept through its expiry; it tells whether a cancel was asked for."""
        claim = self._draw(data)

        def then(run: Expected) -> None:
            assert run.beats is not None
            run.beats, run.beaten_at = run.beats + 1, self.now

        cancelled = self._fenced(claim, lambda: self.workers[1].renew(claim), then)

        assert cancelled in (None, self.expected[claim.run.id].cancel)

    def train(self, data: st.DataObject) -> None:
        """The trainer writes an epoch, from the start."""
        claim = self._draw(data)
        attempt = Attempt(self.database, self.clock, claim.run.id, claim.lease_id)

        def write() -> None:
            attempt.forget_epochs(0, 0)
            attempt.record_epoch(0, 1, 0.1, {"loss": 1.0}, Progress(epoch=1, epochs=1))

        self._fenced(claim, write, lambda _: None)

    def lose(self, data: st.DataObject) -> None:
        """The trainer dies."""
        claim = self._draw(data)

        after = self._fenced(claim, lambda: self.workers[0].lose(claim, CRASH), Expected.lose)

        assert after in (None, self.expected[claim.run.id].status)

    def end(self, data: st.DataObject) -> None:
        """The worker stops, training fails, or a cancel is carried out."""
        claim = self._draw(data)
        change = data.draw(st.sampled_from(ENDS), label="change")
        error = CRASH if change is Change.ERRORED else None

        after = self._fenced(claim, lambda: self.workers[2].end(claim, change, error), lambda run: run.end(change))

        assert after in (None, self.expected[claim.run.id].status)

    def publish(self, data: st.DataObject) -> None:
        """The model's row and the end of the run in one transaction."""
        claim = self._draw(data)

        def write() -> None:
            with self.database.write() as tx:
                runs.publish(tx, claim.run.id, claim.lease_id, self.clock(), Metrics())
                models.insert_model(
                    tx, task="housing", id=f"m-{claim.lease_id}", run_id=claim.run.id, dataset="sample",
                    dataset_is_sample=True, metrics={}, created_at=self.clock(),
                )  # fmt: skip

        self._fenced(claim, write, lambda run: run.move(Change.PUBLISHED))

    def cancel(self, data: st.DataObject) -> None:
        """A client asks for the end of any run, ended ones too."""
        run = data.draw(st.sampled_from(list(self.expected.values())), label="run")
        try:
            with self.database.write() as tx:
                runs.request_cancel(tx, run.id, self.clock())
        except InvalidTransition:
            assert run.status in FINAL
            return
        assert run.status not in FINAL
        run.cancel = True
        if run.status is QUEUED:
            run.move(Change.CANCELLED)

    @invariant()
    def the_rows_are_as_expected(self) -> None:
        """Status, lease, attempt and cancel of every run, and nothing beyond its attempts."""
        with self.database.read() as tx:
            rows = {row.id: row for row in tx.execute(select(runs_table))}
        assert set(self.expected) == set(rows)
        for run in self.expected.values():
            row = rows[run.id]
            assert (run.status, run.lease_id, run.beats) == (row.status, row.lease_id, row.lease_beats)
            assert (run.attempt, run.max_attempts) == (row.attempt, row.max_attempts)
            assert run.cancel == (row.cancel_requested_at is not None)
            assert row.attempt <= row.max_attempts
            assert (run.status in FINAL) == (row.finished_at is not None)
            assert (run.status is RunStatus.FAILED) == (row.error_type is not None)
            assert (run.status is RUNNING) == (row.worker_id is not None)

    @invariant()
    def the_events_tell_the_same_story(self) -> None:
        """Replaying a run's status events from QUEUED leads, by arrows of TRANSITIONS only, to its status."""
        for run in self.expected.values():
            with self.database.read() as tx:
                events = [e.data for e in run_queries.events_of(tx, run.id, 10_000, 0) if e.type == "status"]
            assert {"status": QUEUED} == events[0]
            status = QUEUED
            for event in events[1:]:
                assert status not in FINAL
                status = TRANSITIONS[status, Change(event["change"])]
                assert status == event["status"]
            assert run.status == status
            assert run.story == [Change(event["change"]) for event in events[1:]]
            assert run.attempt == run.story.count(Change.CLAIMED)

    def _submit(self, max_attempts: int) -> None:
        preset = TASKS.get("housing").presets["baseline"]
        request = RunRequest(
            task="housing", preset="baseline", dataset="sample", recipe=preset.recipe, validation=preset.validation,
            seed=1,
        )  # fmt: skip
        with self.database.write() as tx:
            run_id = runs.insert_run(tx, request, self.clock(), max_attempts)
        self.expected[run_id] = Expected(run_id, max_attempts)

    def _expire(self, worker: int) -> list[str]:
        """What the model says of leases that this worker has seen stand still for longer than they last.

        No lease may be lost earlier, whatever the clocks say.
        """
        expired = self.watchers[worker].look(list(self.expected.values()), self.now)
        for run in expired:
            assert self.now - run.beaten_at > LEASE, "a live run was stolen"
            run.lose()
        return sorted(run.id for run in expired)

    def _draw(self, data: st.DataObject) -> Claim:
        """One of the claims, a recent one rather than one that was lost long ago."""
        back = data.draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5]), label="claims back")
        return self.claims[-1 - back % len(self.claims)]

    def _fenced(self, claim: Claim, write: Callable[[], Any], then: Callable[[Expected], None]) -> Any:
        """A write under a lease: done and followed by the model if the lease is held, else LeaseLost."""
        run = self.expected[claim.run.id]
        try:
            result = write()
        except LeaseLost:
            assert run.lease_id != claim.lease_id, "the lease was held, and refused"
            return None
        assert run.lease_id == claim.lease_id, "a stale lease was let through"
        then(run)
        return result


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    report_multiple_bugs=False,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
