"""The whole service as a user runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.service import Service
from tests.support import postgres

# No trainer in advance, whose import of TensorFlow takes both cores for seconds: for tests that need none, or one.
UNPREPARED = {"DENSELY_WARM_TRAINER": "false"}
# Nothing listens there: a download fails at once instead of leaving this machine.
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")

StartService = Callable[..., Service]


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Starts `densely up`, or another command, in the test's folder, with settings; stopped at the end."""
    started: list[Service] = []

    def start(name: str = "service", command: str = "up", **environment: Any) -> Service:
        settings = {key: str(value) for key, value in environment.items()}
        folder = tmp_path / name
        quiet = {"KERAS_HOME": str(folder / "keras"), "DENSELY_DATASETS_DIR": str(folder / "datasets"), **NO_NETWORK}
        service = Service(folder, {**quiet, **settings}, command)
        started.append(service)
        service.wait_until_ready()
        return service

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of the test's own."""
    with postgres.running() as made:
        yield made


def processes_of(service: Service, module: str) -> list[psutil.Process]:
    """The service's processes that run this module."""
    found = []
    for process in psutil.Process(service.process.pid).children(recursive=True):
        try:
            if module in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def trainer_of(service: Service) -> psutil.Process:
    """The trainer that is at work: the oldest one, since the spare is always younger."""
    return min(processes_of(service, "app.training.trainer"), key=lambda process: process.create_time())
