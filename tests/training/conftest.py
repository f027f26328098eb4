"""Training in this process, with TensorFlow."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.datasets.encoded import EncodedCache
from app.db import run_queries
from app.db.engine import Database
from app.kinds.base import Task
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.training.pipeline import Workplace
from app.wire.runs import Run
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS


@pytest.fixture
def place(store: ArtifactStore, tmp_path: Path) -> Workplace:
    return Workplace(
        tasks=TASKS,
        store=store,
        catalog=DatasetCatalog(tmp_path / "datasets"),
        encoded=EncodedCache(tmp_path / "encoded", 2**30),
        checkpoints=tmp_path / "checkpoints",
        checkpoint_seconds=1e9,
    )


@pytest.fixture
def begin(database: Database, clock: FakeClock) -> Callable[..., Attempt]:
    """Queue and claim a run; the attempt at it."""

    def start(task: str | Task = "housing", **changes: Any) -> Attempt:
        queue_run(database, clock, task, **changes)
        claim = WorkerService(database, clock, "w-test", 60).claim()
        assert claim is not None
        return Attempt(database, clock, claim.run.id, claim.lease_id)

    return start


@pytest.fixture
def run_of(database: Database) -> Callable[[Attempt], Run]:
    def read(attempt: Attempt) -> Run:
        with database.read() as tx:
            return run_queries.get(tx, attempt.run_id)

    return read
