"""A service that outgrows SQLite: what it answered and told on it, it answers and tells on PostgreSQL."""

from pathlib import Path
from typing import Any

from benchmarks.service import Service
from tests.e2e.conftest import UNPREPARED, StartService
from tests.e2e.test_backups import ROWS, answers, densely
from tests.support import postgres


def told(service: Service, runs: list[str]) -> list[Any]:
    """What it says of these runs, and of models, tasks and datasets."""
    paths = ["/models", "/datasets", "/tasks/tickets", "/tasks/housing/active-model/history", "/datasets/tickets/rows"]
    for run in runs:
        paths += [f"/runs/{run}", f"/runs/{run}/history", f"/runs/{run}/events"]
    return [service.client.get(path).raise_for_status().json() for path in paths]


def test_a_service_goes_on_with_postgresql(
    start_service: StartService, cluster: postgres.Cluster, tmp_path: Path
) -> None:
    """With its models, its rows and the run that waits; and it trains on."""
    first = start_service("first", **UNPREPARED)
    housing = {"task": "housing", "dataset": "sample", "activate": "always"}
    made = first.client.post(
        "/tasks", data={"task": '{"name": "tickets", "title": "Tickets"}'}, files={"file": ("t.csv", ROWS)}
    )
    assert 201 == made.status_code, made.text
    runs = [made.json()["run"]["id"], first.train(**housing, seed=3, recipe={"epochs": 3})["id"]]
    for run in runs:
        assert "succeeded" == first.wait(run)["status"]
    waiting = first.train(**housing, seed=4)["id"]
    before, known = answers(first), told(first, runs)
    first.stop()

    url = {"DENSELY_DATABASE_URL": cluster.new_database()}
    places = ("--from", str(first.folder / "home"), "--models", str(first.folder / "models"))
    moved = densely("migrate-data", *places, folder=tmp_path / "second", **url)
    second = start_service("second", **UNPREPARED, **url)

    assert "1 run in the queue will go on there" in moved
    assert before == answers(second)
    assert known == told(second, runs)
    assert "succeeded" == second.wait(waiting)["status"]
    more = second.train(task="tickets", dataset="tickets", activate="never", seed=2)
    assert "succeeded" == second.wait(more["id"])["status"]
