"""An installation that is given an object store, or whose bucket was made anew: what is here alone is put there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import WEIGHTS, ArtifactStore
from app.cli import places
from app.db import models
from app.db.engine import Database
from app.services.filling import AGAIN, SOON, StoreFilling
from app.services.uploading import UploadFolder
from app.settings import Settings
from app.storage.remote import Remote, open_remote
from tests.integration.test_own_tasks import until
from tests.support import own
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.s3 import S3, Fault
from tests.support.tasks import TASKS

ClientFor = Callable[[Settings], httpx.Client]


@pytest.fixture
def remote(settings: Settings, s3: S3) -> Iterator[Remote]:
    opened = open_remote(s3.url, settings.models_dir, settings.uploads, 100)
    assert opened
    yield opened
    opened.close()


@pytest.fixture
def cached(settings: Settings, remote: Remote) -> CachedArtifactStore:
    return CachedArtifactStore(settings.models_dir, remote)


def test_what_was_in_folders_is_answered_by_a_machine_that_has_the_store_alone(
    client_for: ClientFor, settings: Settings, database: Database, s3: S3, tmp_path: Path
) -> None:
    """By the setting alone; nothing that is damaged goes there."""
    before, folder = client_for(settings), ArtifactStore(settings.models_dir)
    for name in ("tickets", "invoices"):
        assert 201 == own.create(before, name, own.tickets(60), train=False).status_code
    made = add_model(database, folder, "housing")
    damaged = add_model(database, folder, "housing", active=False)
    (folder.path("housing", damaged.id) / WEIGHTS).write_bytes(b"x")
    min(settings.uploads.glob("*.parquet")).write_bytes(b"other rows")
    with_store = settings.model_copy(update={"store_url": s3.url})
    _, *told = places.store(with_store)
    assert ["note", "wrong"] == [each.state for each in told]
    assert "lacks 1 model and 1 file of rows that the database names, which are in the folders here" in told[0].told

    client_for(with_store)
    until(lambda: f"models/housing/{made.id}/manifest.json" in s3.names())
    until(lambda: 1 == sum(name.startswith("uploads/") for name in s3.names()))

    assert not any(damaged.id in name for name in s3.names())
    other = client_for(with_store.model_copy(update={"models_dir": tmp_path / "m", "uploads_dir": tmp_path / "u"}))
    answer = other.post("/predict", json={"task": "housing", **TASKS.get("housing").example}).raise_for_status()
    assert made.id == answer.json()["model"]["id"]
    _, *told = places.store(with_store)
    assert ["wrong"] == [each.state for each in told]
    assert "lacks 1 model and 1 file of rows" in told[0].told


def test_it_is_looked_again_after_an_hour_and_sooner_if_the_store_did_not_take_it(
    settings: Settings, database: Database, cached: CachedArtifactStore, remote: Remote, s3: S3
) -> None:
    made = add_model(database, ArtifactStore(settings.models_dir), "housing")
    clock = FakeClock()
    clock.advance(1)
    filling = StoreFilling(database, cached, UploadFolder(settings.uploads, remote), monotonic=clock.monotonic)
    s3.faults.append(Fault(method="PUT", status=507, code="QuotaExceeded"))

    def look() -> int:
        filling.begin()
        filling._thread.join(20)
        return sum(made.id in name for name in s3.names())

    assert 0 == look()
    s3.faults.clear()
    assert 0 == look()
    clock.advance(SOON)
    assert look()
    s3.reset()
    clock.advance(AGAIN - 1)
    assert 0 == look()
    clock.advance(1)
    assert look()


def test_what_is_removed_while_it_is_put_there_does_not_stay(
    settings: Settings, database: Database, cached: CachedArtifactStore, remote: Remote, s3: S3
) -> None:
    made = add_model(database, ArtifactStore(settings.models_dir), "housing", active=False)

    def remove() -> None:
        with database.write() as tx:
            models.delete_models(tx, [made.id])

    s3.faults.append(Fault(method="PUT", path="manifest.json", before=remove, times=1))

    StoreFilling(database, cached, UploadFolder(settings.uploads, remote)).fill(cached)

    assert [] == [name for name in s3.names() if made.id in name]
