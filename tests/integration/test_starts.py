"""What keeps the service from starting is one line that says what to do, and an exit; nothing is left behind."""

import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import condition, migrate
from app.db.engine import Database
from app.errors import Unusable
from app.folders import check_writable
from app.services.registry import RegistryService
from app.settings import Settings
from benchmarks.service import Service, free_port
from tests.integration.test_cli import densely
from tests.support.artifacts import publish_artifact
from tests.support.clock import FakeClock
from tests.support.s3 import S3
from tests.support.tasks import TASKS

Damage = Callable[[Path], object]


def _newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9001'")
        connection.execute("UPDATE installation SET value = '9001' WHERE name = 'works_from'")
    connection.close()


def _corrupt(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)  # every page but the first
    file.write_bytes(content)


def _altered(statement: str) -> Damage:
    def alter(file: Path) -> None:
        with sqlite3.connect(file) as connection:
            connection.execute(statement)
        connection.close()

    return alter


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DATABASES: dict[str, tuple[Damage, str]] = {
    "of a newer release": (_newer, "has schema 9001, which this release does not know: install the release that made"),
    "with corrupted pages": (_corrupt, "densely.db is damaged: restore it from a backup"),
    "without a table": (_altered("DROP TABLE runs"), r"densely.db is damaged \(no such table runs\): restore it"),
    "without a column": (
        _altered("ALTER TABLE runs DROP COLUMN seeds"),
        r"densely.db is damaged \(no such column runs.seeds\): restore it",
    ),
    "no database": (lambda file: file.write_text("nothing of the kind" * 99), "densely.db is not an SQLite database"),
    "a folder": (_folder, "densely.db is a folder: the database is a file"),
}


@pytest.fixture
def file(tmp_path: Path, migrated: Path) -> Path:
    """A migrated database where the commands look for it."""
    (tmp_path / "home").mkdir()
    return Path(shutil.copyfile(migrated, tmp_path / "home" / "densely.db"))


@pytest.mark.parametrize("state", DATABASES)
def test_a_database_that_cannot_be_used_is_told_with_what_to_do(file: Path, state: str) -> None:
    damage, told = DATABASES[state]
    damage(file)

    for use in (condition.check, migrate.upgrade):
        with pytest.raises(Unusable, match=told) as caught:
            use(f"sqlite:///{file}")
        assert 1 == len(caught.value.message.splitlines())


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("up", "with corrupted pages"),
        ("up", "no database"),
        ("up", "without a table"),
        ("serve", "without a table"),
        ("worker", "without a table"),
        ("serve", "of a newer release"),
        ("worker", "with corrupted pages"),
        ("migrate", "of a newer release"),
    ],
)
def test_every_command_that_needs_it_says_so_in_one_line(tmp_path: Path, file: Path, command: str, state: str) -> None:
    damage, told = DATABASES[state]
    damage(file)
    models = str(tmp_path / "models")
    done = densely(tmp_path, command, DENSELY_MODELS_DIR=models, DENSELY_PORT=str(free_port()))

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert re.search(told, done.stderr)


def test_the_doctor_tells_a_newer_database_too(tmp_path: Path, file: Path) -> None:
    _newer(file)
    file.chmod(0o600)  # as Densely makes it
    done = densely(tmp_path, "doctor", "--json", DENSELY_MODELS_DIR=str(tmp_path / "models"))
    (found,) = [each for each in json.loads(done.stdout)["findings"] if each["about"] == "database"]

    assert (1, "", "wrong") == (done.returncode, done.stderr, found["state"])
    assert "9001" in found["told"]
    assert "install the release that made it" in found["mend"]


def test_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE runs (distance REAL)")
    connection.close()

    with pytest.raises(Unusable, match="cannot be migrated: table runs already exists; it is as it was"):
        migrate.upgrade(f"sqlite:///{file}")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", "a database in memory is each process's own"),
        ("sqlite:///:memory:", "a database in memory is each process's own"),
        ("sqlite:///file:x?mode=memory&uri=true", "a database in memory is each process's own"),
        ("foo://x", "no driver for 'foo'"),
        ("mysql://x/y", "no driver for 'mysql'"),
        ("postgresql://x:port/y", "not in SQLAlchemy's form"),
        ("postgresql://127.0.0.1:1/x?colour=red", "correct DENSELY_DATABASE_URL"),
    ],
)
def test_a_database_url_that_cannot_be_used_is_refused(url: str, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        condition.check(url)


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("url", ["s3://nob/one", "file:///proc/nope"])
def test_a_store_that_has_to_be_mended_is_one_line(tmp_path: Path, file: Path, s3: S3, command: str, url: str) -> None:
    """Nothing is served, and no run is claimed."""
    del file, s3
    places = {"DENSELY_MODELS_DIR": str(tmp_path / "models"), "DENSELY_PORT": str(free_port())}
    done = densely(tmp_path, command, DENSELY_STORE_URL=url, **places)

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert re.search("the object store has no such (bucket|folder)", done.stderr)


ODD = ["feature%2Flogin", "what?", "a#b", "two words", "%(here)s", "größe", "x" * 200, "a&b=c", "+"]


@pytest.mark.parametrize("name", ODD)
def test_the_database_lies_in_its_home_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    settings = Settings(home=home)
    migrate.upgrade(settings.url)
    database = Database(settings.url)
    database.check_revision()
    database.close()

    assert home / "densely.db" == database.file
    assert (home / "densely.db").stat().st_size > 0
    assert [name] == [path.name for path in tmp_path.iterdir()]


def test_a_home_by_a_link_a_relative_path_or_a_trailing_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    for given in (str(tmp_path / "link"), "link/", "./real/../link"):
        monkeypatch.setenv("DENSELY_HOME", given)
        migrate.upgrade(Settings().url)

    assert (tmp_path / "real" / "densely.db").exists()


def test_a_path_too_long_for_sqlite_is_told(tmp_path: Path) -> None:
    home = tmp_path.joinpath(*["x" * 120] * 5)

    with pytest.raises(Unusable, match="shorten its path"):
        migrate.upgrade(Settings(home=home).url)


def test_models_that_find_no_room_are_one_line_and_leave_nothing(tmp_path: Path, small_disk: Path) -> None:
    for command in ("up", "serve"):
        if command == "serve":
            densely(tmp_path, "migrate")
        done = densely(tmp_path, command, DENSELY_MODELS_DIR=str(small_disk), DENSELY_PORT=str(free_port()))

        assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
        assert "No space left on device" in done.stderr
        assert "DENSELY_MODELS_DIR" in done.stderr
        assert [] == [path for path in small_disk.rglob("*") if path.is_file() or "copy-" in path.name]


@pytest.mark.parametrize("command", ["up", "worker"])
def test_a_home_without_room_is_one_line(tmp_path: Path, small_disk: Path, command: str) -> None:
    (small_disk / "full").write_bytes(bytes(2**20 - 3 * 4096))
    done = densely(
        tmp_path, command,
        DENSELY_HOME=str(small_disk), DENSELY_MODELS_DIR=str(tmp_path / "models"), DENSELY_PORT=str(free_port()),
    )  # fmt: skip

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert "room" in done.stderr or "migrate" in done.stderr


def test_a_read_only_folder_is_one_line(tmp_path: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for name in ("DENSELY_HOME", "DENSELY_MODELS_DIR"):
        settings = {"DENSELY_MODELS_DIR": str(tmp_path / "models"), name: str(small_disk / "x")}
        done = densely(tmp_path, "up", DENSELY_PORT=str(free_port()), **settings)

        assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
        assert f"Read-only file system; set {name} to another one" in done.stderr


def test_room_is_looked_for_and_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "new", "DENSELY_HOME", 2**20)

    assert [] == list((tmp_path / "new").iterdir())


def test_a_file_size_limit_counts_as_no_room(tmp_path: Path) -> None:
    """As a service manager may set it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, limits[1]))
    try:
        with pytest.raises(Unusable, match="File too large"):
            check_writable(tmp_path / "new", "DENSELY_HOME")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [] == list((tmp_path / "new").iterdir())


@pytest.fixture
def bundle(tmp_path: Path) -> ArtifactStore:
    """Two models that come with the release."""
    store = ArtifactStore(tmp_path / "bundle")
    ids = {task: publish_artifact(store, task).id for task in ("housing", "planar")}
    (store.root / "bundled.json").write_text(json.dumps(ids))
    return store


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/x/y")


DAMAGED: dict[str, Damage] = {
    "altered": lambda folder: (folder / "weights.npz").write_bytes(b"x"),
    "missing": lambda folder: (folder / "weights.npz").unlink(),
    "a folder instead of a file": lambda folder: _folder(folder / "weights.npz"),
    "a link to nowhere": lambda folder: _link(folder / "weights.npz"),
    "another model's manifest": lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace("housing", "planar")
    ),
}


@pytest.mark.parametrize("damage", [*DAMAGED, "no folder"])
def test_a_bundled_model_that_was_damaged_here_is_put_back(
    database: Database, store: ArtifactStore, clock: FakeClock, bundle: ArtifactStore, damage: str
) -> None:
    """At the next start, from what came with the release; it stays the same model."""
    model_id = bundle.bundled()["housing"]
    registry = RegistryService(database, TASKS, store, DatasetCatalog(store.root), clock)
    registry.register_bundled(bundle)
    DAMAGED.get(damage, shutil.rmtree)(store.path("housing", model_id))

    assert {} == registry.register_bundled(bundle)
    assert model_id == store.open("housing", model_id).manifest.id
    assert [model_id] == [model.id for model in registry.page("housing", 10, None)[0]]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_bundled_model_takes_only_its_task_out(
    database: Database, store: ArtifactStore, clock: FakeClock, bundle: ArtifactStore, damage: str
) -> None:
    """And it is taken over as soon as it is whole again."""
    model_id = bundle.bundled()["housing"]
    shutil.copytree(bundle.path("housing", model_id), bundle.root / "whole")
    DAMAGED[damage](bundle.path("housing", model_id))
    registry = RegistryService(database, TASKS, store, DatasetCatalog(store.root), clock)

    assert ["housing"] == list(registry.register_bundled(bundle))
    assert [("planar", bundle.bundled()["planar"])] == list(store.published())
    assert [] == list((store.root / ".staging").glob("*"))
    shutil.rmtree(bundle.path("housing", model_id))
    (bundle.root / "whole").rename(bundle.path("housing", model_id))
    assert {} == registry.register_bundled(bundle)
    assert ("housing", model_id) in store.published()


@pytest.mark.parametrize("content", ["{", "[]", '{"housing": 3}', "\x00"])
def test_a_damaged_list_of_bundled_models_bundles_nothing(
    database: Database, store: ArtifactStore, clock: FakeClock, bundle: ArtifactStore, content: str
) -> None:
    """Until it is whole again, without a restart."""
    whole = bundle.bundled()
    (bundle.root / "bundled.json").write_text(content)
    registry = RegistryService(database, TASKS, store, DatasetCatalog(store.root), clock)

    found = registry.register_bundled(bundle)
    assert set(TASKS.all) == set(found)
    assert all("bundled.json" in reason for reason in found.values())
    assert [] == list(store.published())
    (bundle.root / "bundled.json").write_text(json.dumps(whole))
    assert {} == registry.register_bundled(bundle)
    assert {*whole.items()} == {*store.published()}


def test_a_disk_that_fills_up_while_models_are_copied(
    database: Database, small_disk: Path, clock: FakeClock, bundle: ArtifactStore
) -> None:
    (small_disk / "full").write_bytes(bytes(2**20 - 4096))
    store = ArtifactStore(small_disk / "models")

    with pytest.raises(Unusable, match="cannot be copied to the models folder: No space left on device"):
        RegistryService(database, TASKS, store, DatasetCatalog(store.root), clock).register_bundled(bundle)
    assert [] == [path for path in small_disk.rglob("*") if path.is_file() and path.name != "full"]
    assert [] == list((store.root / ".staging").glob("*"))


def test_a_child_that_cannot_start_is_not_started_again_and_again(tmp_path: Path, file: Path) -> None:
    """Its one line is the reason; its exit status says that trying again has no use."""
    _newer(file)
    environment = {**os.environ, "DENSELY_HOME": str(tmp_path / "home"), "DENSELY_MODELS_DIR": str(tmp_path / "models")}
    for module in ("app.worker", "app.main"):
        done = subprocess.run(
            [sys.executable, "-m", module], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

        assert (78, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr


def test_a_process_can_wait_for_the_database_to_be_migrated(tmp_path: Path) -> None:
    """As in a cluster, where processes and the migration start in no order: it listens when it can answer."""
    service = Service(tmp_path, {"DENSELY_START_SECONDS": "60"}, "serve")
    try:
        deadline = time.monotonic() + 60
        while "start.waiting" not in service.log.read_text():
            assert service.process.poll() is None, service.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(httpx.ConnectError):
            service.client.get("/health/live")
        migrate.upgrade(f"sqlite:///{tmp_path / 'home' / 'densely.db'}")
        service.wait_until_ready()
        (said,) = [line for line in service.log.read_text().splitlines() if "start.waiting" in line]
        assert "the database has schema none, this release needs" in said
        assert "run `densely migrate`" in said
    finally:
        assert 0 == service.stop()
