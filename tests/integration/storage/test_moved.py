"""From SQLite and folders to PostgreSQL and an object store."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.artifacts.cached import artifact_store
from app.artifacts.store import ArtifactStore
from app.db import datasets, installation
from app.db.engine import Database
from app.errors import ArtifactInvalid, StoreAway
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


@pytest.mark.sqlite("it is SQLite's file that is left")
def test_looking_fetches_and_writes_nothing(
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    new: Database,
    s3: S3,
    tmp_path: Path,
    clock: FakeClock,
) -> None:
    """Also of what the object store has already; a model or rows that it lacks are told as what is to be copied."""
    assert database.file
    models = [add_model(database, store, "planar", seed=seed) for seed in (1, 2, 3)]
    source = Files(store, UploadFolder(settings.uploads))
    settings.uploads.mkdir()
    for number in (1, 2):
        content = b"rows" * number
        source.uploads.path(f"d-{number}").write_bytes(content)
        with database.write() as tx:
            row = {**uploaded(clock, number), "sha256": hashlib.sha256(content).hexdigest()}
            datasets.insert_dataset(tx, "tickets", **row)
    database.close()
    remote = open_remote(s3.url, tmp_path / "new", tmp_path / "new-u", 100)
    assert remote is not None
    target = Files(artifact_store(tmp_path / "new", remote), UploadFolder(tmp_path / "new-u", remote))
    s3.put("uploads/d-1.parquet", b"rows")
    for model, files in zip(models, (models[0].files, models[2].files), strict=False):
        changed = model.model_copy(update={"files": files})
        s3.put(f"models/planar/{model.id}/manifest.json", changed.model_dump_json().encode())
    before = s3.names()

    report = move(Move(database.file, source, new, target, dry=True), clock, lambda *_: None)

    assert (1, 1, {models[1].id}) == (report.models.there, report.models.copied, report.models.others)
    assert (1, 1, {}) == (report.uploads.there, report.uploads.copied, report.uploads.wrong)
    assert before == s3.names()
    assert [] == [path.name for path in tmp_path.iterdir() if path.name.startswith("new")]
    assert new.revision() is None
    remote.close()


def test_rows_that_change_while_they_are_copied_come_nowhere(s3: S3, tmp_path: Path) -> None:
    """Neither into the folder nor over the right ones that the object store may have."""
    rows = tmp_path / "d-1.parquet"
    rows.write_bytes(b"changed meanwhile")
    remote = open_remote(s3.url, tmp_path / "new", tmp_path / "new-u", 100)
    assert remote is not None
    s3.put("uploads/d-1.parquet", b"right")

    with pytest.raises(ArtifactInvalid, match="was changed while it was copied"):
        UploadFolder(tmp_path / "new-u", remote).copy(rows, "d-1", "owner", hashlib.sha256(b"right").hexdigest())

    assert b"right" == s3.get("uploads/d-1.parquet")
    assert [] == list((tmp_path / "new-u").iterdir())
    remote.close()


@pytest.mark.sqlite("it is SQLite's file that is left")
def test_files_go_to_the_object_store(
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    new: Database,
    s3: S3,
    tmp_path: Path,
    clock: FakeClock,
) -> None:
    """Also those that lie in the folder of the new place already, which are counted by themselves.

    A store that is away is told before a row comes.
    """
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

    copied, stored = (1, 0, 0), (0, 1, 0)
    for name, expected in (("new", (stored, copied)), ("old", (stored, stored))):  # the model had come to the folder
        s3.reset()
        looked = move(Move(database.file, source, new, files(name), dry=True), clock, lambda *_: None)
        report = move(Move(database.file, source, new, files(name)), clock, lambda *_: None)
        for each in (looked, report):
            found = [(part.copied, part.stored, part.there) for part in (each.models, each.uploads)]
            assert list(expected) == found
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
