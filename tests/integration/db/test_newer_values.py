"""Processes of two releases side by side: a newer one asks for what an older one does not know."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db.engine import Database
from app.errors import Unusable
from app.main import create_app
from app.services.execution import WorkerService
from app.services.sweeps.driver import SweepDriver
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer
from tests.support.tasks import TASKS


def add_to(database: Database, table: str, column: str, *where: str | int, **added: Any) -> None:
    """As a newer release writes it: fields more, at that place of every row's JSON."""
    with database.write() as tx:
        for row in tx.execute(text(f"SELECT id, {column} AS value FROM {table}")).all():
            value = row.value if isinstance(row.value, dict) else json.loads(row.value)
            place = value
            for part in where:
                place = place[part]
            place |= added
            found = {"id": row.id, "value": json.dumps(value)}
            tx.execute(text(f"UPDATE {table} SET {column} = :value WHERE id = :id"), found)


@pytest.mark.parametrize("where", [(), ("layers", 0)])
def test_a_run_of_a_newer_release_is_left_to_its_workers_and_others_are_taken(
    database: Database, clock: FakeClock, capfd: pytest.CaptureFixture[str], where: tuple[str | int, ...]
) -> None:
    """One line says so; the run stays queued, with no attempt used up."""
    newer = queue_run(database, clock)
    add_to(database, "runs", "recipe", *where, sparkle=1)
    known = queue_run(database, clock)
    worker = WorkerService(database, clock, "w-1", 600)

    assert worker.claim() is None
    claim = worker.claim()
    assert claim is not None
    assert (known, False) == (claim.run.id, claim.others_wait)
    assert worker.claim() is None
    with database.read() as tx:
        found = tx.execute(text("SELECT status, attempt, lease_id FROM runs WHERE id = :id"), {"id": newer}).one()
    assert ("queued", 0, None) == tuple(found)
    said = "".join(capfd.readouterr())
    assert 1 == said.count("run.left")
    assert "is of a release that knows more than this one: recipe." in said
    assert "sparkle" in said
    assert "Traceback" not in said


def test_an_older_api_process_tells_of_it_what_it_knows(
    database: Database, url: str, clock: FakeClock, tmp_path: Path
) -> None:
    run_id = queue_run(database, clock)
    add_to(database, "runs", "recipe", "layers", 0, sparkle=1)
    add_to(database, "runs", "recipe", glitter={"deep": [1]})
    settings = Settings(home=tmp_path / "home", models_dir=tmp_path / "models", database_url=url)
    server = LiveServer(create_app(settings, clock))
    try:
        (listed,) = server.client.get("/runs").raise_for_status().json()["items"]
        found = server.client.get(f"/runs/{run_id}").raise_for_status().json()
        assert found["recipe"] == listed["recipe"] == queued_recipe()
        server.client.post(f"/runs/{run_id}/cancel").raise_for_status()
        second = queue_run(database, clock)
        with database.write() as tx:
            tx.execute(text("UPDATE runs SET activate = 'if_it_rains' WHERE id = :id"), {"id": second})
        answer = server.client.get(f"/runs/{second}")
        told = f"run {second} is of a release that knows more than this one: activate"
        assert (503, told) == (answer.status_code, answer.json()["detail"])
    finally:
        server.close()


def queued_recipe() -> Any:
    """As the API tells it."""
    return TASKS.get("housing").presets["baseline"].recipe.model_dump(mode="json")


@pytest.mark.parametrize("where", [(), ("recipe",)])
def test_a_sweep_of_a_newer_release_goes_on_at_its_workers(
    database: Database,
    url: str,
    clock: FakeClock,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    where: tuple[str, ...],
) -> None:
    """An older worker does not end it."""
    settings = Settings(home=tmp_path / "home", models_dir=tmp_path / "models", database_url=url)
    server = LiveServer(create_app(settings, clock))
    try:
        asked: dict[str, Any] = {"task": "planar", "dataset": "sample", "method": {"kind": "random"}}
        asked |= {"budget": {"trials": 2}, "space": {"epochs": {"kind": "choice", "values": [1, 2]}}}
        sweep = server.client.post("/sweeps", json=asked).raise_for_status().json()["id"]
        add_to(database, "sweeps", "plan", *where, sparkle=1)
        driver = SweepDriver(database, clock, TASKS, 3)
        assert [False, False] == [driver.advance(), driver.advance()]
        assert "running" == server.client.get(f"/sweeps/{sweep}").raise_for_status().json()["status"]
    finally:
        server.close()
    said = "".join(capfd.readouterr())
    assert 1 == said.count("sweep.left_to_others")
    assert "Traceback" not in said


def test_a_worker_takes_nothing_from_tables_that_are_not_its_releases_any_more(
    database: Database, clock: FakeClock
) -> None:
    """Somebody has migrated to a release that this one cannot go on beside."""
    queue_run(database, clock)
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9001'"))
        tx.execute(text("UPDATE installation SET value = '9001' WHERE name = 'works_from'"))
    with pytest.raises(Unusable, match="has schema 9001, which this release does not know"):
        WorkerService(database, clock, "w-1", 600).claim()
