"""The whole service as a user runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.db import migrate
from benchmarks.service import REPOSITORY, Service
from tests.support import postgres
from tests.support.s3 import S3

# No trainer in advance, whose import of TensorFlow takes both cores for seconds: for tests that need none, or one.
UNPREPARED = {"DENSELY_WARM_TRAINER": "false"}
# Nothing listens there: a download fails at once instead of leaving this machine.
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")

StartService = Callable[..., Service]
StartWorker = Callable[..., "subprocess.Popen[bytes]"]


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
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Starts `densely worker` in a folder of its own within the test's, with settings; stopped at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str = "worker", **environment: Any) -> "subprocess.Popen[bytes]":
        settings = {key: str(value) for key, value in environment.items()}
        folder = tmp_path / name
        places = {
            "DENSELY_HOME": str(folder / "home"),
            "DENSELY_MODELS_DIR": str(folder / "models"),
            "KERAS_HOME": str(folder / "keras"),
        }
        command = [sys.executable, "-m", "app.cli", "worker"]
        own = {**os.environ, **places, **NO_NETWORK, **UNPREPARED, **settings}
        started.append(subprocess.Popen(command, env=own, cwd=REPOSITORY, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def shared(s3: S3, tmp_path: Path) -> dict[str, str]:
    """What machines have that share a database and an object store, and no folder."""
    url = f"sqlite:///{tmp_path}/shared.db"
    migrate.upgrade(url)
    return {"DENSELY_DATABASE_URL": url, "DENSELY_STORE_URL": s3.url}


@pytest.fixture
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of the test's own."""
    with postgres.running() as made:
        yield made


def processes_of(parent: "Service | subprocess.Popen[bytes]", module: str) -> list[psutil.Process]:
    """The processes of a service, or below another one, that run this module."""
    found = []
    above = parent.process if isinstance(parent, Service) else parent
    for process in psutil.Process(above.pid).children(recursive=True):
        try:
            if module in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def trainer_of(service: Service) -> psutil.Process:
    """The trainer that is at work: the oldest one, since the spare is always younger."""
    return min(processes_of(service, "app.training.trainer"), key=lambda process: process.create_time())
