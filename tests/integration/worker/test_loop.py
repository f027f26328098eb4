"""The worker's loop with a trainer that does as it is told."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete, text

from app.artifacts.store import ArtifactStore
from app.db import run_queries, runs, workers
from app.db.base import metadata
from app.db.engine import Database
from app.domain.runs import Change
from app.errors import Unavailable
from app.services.attempts import Attempt
from app.services.execution import Claim, WorkerService
from app.services.outages import OUTAGE_STATUS, STORE_STATUS
from app.wire.runs import Run, RunError
from app.worker.loop import Worker, WorkerLimits
from app.worker.protocols import Loss
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.watching import watch

LIMITS = WorkerLimits(poll=0.0, heartbeat=2.0, lease=10.0, run_time=100.0, run_memory=1_000)


class ScriptedTrainer:
    """Each wait calls the next step of the script: what happens meanwhile, and the exit status if it has ended."""

    def __init__(self, script: list[Callable[[], int | None]]) -> None:
        self._script = script
        self.killed = False
        self.used = 0

    def wait(self, seconds: float) -> int | None:
        del seconds
        return self._script.pop(0)() if self._script else None

    def loss(self) -> Loss | None:
        return None

    def kill(self) -> None:
        self.killed = True

    def let_go(self) -> None:
        self.kill()

    def memory(self) -> int:
        return self.used


class ScriptedExecutor:
    """Hands out one scripted trainer."""

    def __init__(self, trainer: ScriptedTrainer) -> None:
        self.trainer = trainer

    def is_ready(self) -> bool:
        return True

    def passed_over(self) -> tuple[str, ...]:
        return ()

    def warm(self) -> None:
        pass

    def start(self, claim: Claim) -> ScriptedTrainer:
        del claim
        return self.trainer

    def facts(self) -> dict[str, Any]:
        return {"devices": ["CPU:0"], "versions": {"tensorflow": "0"}}

    def memory(self) -> int:
        return 0

    def close(self) -> None:
        pass


class Bench:
    """A queued run, a worker over it, and its clock."""

    def __init__(self, database: Database, store: ArtifactStore, clock: FakeClock, folder: Path) -> None:
        self.database, self.clock = database, clock
        self.run_id = queue_run(database, clock)
        self.service = WorkerService(database, clock, "w-1", LIMITS.lease, clock.monotonic)
        self.script: list[Callable[[], int | None]] = []
        self.trainer = ScriptedTrainer(self.script)
        self.stop = Event()
        self.may_claim = True
        self.worker = Worker(
            self.service,
            ScriptedExecutor(self.trainer),
            store,
            folder / "checkpoints",
            LIMITS,
            monotonic=clock.monotonic,
            may_claim=lambda: self.may_claim,
        )

    def carry_out(self, *script: Callable[[], Any]) -> Run:
        """Claim the run and let the script happen to it."""
        self.script.extend(script)
        claim = self.service.claim()
        assert claim is not None
        self.claim = claim
        self.worker.carry_out(claim, self.stop)
        return self.run()

    def run(self) -> Run:
        with self.database.read() as tx:
            return run_queries.get(tx, self.run_id)

    def later(self, seconds: float) -> Callable[[], None]:
        return partial(self.clock.advance, seconds)


@pytest.fixture
def bench(database: Database, store: ArtifactStore, clock: FakeClock, tmp_path: Path) -> Bench:
    return Bench(database, store, clock, tmp_path)


def test_a_trainer_that_dies_gives_the_run_back_to_the_queue(bench: Bench) -> None:
    run = bench.carry_out(lambda: -9)

    assert ("queued", 1) == (run.status, run.attempt)


def test_the_last_attempt_that_dies_is_a_failure_that_says_why(bench: Bench) -> None:
    for _ in range(2):
        assert "queued" == bench.carry_out(lambda: -9).status
    run = bench.carry_out(lambda: 1)

    assert ("failed", 3) == (run.status, run.attempt)
    assert RunError(type="TrainerLost", message="its trainer ended with status 1") == run.error


def test_a_trainer_that_waits_in_vain_for_the_object_store_uses_up_no_attempt_three_times(bench: Bench) -> None:
    """Not more often, or a run would be trained for ever and never be published."""
    for number, most in ((1, 4), (2, 5), (3, 6), (4, 6), (5, 6)):
        run = bench.carry_out(lambda: STORE_STATUS)
        assert ("queued", number, most) == (run.status, run.attempt, run.max_attempts)
        told = f"attempt {number} ended early: the object store did not answer for 60 seconds"
        assert told == events_of(bench)[-2].data["message"]
    run = bench.carry_out(lambda: STORE_STATUS)

    assert ("failed", 6) == (run.status, run.attempt)
    assert RunError(type="StoreAway", message="the object store did not answer for 60 seconds") == run.error


def test_what_the_trainer_wrote_itself_stands(bench: Bench) -> None:
    def fail() -> int:
        Attempt(bench.database, bench.clock, bench.run_id, bench.claim.lease_id).fail(RunError(type="X", message="y"))
        return 0

    run = bench.carry_out(fail)

    assert ("failed", "X") == (run.status, run.error and run.error.type)


def test_a_cancel_kills_the_trainer(bench: Bench) -> None:
    def cancel() -> None:
        with bench.database.write() as tx:
            runs.request_cancel(tx, bench.run_id, bench.clock())

    run = bench.carry_out(cancel)

    assert "cancelled" == run.status
    assert bench.trainer.killed


def test_a_stopping_worker_releases_its_run_and_gives_the_attempt_back(bench: Bench) -> None:
    run = bench.carry_out(bench.stop.set)

    assert ("queued", 1, 4) == (run.status, run.attempt, run.max_attempts)
    assert bench.trainer.killed


class Rounds(Event):
    """A stop that comes when an idle worker has waited so often; a heartbeat's time passes at each."""

    def __init__(self, clock: FakeClock, steps: list[Callable[[], object]]) -> None:
        super().__init__()
        self._clock = clock
        self._steps = steps

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self._clock.advance(LIMITS.heartbeat)
        if self._steps:
            self._steps.pop(0)()
        else:
            self.set()
        return self.is_set()


def test_a_database_of_which_a_part_is_missing_is_told_once(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """The worker's own row can be written all the time, its runs cannot be read."""

    def alter(statement: str) -> None:
        with bench.database.write() as tx:
            tx.execute(text(statement))

    alter("UPDATE runs SET status = 'cancelled'")
    steps: list[Callable[[], object]] = [lambda: None] * 20
    steps[2] = lambda: alter("ALTER TABLE runs RENAME TO moved")
    steps[16] = lambda: alter("ALTER TABLE moved RENAME TO runs")
    bench.worker.run(Rounds(bench.clock, steps))

    said = capsys.readouterr().out
    events = ["worker.started", "database.damaged", "worker.waiting", "worker.goes_on", "worker.stopped"]
    assert events == re.findall(r"(?:worker|database)\.\w+", said), said
    assert "lacks a table or a column" in said


def test_no_run_is_claimed_while_its_model_could_not_be_published(bench: Bench) -> None:
    seen = []

    def mend() -> None:
        seen.append(bench.run().status)
        bench.may_claim = True

    bench.may_claim = False
    bench.script.extend([lambda: -9] * 3)
    bench.worker.run(Rounds(bench.clock, [*[lambda: None] * 5, mend, *[lambda: None] * 5]))

    assert (["queued"], [], "failed") == (seen, bench.script, bench.run().status)


class Expected(Event):
    """A stop that comes, or does not, while the worker waits for it; no time passes."""

    def __init__(self, *, comes: bool) -> None:
        super().__init__()
        self._comes = comes

    def wait(self, timeout: float | None = None) -> bool:
        if self._comes and timeout:
            self.set()
        return self.is_set()


@pytest.mark.parametrize("code", [-15, -2, -1])
def test_a_stop_of_all_processes_reaches_the_trainer_first_and_gives_the_attempt_back(bench: Bench, code: int) -> None:
    bench.stop = Expected(comes=True)
    run = bench.carry_out(lambda: code)

    assert ("queued", 1, 4) == (run.status, run.attempt, run.max_attempts)


def test_a_trainer_that_dies_as_the_worker_stops_gives_the_attempt_back(bench: Bench) -> None:
    def die() -> int:
        bench.stop.set()
        return 1

    assert ("queued", 4) == ((run := bench.carry_out(die)).status, run.max_attempts)


@pytest.mark.parametrize("code", [-15, -9])
def test_a_trainer_that_alone_is_ended_is_lost(bench: Bench, code: int) -> None:
    bench.stop = Expected(comes=code == -9)  # no signal of a stop: nobody waits for one
    run = bench.carry_out(lambda: code)

    assert ("queued", 3) == (run.status, run.max_attempts)
    assert any(f"status {code}" in str(event.data) for event in events_of(bench))


def test_a_stopping_worker_carries_out_a_cancel_that_was_asked_for(bench: Bench) -> None:
    """Back in the queue it would wait for another worker only to be cancelled."""

    def cancel_and_stop() -> None:
        with bench.database.write() as tx:
            runs.request_cancel(tx, bench.run_id, bench.clock())
        bench.stop.set()

    assert "cancelled" == bench.carry_out(cancel_and_stop).status


def test_the_time_limit_fails_the_run(bench: Bench) -> None:
    run = bench.carry_out(*[bench.later(9)] * 11, bench.later(2))

    assert ("failed", "TimeLimit") == (run.status, run.error and run.error.type)
    assert bench.trainer.killed


def test_the_memory_limit_fails_the_run(bench: Bench) -> None:
    bench.trainer.used = LIMITS.run_memory + 1
    run = bench.carry_out(lambda: None)

    assert ("failed", "MemoryLimit") == (run.status, run.error and run.error.type)


def test_heartbeats_keep_the_lease_for_longer_than_it_lasts(bench: Bench) -> None:
    other = WorkerService(bench.database, bench.clock, "w-2", LIMITS.lease, bench.clock.monotonic)

    def others_find_nothing() -> None:
        assert [] == watch(other, bench.clock, 2)
        assert other.claim() is None

    run = bench.carry_out(*[others_find_nothing] * 20, lambda: 1)

    assert 1 == run.attempt


def test_a_worker_that_slept_past_its_lease_kills_its_trainer_and_changes_nothing(bench: Bench) -> None:
    other = WorkerService(bench.database, bench.clock, "w-2", LIMITS.lease, bench.clock.monotonic)

    def oversleep() -> None:
        watch(other, bench.clock, LIMITS.lease + 1)
        assert other.claim() is not None

    run = bench.carry_out(oversleep)

    assert ("running", 2) == (run.status, run.attempt)
    assert bench.trainer.killed


def test_a_database_that_is_away_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter than the lease: the trainer goes on."""

    def gone(claim: Claim) -> bool:
        raise Unavailable

    def leave() -> None:
        monkeypatch.setattr(bench.service, "cancel_requested", gone)

    run = bench.carry_out(leave, lambda: None, lambda: None, lambda: 5)

    assert "queued" == run.status
    assert any("status 5" in str(event.data) for event in events_of(bench))


def test_an_outage_of_half_a_minute_costs_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times as long as the lease: nobody else could look for it either, and the trainer went on."""
    renew, cancel_requested = bench.service.renew, bench.service.cancel_requested
    other = WorkerService(bench.database, bench.clock, "w-2", LIMITS.lease, bench.clock.monotonic)

    def leave() -> None:
        other.expire()
        monkeypatch.setattr(bench.service, "cancel_requested", gone)
        monkeypatch.setattr(bench.service, "renew", gone)

    def come_back() -> None:
        monkeypatch.setattr(bench.service, "cancel_requested", cancel_requested)
        monkeypatch.setattr(bench.service, "renew", renew)
        assert [] == other.expire()

    def others_find_nothing() -> None:
        assert [] == watch(other, bench.clock, 2)

    outage = [bench.later(3)] * 10
    run = bench.carry_out(leave, *outage, come_back, *[others_find_nothing] * 10, bench.stop.set)

    assert ("queued", 1, 4) == (run.status, run.attempt, run.max_attempts)
    assert "released" == events_of(bench)[-1].data["change"]


def test_an_outage_that_does_not_end_gives_the_run_back_when_it_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a minute the trainer ends; the attempt is given back, and the run's log says what it was."""
    end, tries = bench.service.end, []

    def back_at_last(*arguments: Any) -> Any:
        tries.append(arguments)
        if len(tries) < 5:
            raise Unavailable
        return end(*arguments)

    monkeypatch.setattr(bench.service, "cancel_requested", gone)
    monkeypatch.setattr(bench.service, "renew", gone)
    monkeypatch.setattr(bench.service, "end", back_at_last)
    run = bench.carry_out(*[bench.later(1.5)] * 42)

    assert bench.trainer.killed
    assert ("queued", 1, 4) == (run.status, run.attempt, run.max_attempts)
    assert "did not answer for 60 seconds" in events_of(bench)[-2].data["message"]


def test_a_trainer_that_waited_in_vain_uses_up_no_attempt(bench: Bench) -> None:
    """Three times, which is how often a run whose trainer dies is tried."""
    for number in (1, 2, 3, 4):
        run = bench.carry_out(lambda: OUTAGE_STATUS)
        assert ("queued", number, number + 3) == (run.status, run.attempt, run.max_attempts)
    assert "the database did not answer" in events_of(bench)[-2].data["message"]


def test_a_busy_worker_frees_the_runs_of_the_dead(bench: Bench) -> None:
    """With all workers busy nobody would find out, and a run on its last attempt would not fail."""
    dead = WorkerService(bench.database, bench.clock, "w-2", LIMITS.lease).claim()
    assert dead is not None
    queue_run(bench.database, bench.clock)

    bench.carry_out(*[bench.later(1)] * 20, bench.stop.set)

    with bench.database.read() as tx:
        assert "queued" == run_queries.get(tx, dead.run.id).status


def test_a_database_that_was_replaced_ends_the_trainer(bench: Bench) -> None:
    """The run is not in it: the worker goes on with what is."""

    def replace() -> None:
        with bench.database.write() as tx:
            for name in ("events", "runs"):
                tx.execute(delete(metadata.tables[name]))

    bench.script.append(replace)
    claim = bench.service.claim()
    assert claim is not None
    bench.worker.carry_out(claim, bench.stop)

    assert bench.trainer.killed
    assert bench.service.claim() is None


def gone(claim: Claim) -> bool:
    raise Unavailable


def test_the_worker_is_listed_while_it_runs_and_forgotten_when_it_leaves(bench: Bench) -> None:
    seen: list[Any] = []

    def look() -> int:
        with bench.database.read() as tx:
            seen.extend(workers.alive(tx, bench.clock()))
        bench.stop.set()
        return 0

    bench.script.append(look)
    bench.worker.run(bench.stop)
    bench.worker.leave()

    assert [["CPU:0"]] == [row.devices for row in seen]
    with bench.database.read() as tx:
        assert [] == list(workers.alive(tx, bench.clock()))


def test_sweeping_removes_checkpoints_of_ended_runs_only(bench: Bench, tmp_path: Path) -> None:
    ended = queue_run(bench.database, bench.clock)
    with bench.database.write() as tx:
        runs.request_cancel(tx, ended, bench.clock())
    for name in (ended, bench.run_id, "r-of-another-database"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)

    bench.worker.sweep()

    assert {bench.run_id, "r-of-another-database"} == {p.name for p in (tmp_path / "checkpoints").iterdir()}


def events_of(bench: Bench) -> list[Any]:
    with bench.database.read() as tx:
        return run_queries.events_of(tx, bench.run_id, 100, 0)


def test_every_change_has_its_event(bench: Bench) -> None:
    bench.carry_out(lambda: -9)
    bench.carry_out(bench.stop.set)

    changes = [event.data.get("change") for event in events_of(bench) if event.type == "status"]
    assert [None, Change.CLAIMED, Change.LOST, Change.CLAIMED, Change.RELEASED] == changes


def test_a_run_that_the_executor_passes_over_does_not_hold_up_those_behind_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = queue_run(bench.database, bench.clock)
    monkeypatch.setattr(ScriptedExecutor, "passed_over", lambda _: (bench.run_id,))
    claim = bench.worker._look_round()
    assert claim is not None
    assert behind == claim.run.id

    assert bench.worker._look_round() is None
    monkeypatch.undo()
    claim = bench.worker._look_round()
    assert claim is not None
    assert bench.run_id == claim.run.id
