"""An installation whose models and uploaded rows are in an object store: uploads, backups, leftovers, the doctor."""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.artifacts.cached import artifact_store
from app.artifacts.store import WEIGHTS
from app.cli import places
from app.db import datasets, installation, models, tasks
from app.db.engine import Database
from app.errors import Unusable
from app.services import backups, gc, restoring, stored
from app.services.backups import Place
from app.services.uploading import UploadFolder
from app.settings import Settings
from app.storage import filesystems
from app.storage.remote import open_remote
from tests.integration.db.test_migrations import uploaded
from tests.integration.test_own_tasks import declaration, until
from tests.support import own, sixth
from tests.support.artifacts import add_model, publish_artifact
from tests.support.clock import FakeClock
from tests.support.s3 import S3, Fault
from tests.support.tasks import TASKS

ClientFor = Callable[[Settings], httpx.Client]
LONG = 60.0  # seconds


@pytest.fixture
def place_in(s3: S3, tmp_path: Path) -> Iterator[Callable[[str, Database], Place]]:
    """The folders of a machine, as caches of the store."""
    opened = []

    def make(name: str, database: Database) -> Place:
        folder = tmp_path / name
        (folder / "home").mkdir(parents=True)
        remote = open_remote(s3.url, folder / "models", folder / "uploads", 100)
        assert remote is not None
        opened.append(remote)
        uploads = UploadFolder(folder / "uploads", remote)
        return Place(database, artifact_store(folder / "models", remote), uploads, folder / "home")

    yield make
    for remote in opened:
        remote.close()


def settings_of(settings: Settings, s3: S3, machine: Path) -> Settings:
    own_places = {"models_dir": machine / "models", "uploads_dir": machine / "uploads"}
    return settings.model_copy(update={"store_url": s3.url, **own_places})


def rows_of(s3: S3) -> list[str]:
    return [name for name in s3.names() if name.startswith("uploads/")]


def test_rows_are_brought_to_one_machine_and_read_at_another(
    client_for: ClientFor, settings: Settings, database: Database, s3: S3, tmp_path: Path
) -> None:
    """Also added to there; a damaged object is told, and what is removed is gone from the store."""
    del database
    one, two = (client_for(settings_of(settings, s3, tmp_path / name)) for name in ("one", "two"))
    answer = own.create(one, "tickets", own.tickets(60), train=False)
    assert 201 == answer.status_code, answer.text

    until(lambda: two.get("/tasks/tickets").is_success)  # it looks again and again for what others have made
    shown = two.get("/datasets/tickets/rows?limit=5").raise_for_status().json()["items"]
    assert 5 == len(shown)
    more = {"Content-Type": "text/csv"}
    added = two.post("/datasets/tickets/rows", content=own.tickets(30, seed=9), headers=more)
    assert (201, 2) == (added.status_code, added.json()["version"]), added.text
    assert 2 == len(rows_of(s3))
    assert 90 == one.get("/datasets/tickets").json()["rows"] + one.get("/datasets/tickets").json()["skipped"]

    latest = next(name for name in rows_of(s3) if not (tmp_path / "one" / name).exists())
    s3.put(latest, b"other rows")
    damaged = one.get("/datasets/tickets/rows?version=2")
    assert (503, True) == (damaged.status_code, "does not have its checksum" in damaged.text)
    assert 200 == two.get("/datasets/tickets/rows?version=2").status_code

    one.delete("/datasets/tickets").raise_for_status()
    assert [] == rows_of(s3)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(method="PUT", path="uploads/", status=507, code="QuotaExceeded"), "is full (QuotaExceeded)"),
        (Fault(method="PUT", path="uploads/", status=503, code="SlowDown"), "does not answer (SlowDown)"),
    ],
    ids=["full", "away"],
)
def test_of_rows_that_the_store_does_not_take_nothing_stays(
    client_for: ClientFor, settings: Settings, database: Database, s3: S3, tmp_path: Path, fault: Fault, told: str
) -> None:
    del database
    client = client_for(settings_of(settings, s3, tmp_path / "one"))
    s3.faults.append(fault)

    answer = own.create(client, "tickets", own.tickets(60), train=False)

    assert (503, True) == (answer.status_code, told in answer.json()["detail"]), answer.text
    assert 404 == client.get("/tasks/tickets").status_code
    assert [] == rows_of(s3)
    assert [] == [path for path in (tmp_path / "one" / "uploads").rglob("*") if path.is_file()]


def add_rows(place: Place, clock: FakeClock) -> str:
    """Of a dataset, in the store and in the cache."""
    place.uploads.folder.mkdir(parents=True, exist_ok=True)
    path = place.uploads.path("d-1")
    path.write_bytes(b"rows" * 1_000)
    assert place.uploads.keep("d-1")
    row = {**uploaded(clock, 1), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    with place.database.write() as tx:
        datasets.insert_dataset(tx, "tickets", **row)
    return path.name


@pytest.mark.sqlite("the backup is restored into another file")
def test_a_backup_reads_through_the_cache_and_is_restored_into_a_store(
    place_in: Callable[[str, Database], Place], database: Database, clock: FakeClock, s3: S3, tmp_path: Path
) -> None:
    here = place_in("one", database)
    made = add_model(database, here.store, "planar")
    add_rows(here, clock)
    whole = s3.names()
    shutil.rmtree(here.store.root)
    shutil.rmtree(here.uploads.folder)
    file = tmp_path / "backup.tar"
    with file.open("wb") as target:
        assert [] == backups.write(target, here, clock, lambda *_: None).warnings
    s3.reset()
    fresh = Database(f"sqlite:///{tmp_path}/fresh/densely.db")
    there = place_in("two", fresh)

    s3.faults.append(Fault(method="PUT", path="uploads/", status=507, code="QuotaExceeded"))
    with file.open("rb") as source, pytest.raises(Unusable, match="is full"):
        restoring.restore(source, there, lambda *_: None)
    assert [] == s3.names()
    s3.faults.clear()
    with file.open("rb") as source:
        restoring.restore(source, there, lambda *_: None)

    assert {*whole, "identity"} == set(s3.names())
    assert made.id in {model_id for _, model_id in there.store.published()}
    with fresh.read() as tx:
        assert there.store.identity() == installation.get(tx, installation.MODELS_FOLDER)
    fresh.close()


def test_a_backup_takes_from_the_store_what_is_damaged_here(
    place_in: Callable[[str, Database], Place], database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """What is damaged, and nowhere else, is in it with a warning."""
    here = place_in("one", database)
    harmed = add_model(database, here.store, "planar")
    (here.store.path("planar", harmed.id) / WEIGHTS).write_bytes(b"x")
    with (tmp_path / "first.tar").open("wb") as target:
        assert [] == backups.write(target, here, clock, lambda *_: None).warnings

    (here.store.path("planar", harmed.id) / WEIGHTS).write_bytes(b"x")
    here.store.objects.remove("planar", harmed.id)  # type: ignore[attr-defined]
    with (tmp_path / "second.tar").open("wb") as target:
        (told,) = backups.write(target, here, clock, lambda *_: None).warnings
    assert "does not have its checksum" in told


def test_what_nothing_refers_to_is_found_in_the_store_and_removed(
    place_in: Callable[[str, Database], Place], database: Database, clock: FakeClock, s3: S3
) -> None:
    """Objects without a manifest, and nothing that may be another database's."""
    here = place_in("one", database)
    add_model(database, here.store, "planar")
    add_rows(here, clock)
    known = set(s3.names())
    others = publish_artifact(here.store, "housing")
    s3.put("uploads/d-9.parquet", b"nobody's that can be told")
    s3.put("models/digits/m-9/weights.npz", b"half")
    shutil.rmtree(here.store.root)
    in_an_hour, in_a_week = time.time() + 7_200, time.time() + 7 * 86_400

    young = gc.leftovers(database, here.store, here.uploads, here.scratch / "checkpoints", in_an_hour)
    found = gc.leftovers(database, here.store, here.uploads, here.scratch / "checkpoints", in_a_week)

    assert f"{s3.url}/models/digits/m-9" not in {str(each.path) for each in young}
    told = {str(each.path): (each.reason, each.kept) for each in found}
    assert {
        f"{s3.url}/models/digits/m-9": ("a model that was never published", False),
        f"{s3.url}/models/housing/{others.id}": (gc.OTHERS, True),
        f"{s3.url}/uploads/d-9.parquet": (gc.OTHERS, True),
    } == told
    assert 4 == gc.remove(found)
    assert known < set(s3.names())
    assert "models/digits/m-9/weights.npz" not in s3.names()


def test_the_doctor_looks_at_the_store(settings: Settings, s3: S3) -> None:
    assert [] == list(places.store(settings))
    (found,) = places.store(settings.model_copy(update={"store_url": s3.url}))
    assert ("ok", f"{s3.url} takes, gives and removes objects") == (found.state, found.told)
    assert [] == s3.names()

    s3.faults.append(Fault(method="PUT", status=403, code="AccessDenied"))
    (found,) = places.store(settings.model_copy(update={"store_url": s3.url}))
    assert ("wrong", f"{s3.url}: the object store refuses (AccessDenied)") == (found.state, found.told)
    assert "give this service the right" in str(found.mend)
    s3.faults.clear()
    (found,) = places.store(settings.model_copy(update={"store_url": "s3://nobody/x"}))
    assert "s3://nobody/x: the object store has no such bucket (NoSuchBucket)" == found.told


def test_a_replica_starts_and_is_ready_while_the_store_is_away(
    client_for: ClientFor, settings: Settings, database: Database, s3: S3, tmp_path: Path
) -> None:
    """With what its cache holds, task by task; the whole is not, where a model is missing that others may have."""
    first = settings_of(settings, s3, tmp_path / "one")
    remote = open_remote(s3.url, first.models_dir, first.uploads, 100)
    store = artifact_store(first.models_dir, remote)
    add_model(database, store, "housing")
    gone = add_model(database, store, "digits")
    shutil.rmtree(store.path("digits", gone.id))
    assert remote
    remote.close()
    s3.faults.append(Fault(status=503, code="SlowDown"))

    client = client_for(first)

    assert 503 == client.get("/health/ready").status_code
    ready = client.get("/health/ready?task=housing")
    assert (200, "ready") == (ready.status_code, ready.json()["tasks"]["housing"])
    assert "object store does not answer" in ready.json()["tasks"]["digits"]
    s3.faults.clear()
    end = time.monotonic() + 20
    while client.get("/health/ready?task=digits").status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_rows_are_put_into_a_bucket_that_was_made_anew(
    place_in: Callable[[str, Database], Place], database: Database, clock: FakeClock, s3: S3
) -> None:
    """What was known of the one before, which had the same URL, counts for nothing."""
    here = place_in("one", database)
    name = add_rows(here, clock)
    assert not here.uploads.keep("d-1")
    s3.reset()

    assert here.uploads.keep("d-1")
    assert [f"uploads/{name}"] == rows_of(s3)


def test_an_empty_object_among_the_rows_is_nobodys(
    place_in: Callable[[str, Database], Place], database: Database, s3: S3
) -> None:
    """As of a copy that was cut off; S3 refuses to give a part of it."""
    s3.put("uploads/d-1.parquet", b"")
    place = place_in("one", database)
    found = stored.objects_of(place.store, place.uploads)
    assert found

    [left] = found.uploads(set(), time.time() + 60)

    assert (0, None) == (left.bytes, left.owner)
    left.remove()
    assert [] == rows_of(s3)


def test_a_store_that_stalls_keeps_nobody_from_models_that_are_here(
    client_for: ClientFor,
    settings: Settings,
    database: Database,
    clock: FakeClock,
    s3: S3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither from their answers in threads, nor from activating one; who asks for what is there alone waits."""
    patient = {**filesystems._OPTIONS["s3"], "config_kwargs": {"read_timeout": LONG, "retries": {"max_attempts": 0}}}
    monkeypatch.setitem(filesystems._OPTIONS, "s3", patient)  # the stall ends when the test says so, not by itself
    first = settings_of(settings, s3, tmp_path / "one")
    remote = open_remote(s3.url, first.models_dir, first.uploads, 100)
    assert remote
    store = artifact_store(first.models_dir, remote)
    loaded, other = add_model(database, store, "housing"), add_model(database, store, "housing", active=False)
    away, planar = add_model(database, store, "housing", active=False), add_model(database, store, "planar")
    newer = add_model(database, store, "planar", active=False)
    for gone in (store.path("housing", away.id), store.path("planar", newer.id)):
        shutil.rmtree(gone)
    remote.close()
    client = client_for(first)
    mended = threading.Event()
    s3.faults.extend(Fault(method="GET", path=each.id, before=mended.wait) for each in (away, newer))
    body = {"task": "housing", **TASKS.get("housing").example}

    def ask(model_id: str) -> int:
        return client.post("/predict", json={**body, "model": model_id}, timeout=LONG).status_code

    with ThreadPoolExecutor(5) as threads:
        waiting = [threads.submit(ask, away.id) for _ in range(4)]
        try:
            with database.write() as tx:  # by another process
                models.activate(tx, "planar", newer.id, clock(), "by hand")
            until(lambda: all(any(each.id in line for line in s3.seen) for each in (away, newer)), LONG / 2)
            assert [200, 200] == [ask(loaded.id), ask(other.id)]
            client.put("/tasks/housing/active-model", json={"model_id": other.id}).raise_for_status()
            assert other.id == client.post("/predict", json=body).json()["model"]["id"]
            answer = client.post("/predict", json={"task": "planar", **TASKS.get("planar").example})
            assert planar.id == answer.json()["model"]["id"]
            with database.write() as tx:
                models.activate(tx, "housing", loaded.id, clock(), "by hand")
            # What others activate is followed, too.
            until(lambda: client.post("/predict", json=body).json()["model"]["id"] == loaded.id, LONG / 2)
            assert not any(each.done() for each in waiting)
        finally:
            mended.set()
        assert [200] * 4 == [each.result() for each in waiting]


def test_a_replica_that_begins_without_the_store_is_not_ready_before_it_has_answered(
    client_for: ClientFor,
    settings: Settings,
    database: Database,
    clock: FakeClock,
    s3: S3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One whose cache has everything is; and one that loses the store later lacks what it lacks, and goes on."""
    monkeypatch.setattr("app.storage.objects.PAUSES", (0.0,))
    monkeypatch.setattr("app.storage.objects.AWAY_SECONDS", 0.05)
    monkeypatch.setattr("app.api.follower.ASK_SECONDS", 0.05)
    monkeypatch.setattr(Settings, "bundled_models", tmp_path)  # which has none
    first, second = (settings_of(settings, s3, tmp_path / name) for name in ("one", "two"))
    remote = open_remote(s3.url, first.models_dir, first.uploads, 100)
    assert remote
    store = artifact_store(first.models_dir, remote)
    made = add_model(database, store, sixth.task())
    remote.close()
    with database.write() as tx:
        tasks.insert_task(tx, sixth.NAME, declaration(), clock())

    def ready(client: httpx.Client) -> list[int]:
        asked = [client.get(f"/health/ready{query}").status_code for query in ("", f"?task={sixth.NAME}")]
        return [*asked, client.get("/health/live").status_code]

    s3.faults.append(Fault(status=503, code="SlowDown"))
    whole, empty = client_for(first), client_for(second)
    assert [200, 200, 200] == ready(whole)
    assert [503, 503, 200] == ready(empty)
    assert "does not give it now" in empty.get(f"/health/ready?task={sixth.NAME}").json()["detail"]
    s3.faults.clear()
    until(lambda: ready(empty) == [200, 200, 200])
    said = ""

    def both_are_back() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return said.count("store.back") == 2

    until(both_are_back)
    shutil.rmtree(store.path(sixth.NAME, made.id))  # as when it was evicted
    s3.faults.append(Fault(status=503, code="SlowDown"))
    assert 503 == whole.post("/predict", json={"task": sixth.NAME, "features": sixth.EXAMPLE}).status_code
    until(lambda: ready(whole) == [200, 503, 200])
    s3.faults.clear()
    until(lambda: ready(whole) == [200, 200, 200])  # though nobody asks it for a prediction
