"""From SQLite and folders to PostgreSQL and an object store."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.artifacts.cached import artifact_store
from app.artifacts.store import ArtifactStore
from app.db import datasets, installation
from app.db.engine import Database
from app.errors import StoreAway
from app.services.moving import Move, move
from app.services.moving_files import Files
from app.services.uploading import UploadFolder
from app.settings import Settings
from app.storage.remote import open_remote
from tests.integration.db.test_migrations import uploaded
from tests.support import postgres
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.s3 import S3, Fault


@pytest.fixture
def new() -> Iterator[Database]:
    """An empty database on a PostgreSQL server."""
    with postgres.running() as cluster:
        database = Database(cluster.new_database())
        yield database
        database.close()


def test_files_go_to_the_object_store(
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    new: Database,
    s3: S3,
    tmp_path: Path,
    clock: FakeClock,
) -> None:
    """Also those that lie in the folder of the new place already; a store that is away is told before a row comes."""
    assert database.file
    model = add_model(database, store, "planar").id
    content = b"rows" * 1_000
    (settings.home / "uploads").mkdir()
    (settings.home / "uploads" / "d-1.parquet").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    with database.write() as tx:
        datasets.insert_dataset(tx, "tickets", **{**uploaded(clock), "sha256": sha256})
    database.close()

    remotes = []

    def files(name: str) -> Files:
        models, uploads = (store.root, settings.uploads) if name == "old" else (tmp_path / name, tmp_path / f"{name}-u")
        remote = open_remote(s3.url, models, uploads, 100)
        remotes.append(remote)
        return Files(artifact_store(models, remote), UploadFolder(uploads, remote))

    source = Files(store, UploadFolder(settings.uploads))
    s3.faults.append(Fault(method="PUT", status=503, code="SlowDown"))
    with pytest.raises(StoreAway):
        move(Move(database.file, source, new, files("new")), clock, lambda *_: None)
    assert new.revision() is None
    s3.faults.clear()

    for name in ("new", "old"):
        s3.reset()
        looked = move(Move(database.file, source, new, files(name), dry=True), clock, lambda *_: None)
        report = move(Move(database.file, source, new, files(name)), clock, lambda *_: None)

        for each in (looked, report):
            assert (1, 0) == (each.models.copied, each.models.there), "to the object store, if not to the folder"
            assert (1, 0) == (each.uploads.copied, each.uploads.there)
        assert report.is_complete
        assert report.is_same
        elsewhere = files(f"seen-after-{name}")
        elsewhere.store.verify("planar", model)
        assert content == elsewhere.uploads.file("d-1", sha256).read_bytes()
        with new.read() as tx:
            assert elsewhere.store.identity() == installation.get(tx, installation.MODELS_FOLDER)
    for remote in remotes:
        assert remote is not None
        remote.close()
