"""Started as service managers and scripts do, with standard streams closed or on a full disk: everything works."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.service import Service
from tests.e2e.conftest import NO_NETWORK

Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command with its streams redirected; all of a test's on one database, and one port."""
    started: list[Service] = []
    settings = {"KERAS_HOME": str(tmp_path / "keras"), "DENSELY_DATASETS_DIR": str(tmp_path / "datasets"), **NO_NETWORK}

    def start(command: str, redirected: str) -> Service:
        started.append(Service(tmp_path / "service", settings, command, redirected=redirected))
        return started[-1]

    yield start
    for service in started:
        service.stop()


def train(service: Service) -> None:
    """A run succeeds at its first attempt, and the worker knows what its trainers can train on."""
    run = service.wait(service.train(task="planar", dataset="sample", recipe={"epochs": 2}, seed=1)["id"], 240)

    assert ("succeeded", 1, None) == (run["status"], run["attempt"], run["error"]), service.log.read_text()
    deadline = time.monotonic() + 60
    while not (devices := service.client.get("/system").json()["workers"][0]["devices"]):
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.1)
    assert "CPU:0" in devices


@pytest.mark.parametrize("redirected", ["2>&-", ">/dev/full 2>/dev/full"])
def test_the_service_trains_whatever_its_streams_are(start: Start, redirected: str) -> None:
    service = start("up", redirected)
    service.wait_until_ready()
    train(service)

    assert 0 == service.stop()


def test_so_do_its_parts(start: Start) -> None:
    redirected = "<&- >&- 2>&-"
    assert 0 == start("migrate", redirected).process.wait(60)
    service = start("serve", redirected)
    worker = start("worker", redirected)
    service.wait_until_ready()
    train(service)

    assert 0 == worker.stop()
    assert service.stop() in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it has waited for
