"""`densely migrate-data` as a process: what it tells, and what is refused in one line."""

import json
from pathlib import Path

import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from tests.integration.cli.conftest import Done, one_line, start
from tests.support import postgres
from tests.support.artifacts import add_model, publish_artifact
from tests.support.clock import FakeClock
from tests.support.queue import queue_run

pytestmark = pytest.mark.sqlite("the old place is SQLite")


def densely(*words: str | Path, **environment: str | Path) -> Done:
    process = start("migrate-data", *map(str, words), **{name: str(value) for name, value in environment.items()})
    out, err = process.communicate("", timeout=60)
    return Done(words, process.returncode, out, err)


@pytest.fixture
def old(settings: Settings, database: Database, store: ArtifactStore, clock: FakeClock) -> Path:
    """The home of an installation with a model and a run that waits."""
    add_model(database, store, "planar")
    queue_run(database, clock)
    database.close()
    return settings.home


@pytest.fixture
def new(tmp_path: Path, cluster: postgres.Cluster) -> dict[str, str | Path]:
    """The settings of the new place."""
    url = cluster.new_database().replace("densely@", "densely:of-the-database@")
    folder = tmp_path / "new"
    return {"DENSELY_DATABASE_URL": url, "DENSELY_HOME": folder, "DENSELY_MODELS_DIR": folder / "models"}


def test_it_is_looked_at_and_carried_over_and_told(
    old: Path, new: dict[str, str | Path], settings: Settings, database: Database
) -> None:
    """First what it would be, then as tables for people, then again for scripts; the password is never told."""
    models = ("--models", settings.models_dir)
    looked = densely("--from", old, *models, "--dry-run", **new)
    assert (0, "") == (looked.returncode, looked.stderr)
    assert "would be carried over" in looked.stdout
    assert not Path(new["DENSELY_HOME"]).exists()

    done = densely("--from", old, *models, **new)
    assert (0, "") == (done.returncode, done.stderr)
    assert "densely.db was carried over to test_" in done.stdout
    assert "1 run in the queue will go on there" in done.stdout
    assert "DIFFERS" not in done.stdout

    again = densely("--from", f"sqlite:///{old / 'densely.db'}", *models, "--json", **new)
    assert (0, "") == (again.returncode, again.stderr)
    told = json.loads(again.stdout)
    assert told["done"]
    assert {"rows": 1, "same": True, "changed": 0} == told["tables"]["models"]
    assert {"copied": 0, "stored": 0, "there": 1, "wrong": {}} == told["models"]
    for each in (looked, done, again):
        assert "of-the-database" not in each.stdout + each.stderr


def test_files_that_are_not_there_are_told_with_what_to_name(
    old: Path, new: dict[str, str | Path], database: Database
) -> None:
    for options in (["--dry-run"], []):
        done = densely("--from", old, *options, **new)

        assert 1 == done.returncode
        told = done.stderr.splitlines()
        assert 2 == len(told), told
        assert "of task 'planar': the manifest of model m-" in told[0]
        where = f"name their folder with --models, not {new['DENSELY_MODELS_DIR']}, or go on with --incomplete"
        assert f"files of 1 model or dataset are missing or altered; {where}" in told[1]
    assert 0 == densely("--from", old, "--incomplete", **new).returncode


def test_another_model_of_the_new_place_is_told(
    old: Path, new: dict[str, str | Path], settings: Settings, database: Database
) -> None:
    (made,) = settings.models_dir.glob("planar/m-*")
    target = ArtifactStore(Path(new["DENSELY_MODELS_DIR"]))
    other = publish_artifact(target, "planar", seed=2)
    folder = target.path("planar", other.id).rename(target.path("planar", made.name))
    (folder / "manifest.json").write_text(other.model_copy(update={"id": made.name}).model_dump_json())

    looked = densely("--from", old, "--models", settings.models_dir, "--incomplete", "--dry-run", **new)

    assert 1 == looked.returncode
    told = looked.stderr.splitlines()
    assert 2 == len(told), told
    assert f"another model of this id is in {folder}: move that away" in told[0]
    assert "no row would be carried over: the new place has another model under the id of 1 model; move" in told[1]


@pytest.mark.parametrize(
    ("source", "url", "code", "told"),
    [
        ("old", "", 2, "DENSELY_DATABASE_URL is not set: the SQLite file under DENSELY_HOME; name the new database"),
        ("old", "sqlite:////tmp/other.db", 2, "DENSELY_DATABASE_URL names an SQLite file; name the new database"),
        ("postgresql://me:hidden@here/db", "postgresql://here/db", 2, "--from: only SQLite is carried over"),
        ("mysql://me:hidden@here/db", "postgresql://here/db", 1, "--from must name an SQLite file"),
        ("nowhere", "postgresql://here/db", 1, "there is no file nowhere"),
        ("/", "postgresql://here/db", 1, "there is no database in /"),
        ("old", "postgresql://me:hidden@127.0.0.1:9/db", 1, "the database does not answer"),
    ],
)
def test_what_cannot_be_is_one_line(
    old: Path, database: Database, tmp_path: Path, source: str, url: str, code: int, told: str
) -> None:
    place = str(old) if source == "old" else source

    done = densely("--from", place, DENSELY_HOME=tmp_path / "new", DENSELY_DATABASE_URL=url)

    assert (code, "", True) == (done.returncode, done.stdout, one_line(done.stderr)), done.stderr
    assert told in done.stderr
    assert "hidden" not in done.stderr


def test_a_server_that_lets_nothing_be_made_is_one_line(
    old: Path, new: dict[str, str | Path], settings: Settings, database: Database
) -> None:
    """As of PostgreSQL 15, where not everybody may make tables in `public`."""
    import psycopg

    url = str(new["DENSELY_DATABASE_URL"])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    done = densely(
        "--from",
        old,
        "--models",
        settings.models_dir,
        **{**new, "DENSELY_DATABASE_URL": url.replace("densely:", "guest:")},
    )

    assert (1, "", True) == (done.returncode, done.stdout, one_line(done.stderr)), done.stderr
    assert "permission denied" in done.stderr
