"""The tasks may change while the service runs: requests, description, page and predictors follow."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from app.tasks.catalog import TaskCatalog
from tests.support import sixth
from tests.support.artifacts import add_model
from tests.support.server import LiveServer

BODY = {"task": sixth.NAME, "features": sixth.EXAMPLE}


@pytest.fixture
def catalog() -> TaskCatalog:
    """The tasks of the application."""
    return TaskCatalog()


@pytest.fixture
def served(settings: Settings, database: Database, store: ArtifactStore, catalog: TaskCatalog) -> Iterator[LiveServer]:
    """An application with a model of one of the five tasks."""
    add_model(database, store, "planar")
    server = LiveServer(create_app(settings, tasks=catalog))
    yield server
    server.close()


def until(done: Callable[[], bool]) -> None:
    """The application looks several times a second."""
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def paths_of(client: httpx.Client) -> set[str]:
    return set(client.get("/openapi.json").json()["paths"])


def test_a_task_that_comes_is_served_and_one_that_goes_is_not(
    served: LiveServer, database: Database, store: ArtifactStore, catalog: TaskCatalog
) -> None:
    client = served.client
    before = client.get("/openapi.json").json()
    assert "task" == client.post("/predict", json=BODY).json()["errors"][0]["field"]

    catalog.put(task := sixth.task())
    add_model(database, store, task)
    until(lambda: client.post("/predict", json=BODY).status_code == 200)
    assert client.post("/predict", json=BODY).json()["prediction"]["label"] in sixth.SPECIES
    assert sixth.NAME in [each["name"] for each in client.get("/tasks").json()["items"]]
    assert {f"/tasks/{sixth.NAME}/encode", f"/tasks/{sixth.NAME}/decode"} <= paths_of(client)
    assert 200 == client.post(f"/tasks/{sixth.NAME}/encode", json={"features": sixth.EXAMPLE}).status_code
    assert 200 == client.post("/predict", json={"task": "planar", "point": [0, 1]}).status_code

    catalog.remove(sixth.NAME)
    until(lambda: client.post("/predict", json=BODY).status_code == 422)
    assert 404 == client.get(f"/tasks/{sixth.NAME}").status_code
    assert 404 == client.post(f"/tasks/{sixth.NAME}/encode", json={"features": sixth.EXAMPLE}).status_code
    assert 200 == client.post("/predict", json={"task": "planar", "point": [0, 1]}).status_code
    assert before == client.get("/openapi.json").json()


def test_a_task_that_is_declared_anew_answers_by_its_new_declaration(
    served: LiveServer, database: Database, store: ArtifactStore, catalog: TaskCatalog
) -> None:
    client = served.client
    catalog.put(task := sixth.task())
    add_model(database, store, task)
    until(lambda: client.post("/predict", json=BODY).status_code == 200)
    assert "top" in client.post("/predict", json=BODY).json()["prediction"]

    answer = {**sixth.DECLARATION["answer"], "shows": []}
    catalog.put(sixth.task(answer=answer))

    until(lambda: "top" not in client.post("/predict", json=BODY).json()["prediction"])
