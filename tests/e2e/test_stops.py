"""Service managers stop every process of a service at once: not the run's fault, so the attempt is given back."""

import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.service import Service
from tests.e2e.conftest import StartService, processes_of, trainer_of
from tests.e2e.test_crashes import LONG, QUICK_LEASE, events_of, wait_for_attempt, wait_for_epochs

CALM = {**QUICK_LEASE, "DENSELY_LEASE_SECONDS": 10, "DENSELY_HEARTBEAT_SECONDS": 2}


def signal_all(service: Service, numbers: Sequence[int], *, trainers_first: bool) -> None:
    """What systemd does to a control group: each process, in no order that can be relied on."""
    up = psutil.Process(service.process.pid)
    family = [up, *up.children(recursive=True)]
    for number in numbers:
        for process in reversed(family) if trainers_first else family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def row_of(service: Service) -> tuple[str, int, int, str | None]:
    """The run's status, attempt, most attempts, lease."""
    database = sqlite3.connect(service.folder / "home" / "densely.db")
    row: tuple[str, int, int, str | None] = database.execute(
        "SELECT status, attempt, max_attempts, lease_id FROM runs"
    ).fetchone()
    database.close()
    return row


def test_a_stop_of_all_processes_gives_the_attempt_back_however_often(start_service: StartService) -> None:
    """Also twice, by SIGINT, and with SIGHUP after it, as systemd may send; the trainers first, or last."""
    stops = [
        ([signal.SIGTERM], True),
        ([signal.SIGTERM, signal.SIGTERM], False),
        ([signal.SIGINT, signal.SIGHUP], True),
    ]
    run_id, epoch = "", 5
    for number, (numbers, trainers_first) in enumerate(stops, 1):
        service = start_service(**CALM)
        run_id = run_id or service.train(**LONG)["id"]
        wait_for_epochs(service, run_id, epoch, 240)
        signal_all(service, numbers, trainers_first=trainers_first)

        assert 0 == service.process.wait(30), service.log.read_text()
        assert ("queued", number, 3 + number, None) == row_of(service), service.log.read_text()
        assert not list((service.folder / "models" / ".staging").glob("*"))
        assert "Traceback" not in service.log.read_text()


def test_a_stop_while_a_spare_is_still_starting_is_as_quiet(start_service: StartService) -> None:
    """Right after the start, and with a run that was claimed before its trainer was ready."""
    service = start_service(**CALM)
    run_id = service.train(**LONG)["id"]
    wait_for_attempt(service, run_id, 1, 240)
    signal_all(service, [signal.SIGTERM], trainers_first=True)

    assert 0 == service.process.wait(30), service.log.read_text()
    assert ("queued", 1, 4, None) == row_of(service), service.log.read_text()


def test_a_trainer_that_alone_is_told_to_end_is_lost(start_service: StartService) -> None:
    """Nobody stops the service: the run's next attempt begins, and this one counts. Its temporary files are gone."""
    service = start_service(**QUICK_LEASE)
    run_id = service.train(**LONG)["id"]
    wait_for_epochs(service, run_id, 5, 240)
    trainer = trainer_of(service)
    scratch = Path(trainer.environ()["TMPDIR"])
    assert scratch.is_dir()
    trainer.send_signal(signal.SIGTERM)
    wait_for_attempt(service, run_id, 2, 240)

    assert 3 == row_of(service)[2]
    assert not scratch.exists()
    assert any("status -15" in str(each["data"].get("message")) for each in events_of(service, run_id))


def wait_for_spare(service: Service) -> None:
    """The next trainer is started ten seconds after a run began."""
    end = time.monotonic() + 120
    while not processes_of(service, "app.training.trainer"):
        assert time.monotonic() < end, service.log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_temporary_file_outlives_the_trainers(start_service: StartService, tmp_path: Path, number: int) -> None:
    """TensorFlow leaves nine files a run; of a killed worker the next one sweeps them."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    service = start_service(TMPDIR=temporary, **QUICK_LEASE)
    run_id = service.train(task="planar", dataset="sample", recipe={"epochs": 2}, seed=1)["id"]
    service.wait(run_id, 240)
    wait_for_spare(service)
    signal_all(service, [number], trainers_first=False)
    service.process.wait(30)
    if number == signal.SIGKILL:
        left = list(temporary.iterdir())
        again = start_service(TMPDIR=temporary, DENSELY_WARM_TRAINER="false", **QUICK_LEASE)
        again.stop()
        assert left

    assert [] == list(temporary.iterdir())
