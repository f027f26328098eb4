"""Search around a recipe: whatever the preset, what is proposed is a sweep that can be asked for."""

from pathlib import Path

import pytest

from app.datasets.catalog import DatasetCatalog
from app.db.engine import Database
from app.domain.recipes import Holdout, NoValidation
from app.services.sweeps.proposals import around
from app.services.sweeps.requests import plan_of
from app.services.training import TrainingService
from app.wire.runs import Run
from app.wire.sweeps import SweepRequest
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS


def as_run(task: str, preset: str) -> Run:
    """On the sample, as it was asked for; where the preset holds more rows out than there are, fewer."""
    found = TASKS.get(task).presets[preset]
    validation = found.validation.model_dump() | ({"size": 50} if isinstance(found.validation, Holdout) else {})
    asked = {"task": task, "preset": preset, "dataset": "sample", "seed": 1, "seeds": 1, "validation": validation}
    blank = dict.fromkeys(
        "name started_at finished_at cancel_requested_at progress model_id error device retry_of traceparent".split()
    )
    return Run.model_validate(
        {
            **blank, **asked, "id": "r-1", "status": "queued", "dataset_is_sample": True, "activate": "never",
            "recipe": found.recipe.model_dump(mode="json"), "tags": {}, "attempt": 0, "max_attempts": 3,
            "created_at": FakeClock()(), "metrics": {},
        }
    )  # fmt: skip


@pytest.mark.parametrize("task", list(TASKS.all))
def test_every_preset_has_a_space_that_can_be_asked_for(task: str, tmp_path: Path, clock: FakeClock) -> None:
    catalog = DatasetCatalog(tmp_path / "datasets", tmp_path / "uploads")
    training = TrainingService(Database(f"sqlite:///{tmp_path / 'x.db'}"), TASKS, catalog, clock, 3)
    for preset in TASKS.get(task).presets:
        run = as_run(task, preset)

        proposed = around(TASKS.get(task), run).model_dump(mode="json", exclude_unset=True)

        assert "optimizer.learning_rate" in proposed["space"]
        assert ("validation" in proposed) == (not isinstance(run.validation, NoValidation))
        plan = plan_of(training, catalog, SweepRequest.model_validate(proposed)).plan
        assert run.recipe == plan.recipe
