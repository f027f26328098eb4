"""Backups of a service that works: what was answered before is answered after, on a machine that had nothing."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.service import REPOSITORY, Service
from tests.e2e.conftest import UNPREPARED, StartService, trainer_of
from tests.e2e.test_crashes import WIDE
from tests.support import postgres

ROWS = "message,team\n" + "".join(
    f"my invoice {number} is wrong,billing\nparcel {number} is late,shipping\n" for number in range(40)
)


def densely(*words: str, folder: Path, **settings: str) -> str:
    """What a command prints; it has succeeded."""
    places = {"DENSELY_HOME": str(folder / "home"), "DENSELY_MODELS_DIR": str(folder / "models")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        env={**os.environ, **places, **settings},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def answers(service: Service) -> list[Any]:
    """Of every task that comes with Densely, and of one's own."""
    found = []
    for task in service.client.get("/tasks").raise_for_status().json()["items"]:
        body = {"task": task["name"], **task["example"]}
        found.append(service.client.post("/predict", json=body).raise_for_status().json())
    return found


@contextmanager
def asked_all_the_time(service: Service) -> Iterator[list[int]]:
    """Predictions meanwhile; their statuses."""
    statuses: list[int] = []
    enough = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=service.url, timeout=30) as client:
            while not enough.is_set():
                statuses.append(client.post("/predict", json={"task": "planar", "point": [0.3, 1.2]}).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    yield statuses
    enough.set()
    thread.join()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_service_goes_on_elsewhere_with_the_same_answers(
    start_service: StartService, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Backed up while a trainer works and predictions are answered; the run that was going is tried again there."""
    urls: list[dict[str, str]] = [{}, {}]
    if kind == "postgresql":
        cluster: postgres.Cluster = request.getfixturevalue("cluster")
        urls = [{"DENSELY_DATABASE_URL": cluster.new_database()} for _ in urls]
    first = start_service("first", **UNPREPARED, **urls[0])
    made = first.client.post(
        "/tasks", data={"task": '{"name": "tickets", "title": "Tickets"}'}, files={"file": ("t.csv", ROWS)}
    )
    assert 201 == made.status_code, made.text
    assert "succeeded" == first.wait(made.json()["run"]["id"])["status"]
    going = first.train(task="housing", dataset="sample", activate="never", recipe={"epochs": 400, "layers": WIDE})
    while not first.client.get(f"/runs/{going['id']}/history").json()["epochs"]:
        assert first.run(going["id"])["status"] in ("queued", "running")
    before = answers(first)

    with asked_all_the_time(first) as statuses:
        densely("backup", str(tmp_path / "b.tar"), folder=first.folder, **urls[0])

    assert "running" == first.run(going["id"])["status"], "it was not held up"
    assert {200} == set(statuses)
    trainer_of(first).kill()
    first.stop()
    densely("restore", str(tmp_path / "b.tar"), folder=tmp_path / "second", **urls[1])
    second = start_service("second", DENSELY_LEASE_SECONDS=4, **UNPREPARED, **urls[1])

    assert before == answers(second)
    assert {"tickets@1"} == {run["dataset"] for run in second.client.get("/runs?task=tickets").json()["items"]}
    assert ROWS.split("\n")[1].split(",")[0] in second.client.get("/datasets/tickets/rows?limit=200").text
    found = second.run(going["id"])
    while found["attempt"] == 1:
        assert found["status"] in ("running", "queued")
        found = second.run(going["id"])
    assert 2 == found["attempt"]
    assert second.client.post(f"/runs/{going['id']}/cancel").status_code == 202
    assert "cancelled" == second.wait(going["id"])["status"]
