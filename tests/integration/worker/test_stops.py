"""Real processes, really signalled: a stop of all of them gives the attempt back, in whatever order it reaches them."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.db.engine import Database
from app.settings import Settings
from tests.support import sleepers
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.sleepers import StartWorker, run_of, until


@pytest.fixture
def start_worker(settings: Settings, database: Database, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts a worker with trainers that only sleep."""
    (tmp_path / "temporary").mkdir()
    quick = {"DENSELY_POLL_SECONDS": "0.02", "TMPDIR": str(tmp_path / "temporary")}
    with sleepers.workers(settings, tmp_path / "log", **quick) as start:
        yield start


def test_a_stop_of_all_processes_gives_the_attempt_back(
    start_worker: StartWorker, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """More stops than a run has attempts: trainers first, worker first, twice, right at the claim, by other signals."""
    run_id = queue_run(database, clock)
    stops: list[tuple[list[int], bool]] = [
        ([signal.SIGTERM], True), ([signal.SIGTERM, signal.SIGTERM], False),
        ([signal.SIGINT], True), ([signal.SIGHUP, signal.SIGTERM], True),
    ]  # fmt: skip
    for number, (signals, trainers_first) in enumerate(stops, 1):
        worker = start_worker()
        until(lambda: run_of(database, run_id).status == "running")
        until(worker.children)
        family = [*worker.children(), worker] if trainers_first else [worker, *worker.children()]
        for each in signals:
            for process in family:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, each)

        assert 0 == worker.wait(60), (tmp_path / "log").read_text()
        run = run_of(database, run_id)
        assert ("queued", number, 3 + number) == (run.status, run.attempt, run.max_attempts)
        assert [] == list((tmp_path / "temporary").iterdir())
        assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_trainer_that_alone_is_ended_is_lost_and_the_worker_goes_on(
    start_worker: StartWorker, database: Database, clock: FakeClock
) -> None:
    run_id = queue_run(database, clock)
    worker = start_worker()
    until(lambda: run_of(database, run_id).status == "running" and worker.children())
    for trainer in worker.children():
        trainer.send_signal(signal.SIGTERM)
    until(lambda: run_of(database, run_id).attempt == 2)

    assert 3 == run_of(database, run_id).max_attempts
    worker.terminate()
    assert 0 == worker.wait(60)


def test_under_nohup_a_worker_outlives_its_terminal(
    start_worker: StartWorker, database: Database, clock: FakeClock
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which the worker inherits, as from `nohup`
    try:
        worker = start_worker()
    finally:
        signal.signal(signal.SIGHUP, before)
    run_id = queue_run(database, clock)
    until(lambda: run_of(database, run_id).status == "running")
    worker.send_signal(signal.SIGHUP)

    with pytest.raises(psutil.TimeoutExpired):
        worker.wait(0.5)
    assert "running" == run_of(database, run_id).status


def test_what_a_killed_worker_left_is_swept_by_the_next(
    start_worker: StartWorker, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    worker = start_worker()
    until(lambda: list((tmp_path / "temporary").iterdir()))
    trainers = worker.children()
    worker.kill()
    worker.wait(30)
    psutil.wait_procs(trainers, 30)
    left = set((tmp_path / "temporary").glob("densely-trainer-*"))
    assert left
    again = start_worker()
    until(lambda: not left & set((tmp_path / "temporary").iterdir()))
    again.terminate()
    assert 0 == again.wait(60)
    assert [] == list((tmp_path / "temporary").iterdir())
