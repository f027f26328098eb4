"""When the next trainer is got ready; trainers that do nothing stand in for those with TensorFlow."""

import gc
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from app.services.execution import Claim
from app.worker import executors
from app.worker.executors import ProcessExecutor, ProcessTrainer
from app.worker.protocols import Assignment

ASSIGNMENT = Assignment("", "", "", "", "", 0, "", 0, "info")


class Idle:
    """A trainer whose end the test decides."""

    def __init__(self, threads: int | None = None) -> None:
        del threads
        self.alive = True
        self.hello: dict[str, Any] = {"devices": []}
        self.sweep: str | None = None
        self.waits = False
        self.waits_since = 0.0
        self.bytes = 0

    def give(self, _: Any, claim: Claim) -> None:
        """A run."""
        self.sweep, self.waits = claim.run.sweep, False

    def memory(self) -> int:
        """As the test decides."""
        return self.bytes

    def kill(self) -> None:
        """Its end."""
        self.alive = self.waits = False


def claim_of(*, sweep: str | None = None, is_trial: bool = True, others_wait: bool = False) -> Claim:
    """A claim of a run, or of a sweep's trial or its winner's run."""
    run: Any = SimpleNamespace(id="r-1", sweep=sweep, trial=object() if sweep and is_trial else None)
    return Claim(run=run, lease_id="l", others_wait=others_wait)


class Clock:
    """Monotonic seconds."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(executors, "ProcessTrainer", Idle)
    monkeypatch.setattr(executors, "time", found)
    return found


def begun(*, others_wait: bool = False) -> tuple[ProcessExecutor, Any]:
    """An executor that has given its spare to a run."""
    executor = ProcessExecutor(ASSIGNMENT, keep_spare=True)
    executor.warm()
    return executor, executor.start(claim_of(others_wait=others_wait))


def has_spare(executor: ProcessExecutor) -> bool:
    executor.warm()
    return executor._spare is not None


def test_a_run_has_the_machine_to_itself_at_first(clock: Clock) -> None:
    executor, _ = begun()

    assert not has_spare(executor)
    clock.now += executors.HEAD_START + 0.1
    assert has_spare(executor)


def test_the_head_start_ends_with_the_run(clock: Clock) -> None:
    """Or one short run after the other would find no spare and wait for the import each time."""
    executor, trainer = begun()
    clock.now += 1
    trainer.alive = False

    assert has_spare(executor)


def test_a_run_that_waits_gets_its_trainer_ready_at_once(clock: Clock) -> None:
    executor, _ = begun(others_wait=True)

    assert has_spare(executor)


def test_the_devices_are_those_of_the_first_trainer_that_has_started(clock: Clock) -> None:
    """Also if it was given a run before, and there is no spare yet."""
    executor = ProcessExecutor(ASSIGNMENT, keep_spare=False)
    trainer: Any = executor.start(claim_of())
    trainer.hello = {}
    assert [] == executor.facts()["devices"]

    trainer.hello = {"devices": ["CPU:0"]}
    assert ["CPU:0"] == executor.facts()["devices"]


def test_a_run_for_a_trainer_that_has_just_died_is_nobodys_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it learns of its end; nothing is left to be written to it later."""
    monkeypatch.setattr(ProcessTrainer, "command", [sys.executable, "-c", "raise SystemExit(7)"])
    trainer = ProcessTrainer()
    assert 7 == trainer.wait(60)

    trainer.give(ASSIGNMENT, claim_of())
    del trainer
    gc.collect()  # a file that cannot be written to its end complains when it goes


def test_a_spare_that_cannot_start_is_tried_again_a_while_later(clock: Clock) -> None:
    """Also after a run has begun and ended in between."""
    executor = ProcessExecutor(ASSIGNMENT, keep_spare=True)
    executor.warm()
    spare: Any = executor._spare
    spare.alive, spare.hello = False, {}

    assert not has_spare(executor)
    clock.now += executors.SPARE_PAUSE + 0.1
    assert has_spare(executor)


class TestTrialsOfASweep:
    """They go to a trainer that has carried out others of the same sweep."""

    def trained(self, clock: Clock) -> tuple[ProcessExecutor, Any]:
        """An executor whose trainer has carried out a trial and waits."""
        executor = ProcessExecutor(ASSIGNMENT, keep_spare=False)
        trainer: Any = executor.start(claim_of(sweep="s-1"))
        trainer.waits, trainer.waits_since = True, clock.now
        return executor, trainer

    def test_the_next_one_goes_to_it(self, clock: Clock) -> None:
        executor, trainer = self.trained(clock)

        assert executor.start(claim_of(sweep="s-1")) is trainer

    def test_the_winners_run_goes_to_it_too(self, clock: Clock) -> None:
        """No other spare had to get ready meanwhile."""
        executor, trainer = self.trained(clock)

        assert executor.start(claim_of(sweep="s-1", is_trial=False)) is trainer

    @pytest.mark.parametrize("sweep", ["s-2", None])
    def test_no_other_run_does(self, clock: Clock, sweep: str | None) -> None:
        executor, trainer = self.trained(clock)

        assert executor.start(claim_of(sweep=sweep)) is not trainer

    def test_one_that_is_busy_is_not_asked(self, clock: Clock) -> None:
        executor, trainer = self.trained(clock)
        trainer.waits = False

        assert executor.start(claim_of(sweep="s-1")) is not trainer

    def test_it_is_ended_when_none_comes(self, clock: Clock) -> None:
        executor, trainer = self.trained(clock)
        clock.now += executors.KEPT_SECONDS - 0.1
        executor.warm()
        assert trainer.alive

        clock.now += 0.2
        executor.warm()
        assert not trainer.alive

    def test_it_is_ended_when_it_has_grown_too_large(self, clock: Clock) -> None:
        executor, trainer = self.trained(clock)
        trainer.bytes = 2**31 + 1

        assert executor.start(claim_of(sweep="s-1")) is not trainer
        assert not trainer.alive

    def test_none_waits_after_the_worker(self, clock: Clock) -> None:
        executor, trainer = self.trained(clock)
        executor.close()

        assert not trainer.alive


@pytest.mark.parametrize("status", [0, 75])
def test_the_end_of_a_trial_is_told_before_the_trainers_own(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """One that waits for another trial is let live; one that has died says so."""
    program = f"import sys\nfor _ in sys.stdin: print('{{\"ended\": {status}}}', flush=True)\nsys.exit(3)"
    monkeypatch.setattr(ProcessTrainer, "command", [sys.executable, "-c", program])
    trainer = ProcessTrainer()
    for _ in range(2):
        trainer.give(ASSIGNMENT, claim_of(sweep="s-1"))
        assert status == trainer.wait(60)
        trainer.let_go()
        assert trainer.waits

    trainer.give(ASSIGNMENT, claim_of(sweep="s-1"))
    trainer.kill()
    assert trainer.wait(60) in (-9, status)
    assert not trainer.waits


def test_a_trial_that_has_ended_is_its_watchers_until_it_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread of the worker must not be given the same trainer while this one may still end it."""
    program = "import sys\nfor _ in sys.stdin: print('{\"ended\": 0}', flush=True)"
    monkeypatch.setattr(ProcessTrainer, "command", [sys.executable, "-c", program])
    executor = ProcessExecutor(ASSIGNMENT, keep_spare=False)
    first: Any = executor.start(claim_of(sweep="s-1"))
    assert 0 == first.wait(60)
    second: Any = executor.start(claim_of(sweep="s-1"))
    assert second is not first
    first.let_go()

    assert executor.start(claim_of(sweep="s-1")) is first
    for trainer in (first, second):
        trainer.kill()
