"""A run's end, where its model goes to an object store: what the trainer's side says and leaves."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.db import models, run_queries, runs
from app.db.engine import Database
from app.domain.runs import Activate, Change
from app.errors import DenselyError, LeaseLost, StoreAway, TrainingError
from app.services import publication
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.services.verdict import Score
from app.storage.remote import open_remote
from app.training import trainer
from app.wire.manifests import MANIFEST, Manifest
from tests.support.artifacts import publish_artifact, register
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.s3 import S3, Fault


@pytest.fixture
def store(s3: S3, tmp_path: Path) -> Iterator[CachedArtifactStore]:
    remote = open_remote(s3.url, tmp_path / "models", tmp_path / "uploads", 100)
    assert remote is not None
    yield CachedArtifactStore(tmp_path / "models", remote)
    remote.close()


@pytest.fixture
def attempt(database: Database, clock: FakeClock) -> Attempt:
    run_id = queue_run(database, clock)
    claim = WorkerService(database, clock, "w-1", 10, clock.monotonic).claim()
    assert claim is not None
    return Attempt(database, clock, run_id, claim.lease_id)


def publish(
    attempt: Attempt,
    store: CachedArtifactStore,
    folder: Path,
    activate: Activate = "always",
    score: Score = lambda _: None,
) -> Manifest:
    """What a trainer does at the end, with a model that stands for the one that it trained."""
    made = publish_artifact(ArtifactStore(folder), "housing")
    staging = store.stage("test")
    for path in (folder / "housing" / made.id).iterdir():
        path.rename(staging / path.name)
    (staging / MANIFEST).unlink()
    manifest = made.model_copy(update={"run_id": attempt.run_id})
    return publication.publish(attempt, store, staging, manifest, activate, score)


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (Fault(method="PUT", status=507, code="QuotaExceeded"), TrainingError, "cannot be published: .* is full"),
        (Fault(method="PUT", status=403, code="AccessDenied"), TrainingError, "cannot be published: .* the right to"),
        (Fault(method="PUT", status=503, code="SlowDown"), StoreAway, "does not answer"),
    ],
    ids=["full", "refused", "away"],
)
def test_a_store_that_does_not_take_the_model_leaves_no_row(
    database: Database,
    store: CachedArtifactStore,
    attempt: Attempt,
    s3: S3,
    tmp_path: Path,
    fault: Fault,
    kind: type[DenselyError],
    told: str,
) -> None:
    """One sort fails the run in one line; the other one ends the trainer with a status of its own."""
    s3.faults.append(fault)

    with pytest.raises(kind, match=told):
        publish(attempt, store, tmp_path / "made")
    with database.read() as tx:
        assert [] == models.of_task(tx, "housing")
    assert not any(name.endswith("manifest.json") for name in s3.names())


def test_a_run_tells_that_it_waits_for_the_store_and_that_it_goes_on(
    database: Database, attempt: Attempt, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wait once, however often it looks, and also between two looks at the database while models are compared."""
    monkeypatch.setattr("app.storage.objects.PAUSES", (0.0, 0.0))
    monkeypatch.setattr("app.storage.objects.AWAY_SECONDS", 0.0)
    monkeypatch.setattr("app.storage.remote.PAUSE", 0.01)
    folders = {"models_dir": str(tmp_path / "models"), "uploads_dir": str(tmp_path / "uploads")}
    remote = trainer.remote_for(attempt, {**folders, "store_url": s3.url, "store_cache_mib": 100})
    assert remote is not None
    store = CachedArtifactStore(tmp_path / "models", remote)
    first = publish_artifact(ArtifactStore(tmp_path / "first"), "housing")
    store.copy_from(ArtifactStore(tmp_path / "first"), "housing", first.id)
    shutil.rmtree(store.path("housing", first.id))
    with database.write() as tx:
        register(tx, first)

    def score(model_id: str) -> float:
        s3.faults.append(Fault(method="GET", status=503, code="SlowDown", times=3))
        store.verify("housing", model_id)
        return 0.0

    s3.faults.append(Fault(method="PUT", status=503, code="SlowDown", times=7))
    published = publish(attempt, store, tmp_path / "made", "if_better", score)

    with database.read() as tx:
        assert published.id in {row.id for row in models.of_task(tx, "housing")}
        found = [event.data.get("message", "") for event in run_queries.events_of(tx, attempt.run_id, 50, 0)]
    waits = [re.sub(r"[\d.]+ s", "… s", message) for message in found if "object store" in message]
    began = "the object store does not answer; the run waits for it"
    assert [began, "the object store did not answer for … s; the run waited and goes on"] * 2 == waits
    remote.close()


def test_whoever_has_lost_the_lease_takes_the_objects_back(
    database: Database, store: CachedArtifactStore, attempt: Attempt, clock: FakeClock, s3: S3, tmp_path: Path
) -> None:
    with database.write() as tx:
        runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.CANCELLED, clock(), None)

    with pytest.raises(LeaseLost):
        publish(attempt, store, tmp_path / "made")
    assert [] == s3.names()
    assert [] == list(store.root.glob("housing/*"))
