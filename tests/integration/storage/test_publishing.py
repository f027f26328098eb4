"""A run's end, where its model goes to an object store: what the trainer's side says and leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.db import models, runs
from app.db.engine import Database
from app.domain.runs import Change
from app.errors import DenselyError, LeaseLost, StoreAway, TrainingError
from app.services import publication
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.storage.remote import open_remote
from app.wire.manifests import MANIFEST, Manifest
from tests.support.artifacts import publish_artifact
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


def publish(attempt: Attempt, store: CachedArtifactStore, folder: Path) -> Manifest:
    """What a trainer does at the end, with a model that stands for the one that it trained."""
    made = publish_artifact(ArtifactStore(folder), "housing")
    staging = store.stage("test")
    for path in (folder / "housing" / made.id).iterdir():
        path.rename(staging / path.name)
    (staging / MANIFEST).unlink()
    manifest = made.model_copy(update={"run_id": attempt.run_id})
    return publication.publish(attempt, store, staging, manifest, "always", lambda _: None)


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


def test_whoever_has_lost_the_lease_takes_the_objects_back(
    database: Database, store: CachedArtifactStore, attempt: Attempt, clock: FakeClock, s3: S3, tmp_path: Path
) -> None:
    with database.write() as tx:
        runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.CANCELLED, clock(), None)

    with pytest.raises(LeaseLost):
        publish(attempt, store, tmp_path / "made")
    assert [] == s3.names()
    assert [] == list(store.root.glob("housing/*"))
