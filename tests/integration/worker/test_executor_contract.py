"""What the loop relies on, wherever runs are carried out: on this machine, and on a Ray cluster of two nodes."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from app.domain.asks import Load
from app.services.execution import Claim
from app.worker.executors import ProcessExecutor, ProcessTrainer
from app.worker.protocols import Assignment, Executor, Trainer
from app.worker.ray_executor import RayExecutor
from tests.support.ray_cluster import RayCluster
from tests.support.tasks import TASKS

COMMAND = [sys.executable, str(Path(__file__).parents[2] / "support" / "obedient.py")]
LONG = 60.0  # seconds: much more than anything here takes
ASSIGNMENT = Assignment("", "", "", "", "", 0, "", 0, "info")


class Bench:
    """An executor whose trainers do as the run's id says, and what they leave behind."""

    def __init__(self, executor: Executor, folder: Path) -> None:
        self.executor = executor
        self.folder = folder

    def begin(self, run_id: str, sweep: str | None = None) -> Trainer:
        preset = TASKS.get("planar").presets["baseline"]
        run: Any = SimpleNamespace(
            id=run_id,
            sweep=sweep,
            trial=object() if sweep else None,
            recipe=preset.recipe,
            validation=preset.validation,
        )
        return self.executor.start(Claim(run=run, lease_id="l"))

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            self.executor.warm()
            return self.executor.is_ready()

        self.until(is_ready)

    def process(self, run_id: str) -> tuple[int, Path]:
        """The process that was given a run, and its temporary folder."""
        path = self.folder / run_id
        self.until(lambda: path.exists() and path.read_text())
        pid, folder = path.read_text().split()
        return int(pid), Path(folder)

    @staticmethod
    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + LONG
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture(scope="module", params=["process", "ray"])
def executor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Executor, Path]]:
    folder = tmp_path_factory.mktemp("runs")
    assignment = replace(ASSIGNMENT, checkpoints_dir=str(folder))
    made: Executor
    if request.param == "ray":
        two_nodes: RayCluster = request.getfixturevalue("two_nodes")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RayExecutor, "command", COMMAND)
            made = RayExecutor(assignment, two_nodes.address, lambda _: Load())
            Bench(made, folder).wait_until_ready()
            yield made, folder
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ProcessTrainer, "command", COMMAND)
            made = ProcessExecutor(assignment, keep_spare=False)
            yield made, folder
    made.close()


@pytest.fixture
def bench(executor: tuple[Executor, Path]) -> Iterator[Bench]:
    made, folder = executor
    yield Bench(made, folder)
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("status", [0, 3, 75])
def test_the_end_of_a_run_is_its_trainers_status(bench: Bench, status: int) -> None:
    trainer = bench.begin(f"end-{status}")

    assert status == trainer.wait(LONG)
    trainer.let_go()
    assert trainer.loss() is None
    pid, folder = bench.process(f"end-{status}")
    assert not psutil.pid_exists(pid)
    assert not folder.exists()


def test_a_run_that_goes_on_has_no_status_but_memory_and_facts(bench: Bench) -> None:
    trainer = bench.begin("sleep-60")
    try:
        assert trainer.wait(0) is None
        bench.process("sleep-60")
        bench.until(lambda: trainer.memory() > 2**20)
        assert bench.executor.memory() >= trainer.memory() > 2**20
        bench.until(lambda: any("CPU:0" in device for device in bench.executor.facts()["devices"]))
        assert "0" == bench.executor.facts()["versions"]["tensorflow"]
    finally:
        trainer.kill()


def test_when_a_trainer_has_been_killed_nothing_of_it_is_left(bench: Bench) -> None:
    trainer = bench.begin("sleep-60")
    pid, folder = bench.process("sleep-60")
    trainer.kill()

    assert not psutil.pid_exists(pid)
    assert not folder.exists()
    assert trainer.wait(0) is not None
    assert 0 == trainer.memory()
    trainer.kill()  # once more is nobody's error


def test_one_may_be_killed_before_it_has_begun(bench: Bench) -> None:
    trainer = bench.begin("sleep-60")
    trainer.kill()

    assert trainer.wait(LONG) is not None


def test_a_trainer_that_dies_has_a_status_of_its_own(bench: Bench) -> None:
    trainer = bench.begin("die")

    assert trainer.wait(LONG) not in (None, 0)
    trainer.let_go()
    assert 0 == trainer.memory()


def test_runs_are_carried_out_side_by_side(bench: Bench) -> None:
    begun = [bench.begin(f"sleep-6{number}") for number in range(2)]
    pids = {bench.process(f"sleep-6{number}")[0] for number in range(2)}

    assert 2 == len(pids)
    assert [None, None] == [trainer.wait(0) for trainer in begun]
    for trainer in begun:
        trainer.kill()


def test_a_sweeps_trials_go_to_one_process_and_no_others_do(bench: Bench) -> None:
    told: dict[str, Trainer] = {}
    for name, sweep in (("trial-1", "s-1"), ("trial-2", "s-1"), ("trial-3", "s-2")):
        told[name] = bench.begin(name, sweep)
        assert 0 == told[name].wait(LONG)
        told[name].let_go()
    first, second, other = (bench.process(name)[0] for name in told)

    assert first == second != other
    for trainer in told.values():
        trainer.kill()


def test_of_a_trial_that_has_not_been_let_go_no_other_gets_the_trainer(bench: Bench) -> None:
    first = bench.begin("trial-4", "s-3")
    assert 0 == first.wait(LONG)
    second = bench.begin("trial-5", "s-3")

    assert first is not second
    for trainer in (first, second):
        trainer.kill()


def test_a_trial_whose_trainer_dies_does_not_end_well(bench: Bench) -> None:
    trainer = bench.begin("die-1", "s-4")

    assert trainer.wait(LONG) not in (None, 0)
    trainer.let_go()
    assert bench.begin("trial-6", "s-4") is not trainer


def test_nothing_that_waits_is_left_by_the_worker(bench: Bench) -> None:
    """The last of all: what was closed carries nothing out any more."""
    trainer = bench.begin("trial-7", "s-5")
    assert 0 == trainer.wait(LONG)
    trainer.let_go()
    pid, _ = bench.process("trial-7")
    bench.executor.close()

    bench.until(lambda: not psutil.pid_exists(pid))
