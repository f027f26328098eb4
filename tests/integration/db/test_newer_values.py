"""Processes of two releases side by side: a newer one asks for what an older one does not know."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db import history, models, runs
from app.db.engine import Database
from app.domain.trials import Prior, Trial
from app.errors import Unusable
from app.main import create_app
from app.services.events import EventService
from app.services.execution import WorkerService
from app.services.sweeps.driver import SweepDriver
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer
from tests.support.sse import following
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


TRIAL = Trial(number=0, generation=0, parameters={}, metric="val_mae")


@pytest.fixture
def server(database: Database, url: str, clock: FakeClock, tmp_path: Path) -> Iterator[LiveServer]:
    """An API process of this release, which is the older one."""
    settings = Settings(home=tmp_path / "home", models_dir=tmp_path / "models", database_url=url)
    server = LiveServer(create_app(settings, clock))
    yield server
    server.close()


def make_unreadable(database: Database) -> None:
    """All runs so far: an optimizer that only the newer release has."""
    add_to(database, "runs", "recipe", "optimizer", kind="sparkling")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (("recipe",), "recipe.sparkle"),
        (("recipe", "layers", 0), "sparkle"),
        (("trial",), "the trial of run"),
        (("prior",), "the prior of run"),
    ],
)
def test_a_run_of_a_newer_release_is_left_to_its_workers_and_others_are_taken(
    database: Database, clock: FakeClock, capfd: pytest.CaptureFixture[str], where: tuple[Any, ...], told: str
) -> None:
    """One line says so; the run stays queued, with no attempt used up."""
    newer = queue_run(database, clock, trial=TRIAL, prior=Prior(temperature=1, rows=2))
    add_to(database, "runs", *where, sparkle=1)
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
    assert "is of a release that knows more than this one: " in said
    assert told in said
    assert "sparkle" in said
    assert "Traceback" not in said


def test_an_older_api_process_tells_of_it_what_it_knows(
    server: LiveServer, database: Database, clock: FakeClock
) -> None:
    run_id = queue_run(database, clock, trial=TRIAL)
    add_to(database, "runs", "recipe", "layers", 0, sparkle=1)
    add_to(database, "runs", "recipe", glitter={"deep": [1]})
    add_to(database, "runs", "trial", sparkle=1)
    (listed,) = server.client.get("/runs").raise_for_status().json()["items"]
    found = server.client.get(f"/runs/{run_id}").raise_for_status().json()
    assert found["recipe"] == listed["recipe"] == queued_recipe()
    assert found["trial"] == listed["trial"] == TRIAL.model_dump(mode="json")
    server.client.post(f"/runs/{run_id}/cancel").raise_for_status()
    second = queue_run(database, clock)
    with database.write() as tx:
        tx.execute(text("UPDATE runs SET activate = 'if_it_rains' WHERE id = :id"), {"id": second})
    answer = server.client.get(f"/runs/{second}")
    told = f"run {second} is of a release that knows more than this one: activate"
    assert (503, told) == (answer.status_code, answer.json()["detail"])


def test_a_run_that_an_older_api_process_cannot_read_hides_no_other(
    server: LiveServer, database: Database, clock: FakeClock
) -> None:
    newer = queue_run(database, clock)
    make_unreadable(database)
    known = queue_run(database, clock)
    assert [known] == [run["id"] for run in server.client.get("/runs").raise_for_status().json()["items"]]
    assert [503, 200] == [server.client.get(f"/runs/{run_id}").status_code for run_id in (newer, known)]
    asked = {"action": "cancel", "runs": [newer, known]}
    done = server.client.post("/runs/actions", json=asked).raise_for_status().json()
    assert ([known], [(newer, 503)]) == (done["done"], [(each["run"], each["status"]) for each in done["refused"]])
    assert "is of a release that knows more" in done["refused"][0]["reason"]


def test_a_page_is_filled_up_with_runs_that_can_be_read(
    server: LiveServer, database: Database, clock: FakeClock
) -> None:
    """Also the rows in short; where very many cannot, a page is shorter, and its cursor goes on."""
    first = queue_run(database, clock)
    for _ in range(11):
        queue_run(database, clock)
    with database.write() as tx:  # of no run that is listed twice, nor in one form alone
        progress = json.dumps({"epochs": 1, "phase": "sparkling"})
        tx.execute(text("UPDATE runs SET progress = :progress WHERE id != :id"), {"progress": progress, "id": first})
    last = [queue_run(database, clock) for _ in range(2)]

    for path in ("/runs", "/runs/rows"):
        pages, cursor = [], ""
        while cursor is not None:
            told = server.client.get(f"{path}?limit=3{cursor}").raise_for_status().json()
            pages.append([run["id"] for run in told["items"]])
            cursor = told["next"] and f"&cursor={told['next']}"
        assert [[*reversed(last)], [first]] == pages, path
    assert 14 == told["total"]


def test_streams_pass_by_what_happens_to_a_run_that_cannot_be_read(
    server: LiveServer, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they come as they happen or later, and also where nothing else was found at a look."""
    monkeypatch.setattr("app.api.feed.BATCH", 1)
    newer = queue_run(database, clock)
    make_unreadable(database)
    read = EventService(database, clock).after(0, 1)
    assert ([], True) == (read.events, read.more)
    assert EventService(database, clock).latest() == read.last
    with following(server.client, "/events") as events:
        with database.write() as tx:
            runs.request_cancel(tx, newer, clock())
        known = queue_run(database, clock)
        assert known == next(events).data["run_id"]
    with following(server.client, "/events?last_event_id=0") as events:
        assert known == next(events).data["run_id"]


def test_what_cannot_be_read_tells_nothing_of_how_long_others_take(database: Database, clock: FakeClock) -> None:
    """Nor of how wide their models are; only that there is one."""
    newer = queue_run(database, clock)
    make_unreadable(database)
    strange = queue_run(database, clock)
    add_to(database, "runs", "validation", kind="sparkling")
    known = queue_run(database, clock)
    more = {"dataset": "sample", "dataset_is_sample": True, "metrics": {}, "created_at": clock()}
    with database.write() as tx:
        tx.execute(text("UPDATE runs SET status = 'succeeded', attempt = 1"))
        for run_id in (newer, strange, known):
            models.insert_model(tx, id=f"m-{run_id}", task="housing", run_id=run_id, **more)
    with database.read() as tx:
        assert [known] == [job.id for job in history.succeeded(tx, None, None, 10)]
        found = history.models_of(tx, "housing", "sample", 10)
    assert {f"m-{newer}": False, f"m-{strange}": True, f"m-{known}": True} == {
        model_id: recipe is not None for model_id, recipe in found
    }


def test_a_worker_sweeps_away_what_is_left_of_runs_that_it_cannot_read(database: Database, clock: FakeClock) -> None:
    ended, waits = queue_run(database, clock), queue_run(database, clock)
    make_unreadable(database)
    with database.write() as tx:
        runs.request_cancel(tx, ended, clock())
    worker = WorkerService(database, clock, "w-1", 600)
    assert [True, False, False] == [worker.has_ended(run_id) for run_id in (ended, waits, "r-of-others")]
    assert [True, False, False] == [worker.is_orphan(run_id, "m-1") for run_id in (ended, waits, "r-of-others")]


def queued_recipe() -> Any:
    """As the API tells it."""
    return TASKS.get("housing").presets["baseline"].recipe.model_dump(mode="json")


@pytest.mark.parametrize(
    ("table", "where", "added"),
    [
        ("sweeps", ("plan",), {"sparkle": 1}),
        ("sweeps", ("plan", "recipe"), {"sparkle": 1}),
        ("runs", ("trial",), {"sparkle": 1}),
        ("runs", ("trial",), {"metric": "val_sparkle"}),
        ("runs", ("recipe",), {"sparkle": 1}),
    ],
)
def test_a_sweep_of_a_newer_release_goes_on_at_its_workers(
    server: LiveServer,
    database: Database,
    clock: FakeClock,
    capfd: pytest.CaptureFixture[str],
    table: str,
    where: tuple[str, ...],
    added: dict[str, Any],
) -> None:
    """An older worker does not end it, whether its plan or a trial has more than that one knows."""
    asked: dict[str, Any] = {"task": "planar", "dataset": "sample", "method": {"kind": "random"}}
    asked |= {"budget": {"trials": 2}, "space": {"epochs": {"kind": "choice", "values": [1, 2]}}}
    sweep = server.client.post("/sweeps", json=asked).raise_for_status().json()["id"]
    driver = SweepDriver(database, clock, TASKS, 3)
    if table == "runs":
        assert driver.advance()
        with database.write() as tx:
            figures = {"value": json.dumps({"validation": {"loss": 0.1, "accuracy": 0.9}})}
            tx.execute(text("UPDATE runs SET status = 'succeeded', metrics = :value"), figures)
    add_to(database, table, *where, **added)
    assert [False, False] == [driver.advance(), driver.advance()]
    with database.read() as tx:
        assert "running" == tx.execute(text("SELECT status FROM sweeps WHERE id = :id"), {"id": sweep}).scalar_one()
    said = "".join(capfd.readouterr())
    assert 1 == said.count("sweep.left_to_others")
    assert "Traceback" not in said


def test_a_sweep_that_cannot_be_read_hides_no_other(server: LiveServer, database: Database) -> None:
    asked = {"task": "planar", "dataset": "sample", "space": {"epochs": {"kind": "choice", "values": [1, 2]}}}
    newer, known = (server.client.post("/sweeps", json=asked).raise_for_status().json()["id"] for _ in range(2))
    with database.write() as tx:
        plan = tx.execute(text("SELECT plan FROM sweeps WHERE id = :id"), {"id": newer}).scalar_one()
        plan = (plan if isinstance(plan, dict) else json.loads(plan)) | {"activate": "if_it_rains"}
        tx.execute(text("UPDATE sweeps SET plan = :plan WHERE id = :id"), {"plan": json.dumps(plan), "id": newer})
    assert [known] == [each["id"] for each in server.client.get("/sweeps").raise_for_status().json()["items"]]
    assert [503, 200] == [server.client.get(f"/sweeps/{sweep}").status_code for sweep in (newer, known)]


def test_a_winner_whose_trial_cannot_be_read_hides_no_sweep(
    server: LiveServer, database: Database, clock: FakeClock
) -> None:
    """Its own sweep is in the list without an outcome; asked for by itself it says why."""
    asked = {"task": "planar", "dataset": "sample", "space": {"epochs": {"kind": "choice", "values": [1, 2]}}}
    newer, known = (server.client.post("/sweeps", json=asked).raise_for_status().json()["id"] for _ in range(2))
    won = queue_run(database, clock, trial=TRIAL, sweep=newer)
    figures = {"value": json.dumps({"validation": {"loss": 0.1, "accuracy": 0.9}}), "run": won, "sweep": newer}
    with database.write() as tx:
        tx.execute(text("UPDATE runs SET status = 'succeeded', metrics = :value WHERE id = :run"), figures)
        tx.execute(text("UPDATE sweeps SET winner = :run WHERE id = :sweep"), figures)

    def outcomes() -> dict[str, bool]:
        listed = server.client.get("/sweeps").raise_for_status().json()["items"]
        return {each["id"]: each["outcome"] is not None for each in listed}

    assert {newer: True, known: False} == outcomes()
    add_to(database, "runs", "trial", number="the first")
    assert {newer: False, known: False} == outcomes()
    assert [503, 200] == [server.client.get(f"/sweeps/{sweep}").status_code for sweep in (newer, known)]


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
