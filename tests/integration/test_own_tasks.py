"""Tasks from the database: every process follows them, and what did not change costs nothing."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import datasets, tasks
from app.db.engine import Database
from app.main import create_app
from app.services.own import OwnTasks
from app.settings import Settings
from app.tasks.catalog import TaskCatalog
from tests.support import sixth
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock


def declaration(name: str = sixth.NAME, **changes: Any) -> dict[str, Any]:
    """As the database keeps it."""
    made = sixth.task(name=name, **changes).declaration.model_copy(update={"datasets": ()})
    content: dict[str, Any] = made.model_dump(mode="json")
    return content


def add(database: Database, clock: FakeClock, *names: str, **changes: Any) -> None:
    with database.write() as tx:
        for name in names:
            tasks.insert_task(tx, name, declaration(name, **changes), clock())


def uploaded(clock: FakeClock, task: str, identity: str = "d-1") -> dict[str, Any]:
    counts = {"rows": 10, "train_rows": 8, "test_rows": 2, "skipped": 0, "bytes": 100}
    return {"id": identity, "task": task, "sha256": "0" * 64, "findings": {}, "created_at": clock(), **counts}


def until(done: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


BODY = {"task": sixth.NAME, "features": sixth.EXAMPLE}


def test_every_process_answers_within_two_seconds(
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    clock: FakeClock,
) -> None:
    """Two of them, as they are by default: asked twice a second."""
    usual = settings.model_copy(update={"active_poll_seconds": 0.5})
    clients = client_for(usual), client_for(usual)
    add_model(database, store, sixth.task())

    add(database, clock, sixth.NAME)

    for client in clients:
        until(lambda client=client: client.post("/predict", json=BODY).status_code == 200, 2)  # type: ignore[misc]
        (own,) = [each for each in client.get("/tasks").json()["items"] if each["own"]]
        assert sixth.NAME == own["name"]
        assert 200 == client.post(f"/tasks/{sixth.NAME}/encode", json={"features": sixth.EXAMPLE}).status_code
        assert f"/tasks/{sixth.NAME}/encode" in client.get("/openapi.json").json()["paths"]
        assert "ready" == client.get("/health/ready", params={"task": sixth.NAME}).json()["tasks"][sixth.NAME]

    with database.write() as tx:
        tasks.delete_task(tx, sixth.NAME)

    for client in clients:
        until(lambda client=client: client.post("/predict", json=BODY).status_code == 422, 2)  # type: ignore[misc]
        assert 404 == client.get(f"/tasks/{sixth.NAME}").status_code


def test_all_who_are_first_to_ask_a_model_are_answered(
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    clock: FakeClock,
) -> None:
    """It is read for the first of them; the others wait for that."""
    add_model(database, store, sixth.task())
    add(database, clock, sixth.NAME)
    client = client_for(settings)
    until(lambda: "ready" == client.get("/health/ready").json()["tasks"].get(sixth.NAME))

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(client.post, "/predict", json=BODY) for _ in range(8)]

    assert [200] * 8 == [each.result().status_code for each in asked]


def test_what_is_declared_anew_is_made_anew_and_all_else_stays(database: Database, clock: FakeClock) -> None:
    catalog = TaskCatalog()
    follower = OwnTasks(database, catalog)
    add(database, clock, "first", "second")
    assert follower.follow()
    before = dict(catalog.all)

    assert not follower.follow()
    with database.write() as tx:
        tasks.update_task(tx, "second", declaration("second", title="Another"), clock())
    assert follower.follow()

    assert "Another" == catalog.get("second").title
    assert ["second"] == [name for name, task in catalog.all.items() if task is not before[name]]


def test_an_uploaded_dataset_changes_no_task(database: Database, clock: FakeClock) -> None:
    """Of own tasks and of those that come with Densely; other catalogs have none of it."""
    catalog = TaskCatalog()
    follower = OwnTasks(database, catalog)
    add(database, clock, "first")
    follower.follow()
    before, generation = dict(catalog.all), catalog.generation

    with database.write() as tx:
        datasets.insert_dataset(tx, "mine", **uploaded(clock, "first"))
        datasets.insert_dataset(tx, "mine", **uploaded(clock, "first", "d-2"))
        datasets.insert_dataset(tx, "reviews", **uploaded(clock, "sentiment", "d-3"))
    follower.follow()

    assert generation == catalog.generation
    assert all(catalog.get(name) is task for name, task in before.items())
    assert ["mine@2", "mine@1"] == [info.name for info in catalog.get("first").datasets]
    latest = catalog.get("first").dataset("mine")
    assert latest is not None
    assert ("mine@2", "d-2") == (latest.name, latest.upload)
    assert catalog.get("first").dataset("mine@1") is not None
    assert catalog.get("first").dataset("mine@3") is None
    assert "reviews@1" == catalog.get("sentiment").datasets[-1].name
    assert TaskCatalog().get("sentiment").dataset("reviews") is None


def test_a_task_that_is_removed_and_made_again_is_another_one(database: Database, clock: FakeClock) -> None:
    catalog = TaskCatalog()
    follower = OwnTasks(database, catalog)
    add(database, clock, "first")
    follower.follow()

    with database.write() as tx:
        tasks.delete_task(tx, "first")
        tasks.insert_task(tx, "first", declaration("first", title="Another"), clock())
    follower.follow()

    assert "Another" == catalog.get("first").title


def test_what_cannot_be_read_is_left_out(database: Database, clock: FakeClock) -> None:
    """A newer release wrote it: the others go on, and so do those that come with Densely where a name is theirs."""
    catalog = TaskCatalog()
    add(database, clock, "first")
    with database.write() as tx:
        tasks.insert_task(tx, "second", {"name": "second", "kind": "sound"}, clock())
        tasks.insert_task(tx, "digits", declaration("digits"), clock())

    OwnTasks(database, catalog).follow()

    assert {*TaskCatalog().all, "first"} == set(catalog.all)
    assert catalog.get("digits").kind == "image"


@pytest.mark.parametrize("present", [0, 200])
def test_many_own_tasks_cost_next_to_nothing(
    settings: Settings, database: Database, store: ArtifactStore, clock: FakeClock, present: int
) -> None:
    """Neither the start nor a poll: what is made of a task is made when it is first asked for."""
    add(database, clock, *(f"own-{number}" for number in range(present)))
    for number in range(0, present, 2):
        add_model(database, store, sixth.task(name=f"own-{number}"))
    application = create_app(settings, clock)
    began = time.process_time()
    application.prepare()
    start = time.process_time() - began
    follower = application.api.state.services
    began = time.process_time()
    for _ in range(10):
        follower.own.follow()
        follower.prediction.refresh()
    poll = (time.process_time() - began) / 10

    assert start < 1.0
    assert poll < 0.01


def test_a_task_that_is_made_anew_does_not_answer_with_the_old_model(
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    clock: FakeClock,
) -> None:
    """Not even until this process looks at the database again."""
    add(database, clock, sixth.NAME)
    add_model(database, store, sixth.task())
    client = client_for(settings.model_copy(update={"active_poll_seconds": 60}))
    assert 200 == client.post("/predict", json=BODY).status_code

    assert 204 == client.delete(f"/tasks/{sixth.NAME}", params={"models": True}).status_code
    made = {"kind": {"kind": "table", "columns": list(sixth.EXAMPLE)}, "answer": {"kind": "number"}}
    assert 201 == client.post("/tasks", json={"name": sixth.NAME, **made}).status_code

    answer = client.post("/predict", json=BODY)
    assert 503 == answer.status_code, answer.text
    assert "has no active model" in answer.json()["detail"]
