"""A run from claim to published model, on the samples."""

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sqlalchemy import func, select

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import models, run_queries, runs
from app.db.engine import Database
from app.db.tables import models as models_table
from app.domain.optimizers import RMSprop
from app.domain.recipes import Dense, EarlyStopping, Holdout, KFold, Recipe
from app.domain.runs import Change
from app.errors import DatasetInvalid, LeaseLost, ParityError
from app.inference.predictor import Predictor
from app.services.attempts import Attempt
from app.training import evaluate, export, program
from app.training.checkpoint import Checkpoints, Position
from app.training.pipeline import Workplace, execute
from app.wire.encodings import Values
from app.wire.predictions import Options
from app.wire.runs import Run
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

Begin = Callable[..., Attempt]
RunOf = Callable[[Attempt], Run]


def small(task: str = "housing", **changes: Any) -> Recipe:
    quick = {"layers": (Dense(units=8),), "epochs": 3}
    return TASKS.get(task).presets["baseline"].recipe.model_copy(update={**quick, **changes})


@pytest.mark.parametrize("task_name", list(TASKS.all))
def test_a_run_ends_with_a_model_that_predicts_as_keras_does(
    task_name: str, begin: Begin, run_of: RunOf, place: Workplace
) -> None:
    attempt = begin(task_name, recipe=small(task_name, epochs=1))
    manifest = execute(attempt, place)

    run = run_of(attempt)
    assert ("succeeded", manifest.id) == (run.status, run.model_id)
    assert run.metrics == manifest.metrics
    assert run.metrics.baseline
    assert "CPU:0" == run.device
    task = TASKS.get(task_name)
    predictor = Predictor(task, place.store.open(task_name, manifest.id), 1)
    assert 1 == len(predictor.predict([task.Input.model_validate(task.example)], Options()))
    dataset = place.catalog.read(task, task.datasets[-1])
    encoded = predictor.encoder.encode(dataset.test.columns)
    reloaded = keras.saving.load_model(place.store.path(task_name, manifest.id) / "model.keras")
    from app.encoding.rows import dense

    expected = reloaded.predict(dense(encoded), verbose=0)
    np.testing.assert_allclose(predictor.network(encoded), expected, rtol=1e-4, atol=1e-5)
    recipe = small(task_name)
    target = task.targets(dataset.test.target, manifest.labels, recipe.head)
    scored = evaluate.score(recipe.head, predictor.network(encoded), manifest.labels, target)
    assert run.metrics.test[recipe.metric] == pytest.approx(scored, abs=1e-3)


def test_holdout_measures_the_first_rows_after_each_epoch(
    begin: Begin, run_of: RunOf, place: Workplace, database: Database
) -> None:
    attempt = begin(recipe=small(), validation=Holdout(size=100))
    execute(attempt, place)

    with database.read() as tx:
        epochs = run_queries.epochs_of(tx, attempt.run_id)
    assert [1, 2, 3] == [epoch.epoch for epoch in epochs]
    assert all({"loss", "mae", "val_loss", "val_mae"} == set(epoch.metrics) for epoch in epochs)
    assert epochs[-1].metrics["val_mae"] == run_of(attempt).metrics.validation["mae"]


def test_kfold_reports_mean_and_deviation_and_publishes_a_model_of_all_rows(
    begin: Begin, run_of: RunOf, place: Workplace, database: Database
) -> None:
    attempt = begin(recipe=small(), validation=KFold(folds=3))
    manifest = execute(attempt, place)

    with database.read() as tx:
        epochs = run_queries.epochs_of(tx, attempt.run_id)
    assert [(fold, epoch) for fold in (1, 2, 3, None) for epoch in (1, 2, 3)] == [(e.fold, e.epoch) for e in epochs]
    last = [e.metrics["val_mae"] for e in epochs if e.fold and e.epoch == 3]
    validation = run_of(attempt).metrics.validation
    assert validation["mae"] == pytest.approx(np.mean(last))
    assert validation["mae_std"] == pytest.approx(np.std(last))
    assert 400 == manifest.dataset.train_rows
    progress = run_of(attempt).progress
    assert progress is not None
    assert (1.0, None, 3) == (progress.fraction, progress.fold, progress.folds)


def test_after_kfold_with_early_stopping_the_folds_say_how_long_to_train(
    begin: Begin, place: Workplace, database: Database
) -> None:
    stopping = EarlyStopping(monitor="val_loss", patience=1)
    attempt = begin(recipe=small(epochs=40, early_stopping=stopping), validation=KFold(folds=2))
    manifest = execute(attempt, place)

    with database.read() as tx:
        final = [e for e in run_queries.epochs_of(tx, attempt.run_id) if e.fold is None]
    assert len(final) == manifest.epochs <= 40


def test_a_holdout_as_large_as_the_data_fails(begin: Begin, place: Workplace) -> None:
    with pytest.raises(DatasetInvalid, match="leaves none"):
        execute(begin(recipe=small(), validation=Holdout(size=400)), place)


def test_a_lost_lease_leaves_nothing_of_the_attempt(
    begin: Begin, place: Workplace, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost at the last moment: after the rename, before the transaction."""
    attempt = begin(recipe=small())
    published = ArtifactStore.publish

    def publish_then_lose(self: ArtifactStore, *arguments: Any) -> Any:
        manifest = published(self, *arguments)
        with database.write() as tx:
            runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.RELEASED, clock())
        return manifest

    monkeypatch.setattr(ArtifactStore, "publish", publish_then_lose)
    with pytest.raises(LeaseLost):
        execute(attempt, place)

    assert [] == list(place.store.published())
    assert [] == list((place.store.root / ".staging").iterdir())
    with database.read() as tx:
        assert 0 == tx.execute(select(func.count()).select_from(models_table)).scalar_one()


def test_nothing_is_published_when_numpy_and_keras_disagree(
    begin: Begin, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = export.weights_of

    def wrong(model: Any) -> Any:
        return {name: array + (1e-3 if name.endswith("bias") else 0) for name, array in right(model).items()}

    monkeypatch.setattr(export, "weights_of", wrong)
    with pytest.raises(ParityError, match="differ by"):
        execute(begin(recipe=small()), place)
    assert [] == list(place.store.published())


def test_a_model_of_raw_figures_answers_explains_encodes_and_decodes(begin: Begin, place: Workplace) -> None:
    """Preset `raw` on the sample, for two epochs: it never sees a figure on another scale than the client's."""
    preset = TASKS.get("housing").presets["raw"]
    recipe = preset.recipe.model_copy(update={"epochs": 2})
    manifest = execute(begin(recipe=recipe, validation=KFold(folds=2)), place)

    task = TASKS.get("housing")
    predictor = Predictor(task, place.store.open("housing", manifest.id), 1)
    item = task.Input.model_validate(task.example)
    (answer,) = predictor.predict([item], Options(explain=True))
    assert math.isfinite(answer["value"])
    assert set(task.example["features"]) == set(answer["explanation"].effects)
    far = {"features": {**task.example["features"], "TAX": 9_000.0}}
    (warned,) = predictor.predict([task.Input.model_validate(far)], Options())
    assert ["features.TAX"] == [each.field for each in warned["warnings"] if each not in answer["warnings"]]
    encoding: Any = predictor.encoding(item)
    assert pytest.approx(list(task.example["features"].values()), rel=1e-6) == encoding.values
    decoding: Any = task.decoding(predictor.encoder, Values(values=encoding.values))
    assert pytest.approx(task.example["features"], rel=1e-6) == decoding.input["features"]


@pytest.mark.parametrize("restore", [False, True])
def test_early_stopping_keeps_the_last_epoch_unless_the_best_is_asked_for(
    restore: bool, begin: Begin, place: Workplace, database: Database
) -> None:
    """What is published, measured and counted is the model of the same epoch."""
    stopping = EarlyStopping(patience=2, restore_best=restore)
    recipe = small(epochs=60, early_stopping=stopping, optimizer=RMSprop(learning_rate=0.5))
    attempt = begin(recipe=recipe, validation=Holdout(size=100))
    manifest = execute(attempt, place)

    with database.read() as tx:
        epochs = run_queries.epochs_of(tx, attempt.run_id)
    losses = [epoch.metrics["val_loss"] for epoch in epochs]
    assert len(losses) < 60
    kept = int(np.argmin(losses)) if restore else len(losses) - 1
    assert len(losses) - 3 == int(np.argmin(losses))
    assert kept + 1 == manifest.epochs
    assert losses[kept] == manifest.metrics.validation["loss"]
    dataset = place.catalog.read(TASKS.get("housing"), TASKS.get("housing").datasets[-1])
    predictor = Predictor(TASKS.get("housing"), place.store.open("housing", manifest.id), 1)
    held_out = {name: values[:100] for name, values in dataset.train.columns.items()}
    outputs = predictor.network(predictor.encoder.encode(held_out))[:, 0]
    found = float(np.mean((outputs - np.array(dataset.train.target[:100])) ** 2))
    assert losses[kept] == pytest.approx(found, rel=1e-4)


@pytest.mark.parametrize(
    ("rival_mae", "activate", "expected", "reason"),
    [
        (1e9, "if_better", True, "better than"),
        (0.0, "if_better", False, "not better than"),
        (0.0, "always", True, "always was asked for"),
        (1e9, "never", False, "never was asked for"),
        (None, "if_better", True, "had no active model"),
    ],
)
def test_activation_follows_what_was_asked_and_says_why(
    rival_mae: float | None,
    activate: str,
    expected: bool,
    reason: str,
    begin: Begin,
    place: Workplace,
    database: Database,
) -> None:
    if rival_mae is not None:
        add_model(database, place.store, "housing", test_metric=rival_mae, is_sample=True)
    attempt = begin(recipe=small(), activate=activate)
    manifest = execute(attempt, place)

    with database.read() as tx:
        active = models.active(tx)["housing"].id if rival_mae is not None or expected else None
        last = [e for e in run_queries.events_of(tx, attempt.run_id, 500, 0) if "activated" in e.data][-1]
    assert expected == (active == manifest.id) == last.data["activated"]
    assert reason in last.data["message"]


def test_a_model_of_the_sample_does_not_replace_one_of_real_data(
    begin: Begin, place: Workplace, database: Database
) -> None:
    """Not even one that is worse on the sample's rows, as a model of real data may well be."""
    rival = add_model(database, place.store, "housing", test_metric=1e9)
    attempt = begin(recipe=small(), activate="if_better")
    execute(attempt, place)

    with database.read() as tx:
        assert rival.id == models.active(tx)["housing"].id
        last = [e for e in run_queries.events_of(tx, attempt.run_id, 500, 0) if "activated" in e.data][-1]
    assert "real data" in last.data["message"]


def test_a_rival_that_was_tested_on_other_rows_is_tested_on_these(
    begin: Begin, place: Workplace, database: Database
) -> None:
    """Its manifest claims a perfect figure on another dataset; on this test split it is as bad as drawn weights."""
    rival = add_model(database, place.store, "housing", test_metric=0.0, is_sample=True)
    path = place.store.path("housing", rival.id) / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["dataset"]["sha256"] = "0" * 64
    path.write_text(json.dumps(content), encoding="utf-8")
    manifest = execute(begin(recipe=small(epochs=30), activate="if_better"), place)

    with database.read() as tx:
        assert manifest.id == models.active(tx)["housing"].id


@pytest.mark.parametrize("damaged", ["weights.npz", "manifest.json"])
def test_an_active_model_that_is_damaged_makes_room(
    begin: Begin, place: Workplace, database: Database, damaged: str
) -> None:
    """Its manifest claims a perfect figure on the same rows, but it could not answer; the next best is no rival."""
    rival = add_model(database, place.store, "housing", test_metric=0.0, is_sample=True)
    add_model(database, place.store, "housing", test_metric=1e9, is_sample=True, active=False)
    path = place.store.path("housing", rival.id) / damaged
    path.write_bytes(path.read_bytes()[:-10])
    attempt = begin(recipe=small(), activate="if_better")
    manifest = execute(attempt, place)

    with database.read() as tx:
        assert manifest.id == models.active(tx)["housing"].id
        last = [e for e in run_queries.events_of(tx, attempt.run_id, 500, 0) if "activated" in e.data][-1]
    assert f"model {rival.id} (version 1) was active, and cannot be loaded" in last.data["message"]


def test_a_resumed_attempt_drops_what_it_will_record_again(
    begin: Begin, place: Workplace, database: Database, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """Killed after epoch 5 with the checkpoint of epoch 4: one row per epoch in the end, and the same model."""
    place = dataclasses.replace(place, checkpoint_seconds=0)
    monkeypatch.setattr(program, "MOST_EPOCHS_AT_ONCE", 1)
    expected = execute(begin(recipe=small(epochs=8), seed=5), place)
    attempt = begin(recipe=small(epochs=8), seed=5)
    saved = Checkpoints.save

    def save_until_four(self: Any, model: Any, position: Position) -> None:
        if position.state.epoch == 5:
            raise KeyboardInterrupt
        saved(self, model, position)

    monkeypatch.setattr(Checkpoints, "save", save_until_four)
    with pytest.raises(KeyboardInterrupt):
        execute(attempt, place)
    monkeypatch.undo()
    with database.write() as tx:
        runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.LOST, clock())
        row = runs.claim(tx, "w-2", clock())
    assert row is not None
    second = Attempt(database, clock, attempt.run_id, row.lease_id)
    manifest = execute(second, place)

    with database.read() as tx:
        assert list(range(1, 9)) == [epoch.epoch for epoch in run_queries.epochs_of(tx, attempt.run_id)]
    assert 2 == manifest.attempt
    assert manifest.metrics.test == pytest.approx(expected.metrics.test, rel=1e-4)


def test_guessing_scores_what_shuffled_labels_would() -> None:
    """Checked against many real shuffles."""
    task = TASKS.get("newswire")
    dataset = DatasetCatalog(Path("nowhere")).read(task, task.datasets[-1])
    labels = np.asarray(dataset.test.target)
    rng = np.random.default_rng(0)
    shuffled = np.mean([np.mean(labels == rng.permutation(labels)) for _ in range(300)])

    numbers = task.targets(dataset.test.target, task.label_set(dataset.train.target, "multiclass"), "multiclass")
    assert evaluate.baseline("multiclass", numbers, numbers)["accuracy"] == pytest.approx(shuffled, abs=0.01)
