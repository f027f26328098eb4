"""Fixtures: a migrated database, a settable clock, an application over both."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.support import postgres
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.s3 import S3, serving
from tests.support.server import LiveServer

# What the fixtures `settings` and `database` are of: sqlite or postgresql. Read before tests lose sight of settings.
DATABASE = os.environ.get("DENSELY_TEST_DATABASE", "sqlite")


def pytest_configure() -> None:
    """Processes that tests start obey signals, also where the tests themselves were started in the background.

    And their streams are buffered as Python's usually are, whatever the developer's shell says.
    """
    os.environ.pop("PYTHONUNBUFFERED", None)
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the developer's settings, and none writes beside the project."""
    monkeypatch.setenv("DENSELY_HOME", str(tmp_path / "home"))
    for name in [
        n for n in os.environ if n.startswith("DENSELY_") and n not in ("DENSELY_DATASETS_DIR", "DENSELY_HOME")
    ]:
        monkeypatch.delenv(name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is only so of SQLite's files is not asked of PostgreSQL."""
    marker = item.get_closest_marker("sqlite")
    if marker and DATABASE != "sqlite":
        pytest.skip(f"of SQLite alone: {marker.args[0]}")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of our own, started once."""
    with postgres.running() as made:
        yield made


@pytest.fixture
def settings(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _own_environment: None
) -> Iterator[Settings]:
    """A home, an empty models folder and no datasets, all under the test's own folder."""
    made = Settings(
        home=tmp_path / "home",
        models_dir=tmp_path / "models",
        datasets_dir=tmp_path / "datasets",
        active_poll_seconds=0.1,
    )
    if DATABASE == "sqlite":
        yield made
        return
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    has_tables = "database" in request.fixturenames
    url = cluster.new_database(request.getfixturevalue("template_of_postgresql") if has_tables else "")
    monkeypatch.setenv("DENSELY_DATABASE_URL", url)  # for the commands that a test calls
    yield made.model_copy(update={"database_url": url})
    cluster.drop(url)


@pytest.fixture(scope="session")
def template_of_postgresql(cluster: postgres.Cluster) -> str:
    """A migrated database that is only ever copied."""
    url = cluster.new_database()
    migrate.upgrade(url)
    return url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating one for each test would take most of the suite's time."""
    path = tmp_path_factory.mktemp("migrated") / "densely.db"
    migrate.upgrade(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture
def database(settings: Settings, migrated: Path) -> Iterator[Database]:
    """A migrated database: SQLite's file, unless `DENSELY_TEST_DATABASE` says otherwise."""
    settings.home.mkdir(parents=True)
    if DATABASE == "sqlite":
        shutil.copyfile(migrated, settings.home / "densely.db")
    opened = Database(settings.url)
    yield opened
    opened.close()


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(settings.models_dir)


@pytest.fixture
def client_for(database: Database, clock: FakeClock) -> Iterator[Callable[[Settings], httpx.Client]]:
    """Starts a served application; several may run on one database, as API processes do."""
    started: list[LiveServer] = []

    def start(settings: Settings) -> httpx.Client:
        started.append(LiveServer(create_app(settings, clock)))
        return started[-1].client

    yield start
    for server in started:
        server.close()


@pytest.fixture
def client(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, store: ArtifactStore
) -> httpx.Client:
    """A client of a served application with one small active model per task."""
    for number, task in enumerate(("digits", "housing", "newswire", "sentiment")):
        add_model(database, store, task, seed=number)
    return client_for(settings)


@pytest.fixture
def examples(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """A valid single `/predict` body for each task."""
    return {task["name"]: {"task": task["name"], **task["example"]} for task in client.get("/tasks").json()["items"]}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    with serving() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """A server of S3 with an empty bucket, which this process and those that it starts find."""
    s3_server.reset()
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
