"""When the next trainer is got ready; trainers that do nothing stand in for those with TensorFlow."""

import gc
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from app.services.execution import Claim
from app.worker import executors
from app.worker.executors import Assignment, ProcessExecutor, ProcessTrainer

ASSIGNMENT = Assignment("", "", "", "", "", 0, "", 0, "info")


class Idle:
    """A trainer whose end the test decides."""

    def __init__(self) -> None:
        self.alive = True
        self.hello: dict[str, Any] = {"devices": []}

    def give(self, *_: Any) -> None:
        """A run."""


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
    return executor, executor.start(Claim(run=None, lease_id="l", others_wait=others_wait))  # type: ignore[arg-type]


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
    trainer: Any = executor.start(Claim(run=None, lease_id="l", others_wait=False))  # type: ignore[arg-type]
    trainer.hello = {}
    assert [] == executor.facts()["devices"]

    trainer.hello = {"devices": ["CPU:0"]}
    assert ["CPU:0"] == executor.facts()["devices"]


def test_a_run_for_a_trainer_that_has_just_died_is_nobodys_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it learns of its end; nothing is left to be written to it later."""
    monkeypatch.setattr(ProcessTrainer, "command", [sys.executable, "-c", "raise SystemExit(7)"])
    trainer = ProcessTrainer()
    assert 7 == trainer.wait(60)

    trainer.give(ASSIGNMENT, Claim(run=SimpleNamespace(id="r-1"), lease_id="l", others_wait=False))  # type: ignore[arg-type]
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
