"""Runs of tasks and datasets of the user's own: read from the database when the run begins."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from app.datasets.catalog import DatasetCatalog
from app.db import datasets, tasks
from app.db.engine import Database
from app.errors import TaskGone
from app.services.attempts import Attempt
from app.tasks.catalog import TaskCatalog
from app.training.pipeline import Workplace, execute
from tests.support import sixth
from tests.support.clock import FakeClock

Begin = Callable[..., Attempt]


def test_a_run_whose_task_has_gone_fails_with_a_reason(begin: Begin, place: Workplace, database: Database) -> None:
    """It was removed after the run had been queued, which a task with runs that wait never is but by hand."""
    attempt = begin(sixth.task(name="gone"))

    with pytest.raises(TaskGone, match="no task 'gone' any more"):
        execute(attempt, place)


def test_a_run_learns_from_rows_that_were_uploaded(
    begin: Begin, place: Workplace, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Its task comes from the database, its file from the folder of uploads, and its record names the version."""
    task = sixth.task(name="mine")
    content = task.declaration.model_dump(mode="json", by_alias=True, exclude={"datasets"})
    sixth.datasets(tmp_path / "uploads")
    (tmp_path / "uploads" / f"{sixth.NAME}.parquet").rename(tmp_path / "uploads" / "d-1.parquet")
    counts = {"rows": 180, "train_rows": 120, "test_rows": 60, "skipped": 0, "bytes": 1}
    with database.write() as tx:
        tasks.insert_task(tx, "mine", content, clock())
        row = {"id": "d-1", "task": "mine", "sha256": "", "findings": {}, "created_at": clock(), **counts}
        datasets.insert_dataset(tx, "flowers", **row)
    place = dataclasses.replace(
        place, catalog=DatasetCatalog(tmp_path / "datasets", tmp_path / "uploads"), tasks=TaskCatalog()
    )

    manifest = execute(begin(task, dataset="flowers@1"), place)

    assert ("flowers@1", 120, 60, False) == (
        manifest.dataset.name, manifest.dataset.train_rows, manifest.dataset.test_rows, manifest.dataset.is_sample
    )  # fmt: skip
    assert manifest.metrics.test["accuracy"] > 0.9
