"""A disk that is full, or takes nothing, while a run is going."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from app.artifacts.store import ArtifactStore
from app.db import run_queries
from app.db.engine import Database
from app.domain.runs import RunStatus
from app.services.attempts import Attempt
from app.settings import Settings
from app.training import program
from app.training.build import build
from app.training.checkpoint import Checkpoints, Position
from app.training.fit import FitState
from app.training.pipeline import Workplace, execute
from app.wire.runs import Run
from tests.support.disks import TROUBLES, fill
from tests.support.tasks import TASKS
from tests.training.test_pipeline import small
from tests.training.test_trainer import carry_out


@pytest.mark.parametrize("reason", TROUBLES)
def test_a_run_goes_on_where_its_checkpoints_cannot_be_written(
    reason: str,
    begin: Callable[..., Attempt],
    place: Workplace,
    small_disk: Path,
    database: Database,
    run_of: Callable[[Attempt], Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only another attempt would need them. Its events say so once, and nothing half written stays."""
    monkeypatch.setattr(program, "MOST_EPOCHS_AT_ONCE", 1)  # a checkpoint after each
    place = dataclasses.replace(place, checkpoints=small_disk / "checkpoints", checkpoint_seconds=0)
    attempt = begin(recipe=small(epochs=4))
    (small_disk / "checkpoints").mkdir()
    TROUBLES[reason](small_disk)

    execute(attempt, place)

    assert RunStatus.SUCCEEDED == run_of(attempt).status
    with database.read() as tx:
        said = [e.data.get("message", "") for e in run_queries.events_of(tx, attempt.run_id, 5_000, 0)]
    told = [message for message in said if "checkpoint" in message]
    assert [f"goes on without a checkpoint, which cannot be written: {reason}"] == told
    assert [] == [path for path in (small_disk / "checkpoints").rglob("*") if path.is_file()]


def test_the_checkpoint_before_stays_where_the_next_finds_no_room(small_disk: Path) -> None:
    recipe = TASKS.get("planar").presets["baseline"].recipe
    model = build(recipe, 2, 1, seed=0)
    checkpoints = Checkpoints(small_disk / "run", 0, {"recipe": 1})
    assert "" == checkpoints.save(model, Position(0, [], FitState(epoch=2)))
    full = fill(small_disk)

    assert "No space left on device" == checkpoints.save(model, Position(0, [], FitState(epoch=3)))
    assert "" == checkpoints.save(model, Position(0, [], FitState(epoch=4))), "it is told once"
    found = checkpoints.load()
    assert found is not None
    assert 2 == found[1].state.epoch
    full.unlink()
    assert "" == checkpoints.save(model, Position(0, [], FitState(epoch=5)))
    found = checkpoints.load()
    assert found is not None
    assert 5 == found[1].state.epoch
    assert 2 == len(list((small_disk / "run").iterdir())), "the pointer, and the folder that it names"


@pytest.mark.parametrize("reason", TROUBLES)
def test_a_model_that_cannot_be_written_fails_its_run_and_leaves_nothing(
    reason: str,
    begin: Callable[..., Attempt],
    run_of: Callable[[Attempt], Run],
    place: Workplace,
    settings: Settings,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempt = begin(recipe=small(epochs=2))
    place = dataclasses.replace(place, store=ArtifactStore(small_disk / "models"))
    TROUBLES[reason](small_disk)

    assert 0 == carry_out(attempt, settings, place, monkeypatch)

    run = run_of(attempt)
    assert ("failed", None) == (run.status, run.model_id)
    assert run.error is not None
    assert run.error.message.startswith(reason)
    assert [] == list(place.store.published())
    assert [] == [path for path in small_disk.rglob("*") if path.is_file() and path.name != "full"]
