"""API and worker on machines that share a database and an object store, and no folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.db import migrate
from benchmarks.service import REPOSITORY
from tests.e2e.conftest import NO_NETWORK, StartService
from tests.support import own
from tests.support.s3 import S3, Fault
from tests.support.tasks import TASKS

StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def shared(s3: S3, tmp_path: Path) -> dict[str, str]:
    """What both machines have."""
    url = f"sqlite:///{tmp_path}/shared.db"
    migrate.upgrade(url)
    return {"DENSELY_DATABASE_URL": url, "DENSELY_STORE_URL": s3.url, **NO_NETWORK}


@pytest.fixture
def start_worker(tmp_path: Path, shared: dict[str, str]) -> Iterator[StartWorker]:
    """A worker in its own folder."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        folder = tmp_path / "worker"
        own_places = {
            "DENSELY_HOME": str(folder / "home"),
            "DENSELY_MODELS_DIR": str(folder / "models"),
            "KERAS_HOME": str(folder / "keras"),
            "DENSELY_WARM_TRAINER": "false",
            "DENSELY_TRAINERS": "1",
        }
        command = [sys.executable, "-m", "app.cli", "worker"]
        started.append(
            subprocess.Popen(
                command, env={**os.environ, **shared, **own_places}, cwd=REPOSITORY, start_new_session=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def trainers_of(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "app.training.trainer" in child.cmdline()]


def test_rows_brought_here_are_trained_there_and_answered_everywhere(
    start_service: StartService, start_worker: StartWorker, shared: dict[str, str], s3: S3, tmp_path: Path
) -> None:
    """The trainer is killed when all files of its model are in the store and the manifest is not: the run goes on.

    Then the store goes away: what is loaded answers; and another replica comes, whose folders are empty.
    """
    api = start_service("api", "serve", **shared)
    worker = start_worker()
    killed: list[list[str]] = []

    def kill() -> None:
        killed.append(s3.names())
        for trainer in trainers_of(worker):
            trainer.kill()

    s3.faults.append(Fault(method="PUT", path="models/tickets/.*manifest.json", times=1, before=kill, drop=True))
    answer = own.create(api.client, "tickets", own.tickets(400))
    assert 201 == answer.status_code, answer.text

    run = api.wait(answer.json()["run"]["id"], 240)

    assert ("succeeded", 2) == (run["status"], run["attempt"]), run
    assert 1 == len(killed)
    half = [name for name in killed[0] if name.startswith("models/tickets/")]
    manifests = [name for name in s3.names() if name.endswith("/manifest.json")]
    assert half
    assert not set(half) & {name for name in s3.names() if run["model_id"] in name}
    assert [f"models/tickets/{run['model_id']}/manifest.json"] == [name for name in manifests if "tickets" in name]
    body = {"task": "tickets", "message": "password reset account locked email"}
    told = api.client.post("/predict", json=body).raise_for_status().json()
    assert run["model_id"] == told["model"]["id"]
    assert "login" == told["prediction"]["label"]
    assert 1 == len(list((tmp_path / "worker" / "home" / "uploads").glob("d-*.parquet")))

    s3.faults.append(Fault(status=503, code="SlowDown"))
    assert 200 == api.client.post("/predict", json=body).status_code
    assert 200 == api.client.get("/health/ready").status_code
    s3.faults.clear()

    replica = start_service("replica", "serve", **shared)
    assert told == replica.client.post("/predict", json=body).raise_for_status().json()
    housing = {"task": "housing", **TASKS.get("housing").example}
    assert 200 == replica.client.post("/predict", json=housing).status_code
    rows = replica.client.get("/datasets/tickets/rows?limit=3").raise_for_status().json()["items"]
    assert rows == api.client.get("/datasets/tickets/rows?limit=3").json()["items"]
    assert 3 == len(rows)
    replica.client.delete(f"/runs/{run['id']}").raise_for_status()
    shown = replica.client.get("/metrics").text
    assert 'densely_store_requests_total{operation="get",outcome="ok"}' in shown
