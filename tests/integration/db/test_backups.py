"""Backups of both databases: all rows and files come back, whatever goes on meanwhile, and nothing half done stays."""

import hashlib
import io
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.artifacts.sealed import SealedReader
from app.artifacts.store import ArtifactStore
from app.db import datasets, installation, migrate, models
from app.db.base import SCHEMA_REVISION
from app.db.engine import Database
from app.errors import BackupInvalid, DenselyError, Unavailable, Unusable
from app.services import backups, restoring
from app.services.backups import Place, Report
from app.services.execution import WorkerService
from app.services.uploading import UploadFolder
from app.wire.backups import BackupManifest
from tests.integration.db.test_migrations import fill, rows_of, uploaded
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.queue import queue_run

Told = Callable[[int, int], None]


@pytest.fixture
def place(database: Database, tmp_path: Path, clock: FakeClock) -> Place:
    """An installation with rows in every table, two models and the rows of a dataset."""
    return made_in(tmp_path / "first", database, clock)


def made_in(folder: Path, database: Database, clock: FakeClock) -> Place:
    (folder / "home").mkdir(parents=True)
    store, uploads = ArtifactStore(folder / "models"), UploadFolder(folder / "uploads")
    fill(database, clock)
    with database.write() as tx:
        models.delete_models(tx, ["m-1"])  # which have no files
        datasets.delete_versions(tx, ["d-1"])
    for seed in (1, 2):
        add_model(database, store, "planar", seed=seed)
    add_upload(database, uploads, clock, 2)
    return Place(database, store, uploads, folder / "home")


def add_upload(database: Database, uploads: UploadFolder, clock: FakeClock, number: int) -> Path:
    uploads.folder.mkdir(parents=True, exist_ok=True)
    path = uploads.path(f"d-{number}")
    path.write_bytes(b"rows" * 1_000 * number)
    row = {**uploaded(clock, number), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    with database.write() as tx:
        datasets.insert_dataset(tx, "tickets", **row)
    return path


@pytest.fixture
def empty(new_url: Callable[[], str], tmp_path: Path) -> Iterator[Place]:
    """A machine where nothing is yet."""
    url = new_url()
    folder = tmp_path / "second"
    (folder / "home").mkdir(parents=True)
    database = Database(url)
    yield Place(database, ArtifactStore(folder / "models"), UploadFolder(folder / "uploads"), folder / "home")
    database.close()


def backed_up(place: Place, clock: FakeClock, file: Path, told: Told = lambda *_: None) -> Report:
    with file.open("wb") as target:
        return backups.write(target, place, clock, told)


def restored(place: Place, file: Path) -> BackupManifest:
    with file.open("rb") as source:
        return restoring.restore(source, place, lambda *_: None)


def files_of(place: Place) -> dict[str, bytes]:
    """All files by name, of models and uploads, but for what tells the folders apart."""
    roots = (place.store.root, place.uploads.folder)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for root in roots
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != ".identity"
    }


def rows(place: Place) -> dict[str, list[str]]:
    with place.database.read() as tx:
        found = rows_of(tx)
    found["installation"] = [row for row in found["installation"] if installation.MODELS_FOLDER not in row]
    return found


def in_place(place: Place) -> list[Path]:
    """Everything in the folders of an installation."""
    roots = (place.store.root, place.uploads.folder, place.scratch)
    return [path for root in roots for path in root.rglob("*") if path.is_file() and path.name != ".identity"]


def test_all_rows_and_files_come_back(place: Place, empty: Place, clock: FakeClock, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    report = backed_up(place, clock, tmp_path / "b", lambda done, total: progress.append((done, total)))
    manifest = restored(empty, tmp_path / "b")

    assert [] == report.warnings
    assert report.manifest == manifest
    assert (2, ["d-2"], SCHEMA_REVISION) == (len(manifest.models), manifest.uploads, manifest.revision)
    assert rows(place) == rows(empty)
    assert files_of(place) == files_of(empty)
    assert 7 == len(files_of(empty)), "two models of three files, and the rows"
    assert progress == sorted(progress), "it never goes back"
    assert progress[-1][0] == progress[-1][1]
    with empty.database.read() as tx:
        assert empty.store.identity() == installation.get(tx, installation.MODELS_FOLDER)
    assert [] == list(place.scratch.iterdir()), "nothing stays of what was in between"
    assert {"densely.db"} >= {path.name for path in empty.scratch.iterdir()}


def test_it_is_that_of_one_moment_while_others_write(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path
) -> None:
    """Rows that come while it is being read are not in it, and do not make it begin anew."""
    before = rows(place)
    other = Database(place.database.engine.url.render_as_string(hide_password=False))
    written: list[str] = []

    def write(done: int, total: int) -> None:
        if len(written) < 3:
            written.append(queue_run(other, clock))
            add_model(other, place.store, "planar", seed=9)

    backed_up(place, clock, tmp_path / "b", write)
    restored(empty, tmp_path / "b")
    other.close()

    assert 3 == len(written)
    assert before == rows(empty)


def test_what_is_removed_meanwhile_is_not_missing_from_it(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path
) -> None:
    """Rows whose files have gone by the time that they are copied: another moment is taken, in which they are not."""
    file = add_upload(place.database, place.uploads, clock, 3)
    gone: list[str] = []

    def remove(done: int, total: int) -> None:
        if gone:
            return
        with place.database.write() as tx:
            gone.extend(row.id for row in models.of_task(tx, "planar") if not row.active)
            models.delete_models(tx, gone)
            datasets.delete_versions(tx, ["d-3"])
        file.unlink()
        place.store.discard(place.store.path("planar", gone[0]))
        add_model(place.database, place.store, "planar", seed=8)

    report = backed_up(place, clock, tmp_path / "b", remove)
    restored(empty, tmp_path / "b")

    assert 1 == len(gone)
    assert [] == report.warnings
    assert rows(place) == rows(empty)
    assert files_of(place) == files_of(empty)


def test_what_is_removed_all_the_time_is_told(place: Place, clock: FakeClock, tmp_path: Path) -> None:
    numbers = iter(range(10, 1_000))
    add_upload(place.database, place.uploads, clock, 9).unlink()

    def remove(done: int, total: int) -> None:
        number = next(numbers)
        add_upload(place.database, place.uploads, clock, number).unlink()
        with place.database.write() as tx:
            datasets.delete_versions(tx, [f"d-{number - 1}"])

    with pytest.raises(Unavailable, match="removed all the time"):
        backed_up(place, clock, tmp_path / "b", remove)


def test_files_that_are_missing_or_altered_are_told_and_the_rest_is_kept(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path
) -> None:
    with place.database.read() as tx:
        missing, altered = sorted(models.all_ids(tx))
    place.store.discard(place.store.path("planar", missing))
    (place.store.path("planar", altered) / "weights.npz").write_bytes(b"else")
    place.uploads.path("d-2").write_bytes(b"else")

    report = backed_up(place, clock, tmp_path / "b")
    restored(empty, tmp_path / "b")

    said = "\n".join(report.warnings)
    assert 3 == len(report.warnings)
    assert f"without model {missing} of task 'planar'" in said
    assert f"weights.npz of model {altered} does not have its checksum" in said
    assert "the rows d-2 do not have their checksum" in said
    assert rows(place) == rows(empty)
    assert files_of(place) == files_of(empty)


def test_one_of_an_older_schema_is_migrated(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path, url: str
) -> None:
    """Also one from before there were uploads."""
    before = rows(place)
    place.database.close()
    migrate.downgrade(url, "0005")
    manifest = backed_up(place, clock, tmp_path / "b").manifest
    assert ("0005", []) == (manifest.revision, manifest.uploads)

    restored(empty, tmp_path / "b")

    empty.database.check_revision()
    assert before["models"] == rows(empty)["models"]
    assert before["epochs"] == rows(empty)["epochs"]


def test_a_migration_that_fails_leaves_no_rows_without_their_files(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's is migrated before it is put in place; PostgreSQL's afterwards, where `densely migrate` tries again."""
    backed_up(place, clock, tmp_path / "b")

    def fail(_: str) -> None:
        raise Unusable("the database cannot be migrated")

    with monkeypatch.context() as patched:
        patched.setattr("app.db.refill.migrate.upgrade", fail)
        with pytest.raises(Unusable, match="cannot be migrated"):
            restored(empty, tmp_path / "b")

    is_there = empty.database.revision() is not None
    assert is_there is not empty.database.is_sqlite
    assert (files_of(place) if is_there else {}) == files_of(empty)


def test_a_run_that_was_going_goes_on_as_after_a_crash(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path
) -> None:
    backed_up(place, clock, tmp_path / "b")
    restored(empty, tmp_path / "b")

    worker = WorkerService(empty.database, clock, "w-2", 10, clock.monotonic)
    assert worker.claim() is None, "somebody may still be at it"
    for _ in range(12):
        clock.advance(1)
        worker.expire()
    claim = worker.claim()

    assert claim is not None
    assert 2 == claim.run.attempt


@pytest.mark.parametrize("what", ["the same", "tables"])
def test_nothing_is_put_in_the_place_of_a_database(
    place: Place, clock: FakeClock, tmp_path: Path, new_url: Callable[[], str], empty: Place, what: str
) -> None:
    backed_up(place, clock, tmp_path / "b")
    target = place
    if what == "tables":
        migrate.upgrade(empty.database.engine.url.render_as_string(hide_password=False))
        target = empty
    before, files = rows(target), in_place(target)

    with pytest.raises(Unusable, match="already") as caught:
        restored(target, tmp_path / "b")

    assert 1 == len(caught.value.message.splitlines())
    assert (before, files) == (rows(target), in_place(target))


def test_files_that_are_there_stay_and_only_others_under_their_names_are_refused(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path
) -> None:
    """Of another database, and of this one; a folder of models may be shared."""
    backed_up(place, clock, tmp_path / "b")
    shared = Place(empty.database, place.store, empty.uploads, empty.scratch)
    others = empty.uploads.path("d-2")
    others.parent.mkdir()
    others.write_bytes(b"somebody's")
    before = files_of(shared)

    with pytest.raises(Unusable, match=r"d-2\.parquet is there already, and is not what the backup holds"):
        restored(shared, tmp_path / "b")
    assert before == files_of(shared)
    assert empty.database.revision() is None
    empty.database.close()

    others.rename(others.with_name("d-3.parquet"))
    for file in empty.scratch.iterdir():
        file.unlink()
    forget(empty)
    restored(shared, tmp_path / "b")
    assert files_of(place) | {"d-3.parquet": b"somebody's"} == files_of(shared)


def forget(place: Place) -> None:
    """Asking for the revision has made an SQLite file."""
    if place.database.file:
        for path in place.database.file.parent.glob(f"{place.database.file.name}*"):
            path.unlink()


def test_a_database_without_tables_is_nothing_to_back_up(empty: Place, clock: FakeClock, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no tables yet"):
        backed_up(empty, clock, tmp_path / "b")


def test_tables_of_a_newer_release_are_backed_up_by_that_one(place: Place, clock: FakeClock, tmp_path: Path) -> None:
    with place.database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9001'"))

    with pytest.raises(Unusable, match="schema 9001"):
        backed_up(place, clock, tmp_path / "b")


def rewritten(file: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    """The same archive with other members."""
    with tarfile.open(file) as archive:
        members = [(entry.name, archive.extractfile(entry).read()) for entry in archive]  # type: ignore[union-attr]
    with tarfile.open(file, "w") as archive:
        for name, content in members:
            name, content = change(name, content)  # noqa: PLW2901 - which is what it does
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _said(old: bytes, new: bytes) -> Callable[[str, bytes], tuple[str, bytes]]:
    """Another header."""
    return lambda name, content: (name, content.replace(old, new) if name == backups.HEADER else content)


def _named(name: str) -> Callable[[str, bytes], tuple[str, bytes]]:
    """One of the members is called this."""
    return lambda present, content: (name if present.endswith("weights.npz") else present, content)


BAD: dict[str, tuple[Callable[[str, bytes], tuple[str, bytes]], str]] = {
    "a newer format": (_said(b'"format":1', b'"format":2'), "format 2 of Densely .* newer than this one"),
    "a newer schema": (
        _said(f'"{SCHEMA_REVISION}"'.encode(), b'"9001"'),
        "schema 9001 of Densely .* restore it with that release or a later one",
    ),
    "no header": (lambda name, content: ("a" if name == backups.HEADER else name, content), "no backup of Densely"),
    "an odd header": (_said(b'"format"', b'"formed"'), "damaged, or no backup"),
    "a path upwards": (_named("models/planar/../../x"), "no name of a backup's"),
    "a path from the root": (_named("/etc/densely"), "no name of a backup's"),
    "a path to the database": (_named("../home/densely.db"), "no name of a backup's"),
    "a hidden file": (_named("models/planar/m-1/.x"), "no name of a backup's"),
    "a line's end": (_named("models/planar/m-1/x\n"), "no name of a backup's"),
    "a name twice": (_named("models/planar/m-1/x"), "where nothing of the kind may be"),
    "another name": (
        lambda name, content: (name.replace("weights", "heights"), content),
        "members are not those of its manifest",
    ),
    "other content": (
        lambda name, content: (name, content[:-1] + b"?" if name.endswith("weights.npz") else content),
        "members are not those of its manifest",
    ),
    "another database": (
        lambda name, content: (name, content[:-1] + b"?" if name.startswith("database.") else content),
        "members are not those of its manifest",
    ),
    "another manifest": (
        lambda name, content: (name, content + b" " if name == "manifest.json" else content),
        "seal is missing or does not fit",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_whole_or_not_ours_leaves_nothing(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path, what: str
) -> None:
    change, told = BAD[what]
    backed_up(place, clock, tmp_path / "b")
    rewritten(tmp_path / "b", change)
    outside = {path for path in tmp_path.rglob("*") if path.name != "b"}

    with pytest.raises(BackupInvalid, match=told) as caught:
        restored(empty, tmp_path / "b")

    assert 1 == len(caught.value.message.splitlines())
    assert_nothing_of(empty, outside, tmp_path)


def assert_nothing_of(place: Place, before: set[Path], folder: Path) -> None:
    """No file is new; the folders that were made are empty."""
    assert [] == [path for path in set(folder.rglob("*")) - before if path.is_file() and path.name != "b"]
    assert place.database.revision() is None


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Renaming to a path that ends like this fails, as on a disk that is full."""
    real = Path.rename

    def rename(path: Path, target: Any) -> Path:
        if str(target).endswith(name):
            raise OSError(28, "No space left on device", str(target))
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        yield


def test_what_fails_at_the_last_step_is_undone(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models are in place by then."""
    backed_up(place, clock, tmp_path / "b")
    outside = set(tmp_path.rglob("*"))

    with refusing(monkeypatch, "d-2.parquet"), pytest.raises(OSError, match="No space left"):
        restored(empty, tmp_path / "b")

    assert [] == [path for path in set(tmp_path.rglob("*")) - outside if path.is_file()]
    assert empty.database.revision() is None
    forget(empty)
    restored(empty, tmp_path / "b")
    assert files_of(place) == files_of(empty)


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
def test_a_program_that_is_missing_is_told(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if place.database.is_sqlite:
        pytest.skip("SQLite needs no programs")
    if program == "pg_restore":
        backed_up(place, clock, tmp_path / "b")
    outside = {path for path in tmp_path.rglob("*") if path.name != "b"}
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unusable, match=f"{program} cannot be started .*: install PostgreSQL's client programs"):
        backed_up(place, clock, tmp_path / "b") if program == "pg_dump" else restored(empty, tmp_path / "b")

    new = [path for path in set(tmp_path.rglob("*")) - outside if path.is_file() and path.name != "b"]
    assert {".identity"} >= {path.name for path in new}
    assert empty.database.revision() is None


def test_a_backup_of_the_other_kind_of_database_is_refused(
    place: Place, clock: FakeClock, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    backed_up(place, clock, tmp_path / "b")
    sqlite = f"sqlite:///{tmp_path}/other.db"
    database = Database(request.getfixturevalue("cluster").new_database() if kind == "sqlite" else sqlite)
    other = Place(database, ArtifactStore(tmp_path / "m"), UploadFolder(tmp_path / "u"), tmp_path)

    with pytest.raises(Unusable, match=r"its database is .*'s, and that of DENSELY_DATABASE_URL is not"):
        restored(other, tmp_path / "b")
    database.close()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_another_sqlite_file_has_left_is_not_taken_for_its_own(
    place: Place, empty: Place, clock: FakeClock, tmp_path: Path, end: str
) -> None:
    """SQLite would play a stranger's log into the restored file."""
    if not empty.database.file:
        pytest.skip("PostgreSQL has no such files")
    backed_up(place, clock, tmp_path / "b")
    left = empty.database.file.with_name(empty.database.file.name + end)
    left.write_bytes(b"log")

    with pytest.raises(Unusable, match=f"{left.name} is there already"):
        restored(empty, tmp_path / "b")
    assert not empty.database.file.exists()


def test_a_damaged_sqlite_file_is_no_backup(place: Place, clock: FakeClock, tmp_path: Path) -> None:
    """It would take the place of a good one."""
    if not place.database.file:
        pytest.skip("PostgreSQL looks after its own files")
    place.database.close()
    with sqlite3.connect(place.database.file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with place.database.file.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)

    with pytest.raises(DenselyError, match=r"damaged|cannot be read"):
        backed_up(place, clock, tmp_path / "b")


def test_it_is_written_to_a_pipe_too(place: Place, clock: FakeClock, tmp_path: Path) -> None:
    """As into a program that packs or sends it."""
    pipe, target = tmp_path / "pipe", tmp_path / "b"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: target.write_bytes(pipe.read_bytes()))
    reader.start()
    backed_up(place, clock, pipe)
    reader.join()

    with target.open("rb") as source:
        sealed = SealedReader(source, lambda _: None)
        assert backups.HEADER in [name for name, _ in sealed.members()]
        sealed.finish()
