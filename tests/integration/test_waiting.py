"""Others that hold the database's lock, or take its file away, under a running service."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from app import composition
from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.errors import Unavailable
from app.settings import Settings
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.queue import queue_run

pytestmark = pytest.mark.sqlite("one file, with one writer at a time")

RUN = {"task": "planar", "dataset": "moons"}
Start = Callable[[Settings], httpx.Client]


@contextmanager
def write_lock(database: Path) -> Iterator[None]:
    """What a backup or an administrator's shell does: begin to write, and stay so."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def waiting_client(client_for: Start, settings: Settings, database: Database, store: ArtifactStore) -> httpx.Client:
    add_model(database, store, "planar")
    return client_for(settings)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """For more calls at once than there are threads in the API."""
    with ThreadPoolExecutor(45) as threads:
        yield threads


def write_45_times(pool: ThreadPoolExecutor, client: httpx.Client, run_id: str) -> list[Future[httpx.Response]]:
    """Calls of all kinds that write, each on a connection of its own."""

    def write(number: int) -> httpx.Response:
        with httpx.Client(base_url=client.base_url, timeout=60) as own:
            return own.post(f"/runs/{run_id}/cancel") if number == 7 else own.post("/train", json=RUN)

    return [pool.submit(write, number) for number in range(45)]


def test_who_waits_for_the_write_lock_holds_nobody_up(
    waiting_client: httpx.Client, settings: Settings, pool: ThreadPoolExecutor
) -> None:
    """Reads, predictions and probes go on meanwhile, and when the lock is free all 45 are answered."""
    client = waiting_client
    run_id = client.post("/train", json=RUN).json()["id"]
    with write_lock(settings.home / "densely.db"):
        waiting = write_45_times(pool, client, run_id)
        for _ in range(3):
            for path in ("/health/ready", "/health/live", "/runs", f"/runs/{run_id}", "/models", "/tasks"):
                assert 200 == client.get(path).status_code, path
            assert 200 == client.post("/predict", json={"task": "planar", "point": [0.1, 0.2]}).status_code
        assert not any(one.done() for one in waiting)

    assert {202} == {one.result().status_code for one in waiting}
    assert 45 == len(client.get("/runs").json()["items"])


def test_who_waits_in_vain_hears_503_after_the_busy_time(
    settings: Settings,
    database: Database,
    client_for: Start,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of all 45, also those that wait for a thread first: none waits for its turn and then once more."""
    monkeypatch.setattr(composition, "BUSY_TIMEOUT", 3.0)
    client = client_for(settings)
    run_id = client.post("/train", json=RUN).json()["id"]
    with write_lock(settings.home / "densely.db"):
        began = time.monotonic()
        answers = [one.result() for one in write_45_times(pool, client, run_id)]

    assert {503} == {answer.status_code for answer in answers}
    assert {"2"} == {answer.headers["retry-after"] for answer in answers}
    assert time.monotonic() - began < 12, "45 calls, 8 at a time, would take 18 s"
    assert [run_id] == [run["id"] for run in client.get("/runs").json()["items"]]
    assert 202 == client.post("/train", json=RUN).status_code


def state(client: httpx.Client) -> tuple[int, int, int]:
    """Statuses: of the probe, of a call that reads and of one that writes."""
    return (
        client.get("/health/ready").status_code,
        client.get("/runs").status_code,
        client.post("/train", json=RUN).status_code,
    )


def test_a_database_whose_file_was_taken_away_takes_nothing(client: httpx.Client, settings: Settings) -> None:
    """Not 202 for a run that nobody would ever find; when the file is back, everything is as before."""
    first = client.post("/train", json=RUN).json()["id"]
    home = settings.home
    aside = home / "aside"
    aside.mkdir()
    for path in home.glob("densely.db*"):
        path.rename(aside / path.name)

    for _ in range(3):
        assert (503, 503, 503) == state(client)
    assert [] == list(home.glob("densely.db*")), "an empty one would be taken for a fresh installation"
    assert 200 == client.get("/health/live").status_code
    assert 200 == client.post("/predict", json={"task": "sentiment", "text": "Good."}).status_code
    for path in aside.iterdir():
        path.rename(home / path.name)

    assert (200, 200, 202) == state(client)
    assert first in [run["id"] for run in client.get("/runs").json()["items"]]


def test_a_fresh_database_in_the_place_of_a_deleted_one_is_taken(
    client: httpx.Client, settings: Settings, migrated: Path
) -> None:
    """Runs go into the one that lies there; the models that come with Densely are registered anew."""
    client.post("/train", json=RUN)
    for path in settings.home.glob("densely.db*"):
        path.unlink()
    assert (503, 503, 503) == state(client)
    shutil.copyfile(migrated, settings.home / "densely.db")

    assert (200, 200, 202) == state(client)
    with closing(sqlite3.connect(settings.home / "densely.db")) as file:
        assert 1 == file.execute("SELECT count(*) FROM runs").fetchone()[0]
    end = time.monotonic() + 10
    while not (models := client.get("/models").json()["items"]) and time.monotonic() < end:
        time.sleep(0.05)
    assert {"came with Densely"} == {
        change["reason"] for change in client.get(f"/tasks/{models[0]['task']}/active-model/history").json()["items"]
    }


def test_a_file_that_goes_between_a_write_and_its_commit_takes_the_write_along(
    database: Database, settings: Settings, clock: FakeClock
) -> None:
    """It would have gone into a file that nobody reads any more."""
    queue_run(database, clock)
    with pytest.raises(Unavailable, match="gone"), database.write():
        (settings.home / "densely.db").unlink()
