"""Advice on real trainings: overfitting is dated right, following it helps, and a good run is left in peace."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.datasets.catalog import DatasetCatalog
from app.db import run_queries
from app.db.engine import Database
from app.domain.advice import Advice
from app.domain.layers import Dense
from app.domain.optimizers import SGD
from app.domain.recipes import Holdout, Preset, Recipe
from app.errors import Diverged
from app.services.advice import AdviceService
from app.services.attempts import Attempt
from app.services.training import TrainingService
from app.training.pipeline import Workplace, execute
from app.wire.manifests import Manifest
from app.wire.runs import RunError
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

DATASETS = os.environ.get("DENSELY_DATASETS_DIR", "")
needs_datasets = pytest.mark.skipif(not DATASETS, reason="DENSELY_DATASETS_DIR is not set: no real data here")

Begin = Callable[..., Attempt]


@dataclasses.dataclass
class Trained:
    """A run that was carried out, and what is said of it."""

    run_id: str
    manifest: Manifest
    said: list[Advice]
    val_losses: list[float]  # by epoch


Train = Callable[..., Trained]


@pytest.fixture
def train(begin: Begin, place: Workplace, database: Database, clock: FakeClock) -> Train:
    def trained(task: str, folder: str = "", **asked: Any) -> Trained:
        here = dataclasses.replace(place, catalog=DatasetCatalog(Path(folder)) if folder else place.catalog)
        attempt = begin(task, **asked)
        manifest = execute(attempt, here)
        training = TrainingService(database, TASKS, here.catalog, clock, 3)
        said = AdviceService(database, TASKS, here.catalog, training).of_run(attempt.run_id).items
        with database.read() as tx:
            epochs = run_queries.epochs_of(tx, attempt.run_id)
        losses = [epoch.metrics["val_loss"] for epoch in epochs if "val_loss" in epoch.metrics]
        return Trained(attempt.run_id, manifest, said, losses)

    return trained


def preset(task: str, name: str = "baseline") -> Preset:
    return TASKS.get(task).presets[name]


def planar(units: int = 5, rate: float = 1.0, epochs: int = 1_000) -> Recipe:
    layers = (Dense(units=units, activation="tanh"),)
    changes = {"layers": layers, "optimizer": SGD(learning_rate=rate), "epochs": epochs}
    return preset("planar").recipe.model_copy(update=changes)


def kinds(said: list[Advice]) -> list[str]:
    return [advice.kind for advice in said]


@needs_datasets
def test_the_reviews_are_overfitted_from_some_epoch_on(train: Train) -> None:
    """As in the notebook, with fewer epochs, so that it takes seconds; stopping then is what is advised."""
    chosen = preset("sentiment", "overfit")
    recipe = chosen.recipe.model_copy(update={"epochs": 9})

    found = train("sentiment", DATASETS, dataset="imdb", recipe=recipe, validation=chosen.validation)

    (advice,) = (one for one in found.said if one.kind == "overfitting")
    lowest = 1 + found.val_losses.index(min(found.val_losses))
    assert lowest == advice.since_epoch
    assert 3 <= lowest <= 5
    assert advice.change is not None
    assert advice.change.early_stopping is not None
    assert advice.change.early_stopping.restore_best


def test_points_that_are_learnt_by_heart(train: Train) -> None:
    """40 noisy ones and 50 units; with the change nothing more is said, and the test loss is lower."""
    asked = {"dataset": "moons", "validation": Holdout(size=160), "seed": 1}
    recipe = planar(units=50, epochs=3_000)

    found = train("planar", recipe=recipe, **asked)

    advice = next(advice for advice in found.said if advice.kind == "overfitting")
    assert 1 + found.val_losses.index(min(found.val_losses)) == advice.since_epoch
    assert advice.change is not None
    better = train("planar", recipe=advice.change.apply(recipe), **asked)
    assert "overfitting" not in kinds(better.said)
    assert better.manifest.metrics.test["loss"] < found.manifest.metrics.test["loss"]


def test_a_run_that_ended_too_early_does_better_with_the_change(train: Train) -> None:
    asked = {"dataset": "moons", "validation": Holdout(size=60), "seed": 1}
    recipe = planar(units=50, rate=0.3, epochs=6)

    found = train("planar", recipe=recipe, **asked)

    (advice,) = found.said
    assert "still_improving" == advice.kind
    assert advice.change is not None
    longer = train("planar", recipe=advice.change.apply(recipe), **asked)
    assert longer.val_losses[-1] < found.val_losses[-1]


@pytest.mark.parametrize(
    ("task", "asked"),
    [
        pytest.param("planar", {"recipe": planar()}, id="points without noise"),
        pytest.param("planar", {"recipe": planar(epochs=3_000), "dataset": "moons"}, id="noisy points"),
        pytest.param("digits", {"recipe": preset("digits").recipe}, id="digits"),
    ],
)
def test_a_good_run_is_left_in_peace(train: Train, task: str, asked: dict[str, Any]) -> None:
    assert [] == train(task, seed=1, **asked).said


def test_one_that_diverged_is_told_a_lower_learning_rate(
    begin: Begin, place: Workplace, database: Database, clock: FakeClock
) -> None:
    recipe = preset("housing").recipe.model_copy(update={"optimizer": SGD(learning_rate=10.0), "epochs": 5})
    attempt = begin("housing", recipe=recipe)
    with pytest.raises(Diverged) as raised:
        execute(attempt, place)
    attempt.fail(RunError(type="Diverged", message=raised.value.message))
    training = TrainingService(database, TASKS, place.catalog, clock, 3)

    (advice,) = AdviceService(database, TASKS, place.catalog, training).of_run(attempt.run_id).items

    assert ("unstable", "lower the learning rate to 1") == (advice.kind, advice.change_text)
