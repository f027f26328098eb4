"""What goes on while an object store is asked for a model, which it does not give at once."""

import asyncio
import json
from collections.abc import Callable, Iterator
from threading import Event, Thread, current_thread
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.api.feed import Feed
from app.api.task_routes import TaskRoutes
from app.artifacts.store import Artifact, ArtifactStore
from app.db import models, runs
from app.db.engine import Database
from app.errors import StoreAway
from app.inference.cache import PredictorCache
from app.inference.predictor import Predictor
from app.main import create_app
from app.metrics.tally import Tally
from app.services.answered import Answered
from app.services.execution import WorkerService
from app.services.prediction import PredictionService
from app.services.publication import row_of
from app.settings import Settings
from app.storage.objects import ObjectStore
from app.tasks.catalog import TaskCatalog
from tests.support import sixth
from tests.support.artifacts import add_model, publish_artifact
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer
from tests.support.sse import following
from tests.support.tasks import TASKS

BODY = {"task": "housing", **TASKS.get("housing").example}


class Slow(ArtifactStore):
    """Of some models it has nothing here; it waits before it gives them, and `meanwhile` is done then."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.models_dir)
        self.absent: set[str] = set()
        self.mended = Event()
        self.meanwhile: Callable[[str], object] = lambda _: None

    def open_here(self, task: str, model_id: str) -> Artifact | None:
        return None if model_id in self.absent else self.open(task, model_id)

    def open(self, task: str, model_id: str) -> Artifact:
        if model_id in self.absent:
            assert self.mended.wait(20)
            self.meanwhile(task)
            self.absent.discard(model_id)
        return super().open(task, model_id)


@pytest.fixture
def store(settings: Settings) -> Slow:
    return Slow(settings)


@pytest.fixture
def server(settings: Settings, database: Database, store: Slow, clock: FakeClock) -> Iterator[LiveServer]:
    """With a model that answers for housing; it looks for others only where something makes it."""
    add_model(database, store, "housing")
    app = create_app(settings.model_copy(update={"active_poll_seconds": 60}), clock)
    app.api.state.services.prediction._store = store
    made = LiveServer(app)
    yield made
    store.mended.set()
    made.close()


def answering(server: LiveServer) -> str:
    model_id: str = server.client.post("/predict", json=BODY).raise_for_status().json()["model"]["id"]
    return model_id


def until(condition: Callable[[], Any]) -> None:
    """A thread does it."""
    end = Event()
    for _ in range(500):
        if condition():
            return
        end.wait(0.02)
    raise AssertionError


def end_run(database: Database, store: Slow, clock: FakeClock) -> tuple[str, str]:
    """A run whose model is active, and not here; their ids."""
    run_id = queue_run(database, clock)
    claim = WorkerService(database, clock, "w-1", 60).claim()
    assert claim
    made = publish_artifact(store, "housing", seed=9)
    store.absent.add(made.id)
    with database.write() as tx:
        runs.publish(tx, run_id, claim.lease_id, clock(), made.metrics)
        models.insert_model(tx, **(row_of(made) | {"run_id": run_id}))
        models.activate(tx, "housing", made.id, clock(), "test")
    return run_id, made.id


@pytest.mark.parametrize("asking", ["/runs", "/runs/rows", "/runs/{}", "stream"])
def test_a_stalled_store_keeps_nobody_from_hearing_of_a_runs_end(
    server: LiveServer, database: Database, store: Slow, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, asking: str
) -> None:
    """Its model answers when the store has given it, though nobody asks for it once more."""
    monkeypatch.setattr("app.services.prediction.PATIENCE", 0.05, raising=False)
    before = answering(server)
    run_id, model_id = end_run(database, store, clock)

    if asking == "stream":
        with following(server.client, f"/runs/{run_id}/events") as events:
            assert "succeeded" == list(events)[-1].data["status"]
    else:
        assert "succeeded" in server.client.get(asking.format(run_id)).text

    assert store.absent
    assert before == answering(server)
    store.mended.set()
    until(lambda: answering(server) == model_id)


def test_an_activated_model_that_was_evicted_meanwhile_is_fetched_without_being_asked_for(
    server: LiveServer, database: Database, store: Slow
) -> None:
    """It was here when it was activated; the one before answers until it is here again."""
    before, model_id = answering(server), add_model(database, store, "housing", active=False, seed=9).id
    store.absent.add(model_id)

    server.client.put("/tasks/housing/active-model", json={"model_id": model_id}).raise_for_status()

    assert before == answering(server)
    store.mended.set()
    until(lambda: answering(server) == model_id)


def test_a_task_that_is_removed_while_its_model_is_fetched_ends_no_refresh(database: Database, store: Slow) -> None:
    """There is nothing to be told: nobody can ask for it any more."""
    tasks = TaskCatalog([sixth.task(), sixth.task(name="other")])
    store.absent = {add_model(database, store, tasks.get(name)).id for name in tasks.all}

    def remove_others(asked: str) -> None:
        for name in tasks.all.keys() - {asked}:
            tasks.remove(name)

    store.meanwhile = remove_others
    store.mended.set()
    prediction = PredictionService(database, tasks, store, PredictorCache(4))

    prediction.refresh()

    (left,) = tasks.all
    assert left == prediction.active(left).task.name
    assert prediction.is_whole


def test_a_model_whose_fetch_ends_with_the_process_is_not_told_as_broken(database: Database, store: Slow) -> None:
    store.absent = {add_model(database, store, "housing").id}
    prediction = PredictionService(database, TASKS, store, PredictorCache(4))

    def end(_: str) -> None:
        prediction.close()
        raise StoreAway("the connections to the object store are closed")

    store.meanwhile = end
    store.mended.set()
    with capture_logs() as lines:
        prediction.refresh()

    assert [] == lines


@pytest.mark.parametrize("asked", ["by a refresh", "by who wants an answer"])
def test_a_task_that_is_changed_while_its_model_is_fetched_is_answered_as_it_is_now(
    database: Database, store: Slow, asked: str
) -> None:
    """Not by a predictor with the columns or labels that it had when the fetch began."""
    tasks = TaskCatalog([sixth.task()] if asked == "by a refresh" else [])
    tasks.put(sixth.task())
    made = add_model(database, store, sixth.task())
    store.absent.add(made.id)
    store.meanwhile = lambda _: tasks.put(sixth.task())
    store.mended.set()
    prediction = PredictionService(database, tasks, store, PredictorCache(4))

    prediction.refresh()
    predictor = prediction.active(sixth.NAME)

    assert (made.id, tasks.get(sixth.NAME)) == (predictor.manifest.id, predictor.task)


class Leaving(PredictionService):
    """After so many times that it was found, the active model has gone: to be fetched from the store."""

    times = 0

    def find_active(self, task: str) -> Predictor | None:
        found = super().find_active(task)
        self.times -= 1
        if found and self.times == 0:
            with self._database.read() as tx:
                self._waiting = models.active_ids(tx)
            self._cache.set_active({}, {}, self._waiting)
        return found


@pytest.mark.parametrize(
    ("times", "requests", "answered"),
    [(1, 1, [False]), (4, 3, [True, False, False])],
    ids=["one", "several of a turn"],
)
def test_no_model_is_fetched_on_the_event_loop(
    database: Database, store: Slow, times: int, requests: int, answered: list[bool]
) -> None:
    """Where it goes just then, who has asked takes the way by which the store is asked in a thread."""
    made = add_model(database, store, "housing")
    prediction = Leaving(database, TASKS, store, PredictorCache(4))
    prediction.refresh()
    store.absent.add(made.id)
    store.mended.set()
    fetching: list[Thread] = []
    store.meanwhile = lambda _: fetching.append(current_thread())
    routes = TaskRoutes(TASKS, prediction, Answered(Tally()))
    routes.follow()
    replies: list[bytes | None] = []

    async def ask() -> bytes:
        prediction.times = times
        for _ in range(requests):
            assert routes.endpoint.submit(json.dumps(BODY).encode(), replies.append)
        routes.endpoint.flush()
        assert answered == [each is not None for each in replies]
        assert [] == fetching
        return await routes.endpoint.answer(json.dumps(BODY).encode())

    assert made.id in asyncio.run(ask()).decode()
    assert len(fetching) == 1
    assert fetching[0] is not current_thread()


def test_who_has_found_a_model_is_answered_by_it(database: Database, store: Slow) -> None:
    """Though it goes before the answer."""
    made = add_model(database, store, "housing")
    prediction = Leaving(database, TASKS, store, PredictorCache(4))
    prediction.refresh()
    store.absent.add(made.id)
    store.mended.set()
    routes = TaskRoutes(TASKS, prediction, Answered(Tally()))
    routes.follow()
    prediction.times = 1

    assert made.id in asyncio.run(routes.endpoint.answer(json.dumps(BODY).encode())).decode()
    assert store.absent


def test_connections_to_the_store_end_before_a_stop_waits_for_whoever_uses_them(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the thread of the streams: else the stop takes as long as the store's time-outs."""
    del database
    (folder := settings.home / "store").mkdir()
    told: list[str] = []
    finish, close = Feed.finish, ObjectStore.close

    async def finished(self: Feed) -> None:
        told.append("streams")
        await finish(self)

    def closed(self: ObjectStore) -> None:
        told.append("store")
        close(self)

    monkeypatch.setattr(Feed, "finish", finished)
    monkeypatch.setattr(ObjectStore, "close", closed)
    LiveServer(create_app(settings.model_copy(update={"store_url": f"file://{folder}"}))).close()

    assert ["store", "streams"] == told
