"""SQL on datasets: names are what they are."""

from typing import Any

from app.db import datasets, runs
from app.db.engine import Database
from app.domain.runs import RunRequest
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

COUNTS: dict[str, Any] = {
    "rows": 10,
    "train_rows": 8,
    "test_rows": 2,
    "skipped": 0,
    "bytes": 100,
    "sha256": "0" * 64,
    "findings": {},
}


def test_names_that_differ_in_case_are_different_names(database: Database, clock: FakeClock) -> None:
    """SQLite's LIKE, and with it `startswith`, takes one for the other."""
    request = RunRequest.model_validate(
        {
            "task": "housing",
            "preset": "baseline",
            "dataset": "Tickets@7",
            "seed": 1,
            "recipe": (preset := TASKS.get("housing").presets["baseline"]).recipe,
            "validation": preset.validation,
        }
    )
    with database.write() as tx:
        runs.insert_run(tx, request, clock(), 3)
        lower = datasets.insert_dataset(tx, "tickets", id="d-1", task="housing", created_at=clock(), **COUNTS)
        upper = datasets.insert_dataset(tx, "Tickets", id="d-2", task="housing", created_at=clock(), **COUNTS)

    assert (1, 8) == (lower, upper)
    with database.read() as tx:
        assert (0, 1) == (datasets.runs_on(tx, "tickets", None), datasets.runs_on(tx, "Tickets", None))
        assert 0 == datasets.runs_on(tx, "Ticket_", None)
