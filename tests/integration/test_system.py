"""Probes, versions, workers, and the entrance."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

import app
from app.db.engine import Database
from app.errors import Unavailable
from app.main import create_app
from app.services.execution import WorkerService
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.queue import queue_run

PAGE = 4096  # bytes of one of SQLite's

FACTS = {"host": "here", "pid": 4711, "devices": ["CPU:0", "GPU:0"], "versions": {"keras": "3.15.0"}}


def test_the_process_is_live_and_ready(client: httpx.Client, examples: dict[str, Any]) -> None:
    assert {"live": True} == client.get("/health/live").json()
    assert {"ready": True, "tasks": dict.fromkeys(examples, "ready")} == client.get("/health/ready").json()


SCHEMAS: dict[str, Callable[[Any], object]] = {
    "older": lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = '0000'")),
    "none": lambda tx: tx.execute(text("DROP TABLE alembic_version")),
    "unmarked": lambda tx: tx.execute(text("DELETE FROM alembic_version")),
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_another_schema_is_not_ready(client: httpx.Client, database: Database, schema: str) -> None:
    """503 names the command that helps; the process itself stays alive, and predictions go on from memory."""
    with database.write() as tx:
        SCHEMAS[schema](tx)

    answer = client.get("/health/ready")

    assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "densely migrate" in answer.json()["detail"]
    assert schema != "older" or "0000" in answer.json()["detail"]
    assert "retry-after" in answer.headers
    assert 200 == client.get("/health/live").status_code
    assert 200 == client.post("/predict", json={"task": "sentiment", "text": "Good."}).status_code


def _file(database: Database) -> Path:
    """All that was written is in it, and nothing in the log beside it."""
    assert database.file
    with sqlite3.connect(database.file) as connection:
        assert (0, 0, 0) == connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    return database.file


def _overwrite(file: Path, start: int, end: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(b"\xa5" * (end - start))


def _not_ready(client: httpx.Client, told: str) -> None:
    """The probe and the calls that need the database say the same; predictions go on."""
    for answer in (client.get("/health/ready"), client.get("/runs"), client.post("/train", json={"task": "planar"})):
        assert (503, told in answer.text) == (answer.status_code, True), answer.text
    assert 200 == client.post("/predict", json={"task": "sentiment", "text": "Good."}).status_code


@pytest.mark.sqlite("pages of its file are overwritten")
def test_pages_that_are_overwritten_are_noticed_before_a_request_meets_them(
    client: httpx.Client, database: Database
) -> None:
    """And their mending, without a restart."""
    assert 200 == client.get("/health/ready").status_code
    file = _file(database)
    whole = file.read_bytes()
    _overwrite(file, PAGE, len(whole))

    _not_ready(client, "cannot be read")
    file.write_bytes(whole)

    assert 200 == client.get("/health/ready").status_code
    assert 200 == client.get("/runs").status_code


@pytest.mark.sqlite("pages of its file are overwritten")
def test_damage_that_only_a_request_met_is_told_by_the_probe(
    client: httpx.Client, database: Database, clock: FakeClock
) -> None:
    """A page somewhere in a table: only who reads it can know. It is told until it is mended."""
    for number in range(60):
        queue_run(database, clock, name=f"run number {number}")
    file = _file(database)
    whole = file.read_bytes()
    start = whole.index(b"run number 59") // PAGE * PAGE
    assert start != whole.index(b"run number 0") // PAGE * PAGE
    _overwrite(file, start, start + PAGE)
    assert 200 == client.get("/health/ready").status_code

    assert 503 == client.get("/runs").status_code
    for _ in range(2):
        assert 503 == client.get("/health/ready").status_code
    file.write_bytes(whole)

    assert 200 == client.get("/health/ready").status_code
    assert "run number 59" == client.get("/runs").json()["items"][0]["name"]


def test_a_table_that_goes_is_not_ready_until_it_is_back(client: httpx.Client, database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("ALTER TABLE runs RENAME TO moved"))
    _not_ready(client, "lacks a table or a column")

    with database.write() as tx:
        tx.execute(text("ALTER TABLE moved RENAME TO runs"))
    assert 200 == client.get("/health/ready").status_code


@pytest.mark.parametrize("schema", ["older", "none", "empty database"])
def test_nothing_is_served_on_another_schema(settings: Settings, database: Database, schema: str) -> None:
    """The application refuses to start: no table is made or changed in passing."""
    if schema == "empty database":
        settings = settings.model_copy(update={"database_url": f"sqlite:///{settings.home / 'other.db'}"})
    else:
        with database.write() as tx:
            SCHEMAS[schema](tx)

    async def start() -> None:
        api = create_app(settings)
        async with api.api.router.lifespan_context(api.api):
            raise AssertionError("it started")

    with pytest.raises(Unavailable, match="densely migrate"):
        asyncio.run(start())


def test_a_worker_that_was_seen_is_listed(client: httpx.Client, database: Database, clock: FakeClock) -> None:
    """With its devices and versions, until it leaves or gives no sign of life for half a minute."""

    def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get("/system").json()["workers"]
        return found

    assert [] == listed()
    first, second = (WorkerService(database, clock, f"w-{n}", 10.0) for n in (1, 2))
    first.seen({**FACTS, "devices": []})
    clock.advance(20)
    first.seen(FACTS)
    second.seen(FACTS)

    worker = listed()[0]
    assert ("w-1", "here", FACTS["devices"]) == (worker["id"], worker["host"], worker["devices"])
    assert FACTS["versions"] == worker["versions"]
    assert "2030-01-01T00:00:00Z" == worker["started_at"]
    assert "2030-01-01T00:00:20Z" == worker["last_seen_at"]
    assert ["w-1", "w-2"] == [worker["id"] for worker in listed()]

    second.leave()
    assert ["w-1"] == [worker["id"] for worker in listed()]
    clock.advance(30)
    assert ["w-1"] == [worker["id"] for worker in listed()]
    clock.advance(1)
    assert [] == listed()


def test_the_system_tells_its_versions(client: httpx.Client, database: Database) -> None:
    system = client.get("/system").json()

    assert (app.__version__, database.engine.dialect.name) == (system["version"], system["database"])
    assert {"fastapi", "numpy", "pydantic", "sqlalchemy", "uvicorn"} == set(system["versions"])
    assert all(version[0].isdigit() for version in [system["python"], *system["versions"].values()])


def test_the_entrance_leads_on(client: httpx.Client) -> None:
    """A browser that opens the root gets a page."""
    answer = client.get("/", follow_redirects=True)

    assert 200 == answer.status_code
    assert answer.headers["content-type"].startswith("text/html")
