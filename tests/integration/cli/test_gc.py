"""`densely gc` on a folder of a service's: what nothing refers to is shown and removed, and nothing else is."""

import json
import os
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.artifacts.store import ArtifactStore
from app.cli.findings import bytes_of
from app.datasets.catalog import OWNER_KEY
from app.db import installation
from app.db.engine import Database
from app.settings import Settings
from benchmarks.service import REPOSITORY
from tests.integration.cli.conftest import Done, one_line, start
from tests.support.artifacts import add_model, publish_artifact

LONG_AGO = time.time() - 86_400


def gc(home: Path, *words: str, **settings: str) -> Done:
    """The command where no service runs."""
    process = start("gc", *words, DENSELY_HOME=str(home), **settings)
    out, err = process.communicate("", timeout=60)
    return Done(words, process.returncode, out, err)


@pytest.fixture
def folders(settings: Settings) -> dict[str, str]:
    """As the service has them."""
    return {"DENSELY_MODELS_DIR": str(settings.models_dir), "DENSELY_DATABASE_URL": settings.url}


def rows_of(settings: Settings, name: str, owner: str) -> Path:
    """Rows of no dataset, as uploads of the database with this identity leave them."""
    settings.uploads.mkdir(parents=True, exist_ok=True)
    path = settings.uploads / name
    pq.write_table(pa.table({"text": ["a"]}).replace_schema_metadata({OWNER_KEY: owner}), path)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def orphan(settings: Settings, database: Database) -> Path:
    """Rows of no dataset."""
    with database.write() as tx:
        return rows_of(settings, "d-0123456789ab.parquet", installation.identity(tx))


def test_what_is_left_over_is_shown_and_removed_when_that_is_asked_for(
    settings: Settings, database: Database, store: ArtifactStore, orphan: Path, folders: dict[str, str]
) -> None:
    kept = store.path("planar", add_model(database, store, "planar").id)

    shown = gc(settings.home, **folders)
    assert 0 == shown.returncode, shown.stderr
    size = bytes_of(orphan.stat().st_size)
    assert f"uploads  {size}  {orphan}  rows of no dataset" in shown.stdout
    assert "nothing was removed; `densely gc --yes` removes it\n" == shown.stderr
    assert orphan.exists()

    told = json.loads(gc(settings.home, "--json", **folders).stdout)
    assert ([str(orphan)], 0) == ([each["path"] for each in told["leftovers"]], told["freed"])

    assert gc(settings.home, "--yes", **folders).stdout.endswith(f"{size} are free now\n")
    assert not orphan.exists()
    assert kept.exists()
    assert "nothing is left over\n" == gc(settings.home, "--yes", **folders).stdout


def test_models_that_come_with_densely_stay(tmp_path: Path, settings: Settings, database: Database) -> None:
    """Also where the database has not heard of them yet."""
    models = shutil.copytree(REPOSITORY / "models_store", tmp_path / "models")
    for path in models.glob("*/*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    places = {"DENSELY_DATABASE_URL": settings.url, "DENSELY_MODELS_DIR": str(models)}

    assert {"leftovers": [], "freed": 0} == json.loads(gc(settings.home, "--json", **places).stdout)
    (models / "bundled.json").unlink()
    assert 5 == len(json.loads(gc(settings.home, "--json", **places).stdout)["leftovers"])


def test_what_may_be_another_databases_is_shown_and_stays(
    settings: Settings, database: Database, store: ArtifactStore, orphan: Path, folders: dict[str, str]
) -> None:
    """Rows and models that this one has never known."""
    theirs = rows_of(settings, "d-ba9876543210.parquet", "somebody")
    unreadable = settings.uploads / "d-ffffffffffff.parquet"
    unreadable.write_bytes(b"no rows")
    model = publish_artifact(store, "planar")
    other = store.path("planar", model.id)
    for path in (theirs, unreadable, other):
        os.utime(path, (LONG_AGO, LONG_AGO))

    done = json.loads(gc(settings.home, "--yes", "--json", **folders).stdout)

    assert {str(theirs): True, str(unreadable): True, str(other): True, str(orphan): False} == {
        each["path"]: each["kept"] for each in done["leftovers"]
    }
    assert [True, True, True, False] == [path.exists() for path in (theirs, unreadable, other, orphan)]
    assert "of another database" in gc(settings.home, "--yes", **folders).stdout


def test_models_that_are_not_whole_go_once_nobody_can_work_on_them(
    settings: Settings, database: Database, store: ArtifactStore, folders: dict[str, str]
) -> None:
    """Staging, and what lost its manifest in a removal that was cut short; one with a row is for people to look at."""
    known = store.path("planar", add_model(database, store, "planar").id)
    (known / "manifest.json").unlink()
    old, young = store.path("planar", "m-0123456789ab"), store.path("planar", "m-ba9876543210")
    staged, fresh = store.stage("r-1-a"), store.stage("r-2-b")
    for path in (old, young, staged, fresh):
        path.mkdir(parents=True, exist_ok=True)
        (path / "weights.npz").write_bytes(b"some")
    for path in (known, old, staged):
        os.utime(path, (LONG_AGO, LONG_AGO))
    for path in (young, fresh):
        os.utime(path, (LONG_AGO + 7_200, LONG_AGO + 7_200))

    done = json.loads(gc(settings.home, "--yes", "--json", **folders).stdout)

    assert {str(old): "a model without its manifest", str(staged): "a model that was never published"} == {
        each["path"]: each["reason"] for each in done["leftovers"]
    }
    assert 8 == done["freed"]
    assert [True, False, True, False, True] == [path.exists() for path in (known, old, young, staged, fresh)]


def test_without_a_database_nothing_is_left_over(tmp_path: Path) -> None:
    """Everything would seem to be."""
    done = gc(tmp_path / "nowhere", "--yes")

    assert (1, "", True) == (done.returncode, done.stdout, one_line(done.stderr))
    assert "there is no database" in done.stderr
    assert not (tmp_path / "nowhere").exists()
