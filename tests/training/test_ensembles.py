"""An ensemble: its members learn as each would alone, and one artifact holds them all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.artifacts.store import KERAS_MODEL
from app.domain.optimizers import Adam
from app.domain.recipes import HEADS, Dense, Dropout, EarlyStopping, Holdout, KFold, Recipe
from app.encoding.rows import SparseRows
from app.inference.predictor import Predictor
from app.services.attempts import Attempt
from app.training import export
from app.training.build import TargetUnit, build, layer_table
from app.training.checkpoint import Checkpoints, Position
from app.training.ensemble import members_of
from app.training.examples import Examples
from app.training.fit import FitState, TrainingRows, fit
from app.training.pipeline import Workplace, execute
from app.training.program import Program
from app.wire.predictions import Options
from app.wire.runs import Run
from tests.support.counted import parameters_of
from tests.support.tasks import TASKS

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 4)).astype(np.float32)
TARGETS = (ROWS[:, :1] * 2 + 1).astype(np.float32)
TRAIN, HELD_OUT = np.arange(40), np.arange(40, 60)
HOT = SparseRows(np.tile(np.array([1, 4, 7], dtype=np.int32), 5), np.arange(0, 16, 3), 9, np.ones(5))


def recipe(members: int = 3, task: str = "housing", **changes: Any) -> Recipe:
    small = {"layers": (Dense(units=8, l2=0.01), Dense(units=5, activation="tanh")), "epochs": 4, "batch_size": 8}
    chosen = TASKS.get(task).presets["baseline"].recipe
    return chosen.model_copy(update={**small, "optimizer": Adam(), "members": members, **changes})


def train(chosen: Recipe, model: Any = None, targets: Any = TARGETS) -> tuple[keras.Model, list[dict[str, float]]]:
    program = Program(model or build(chosen, 4, targets.shape[1], seed=1), chosen, Examples(ROWS, targets))
    seen: list[dict[str, float]] = []
    fit(program, chosen, TrainingRows(TRAIN), HELD_OUT, (7, 0), lambda _, __, metrics: seen.append(metrics))
    return program.model, seen


def test_each_member_learns_as_it_would_alone() -> None:
    """Penalties, steps of the optimizer and batches are those of a single network from the same first weights."""
    whole = build(recipe(), 4, 1, seed=1)
    alone = []
    for member in members_of(whole):
        single = build(recipe(members=1), 4, 1, seed=1)
        single.set_weights(member.get_weights())
        alone.append(train(recipe(members=1), single))
    found, history = train(recipe(), whole)

    for member, (single, _) in zip(members_of(found), alone, strict=True):
        for expected, actual in zip(single.get_weights(), member.get_weights(), strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)
    losses = [np.mean([own[epoch]["loss"] for _, own in alone]) for epoch in range(4)]
    np.testing.assert_allclose([epoch["loss"] for epoch in history], losses, rtol=1e-4)


def test_the_first_member_starts_as_the_single_network_and_the_others_do_not() -> None:
    first, second, third = (member.get_weights()[0] for member in members_of(build(recipe(), 4, 1, seed=1)))

    np.testing.assert_array_equal(build(recipe(members=1), 4, 1, seed=1).get_weights()[0], first)
    assert not np.allclose(first, second)
    assert not np.allclose(second, third)


@pytest.mark.parametrize("head", list(HEADS))
def test_numpy_agrees_with_keras_for_every_head(head: Any) -> None:
    chosen = recipe(head=head, loss=HEADS[head].losses[0])
    units = 3 if HEADS[head].unit_per_label else 1
    model = build(chosen, 4, units, seed=2, unit=TargetUnit(20.0, 7.0) if head == "regression" else None)

    assert export.check_parity(model, ROWS).max_difference <= 1e-5
    assert HEADS[head].activation == layer_table(model)[-1].activation
    assert parameters_of(chosen, 4, units) == model.count_params()
    names = {f"{m}/{layer}/{name}" for m in range(3) for layer in range(3) for name in ("kernel", "bias")}
    assert names == set(export.weights_of(model))


def test_held_out_figures_are_those_of_the_mean() -> None:
    model, history = train(recipe(layers=(Dense(units=8),)))
    outputs = np.mean([export.network_of(member)(ROWS[HELD_OUT]) for member in members_of(model)], axis=0)

    assert pytest.approx(np.mean(np.abs(outputs - TARGETS[HELD_OUT])), rel=1e-4) == history[-1]["val_mae"]


def test_logits_are_the_mean_of_those_of_the_members() -> None:
    model = build(recipe(task="sentiment"), 9, 1, seed=1)
    own = [export.network_of(member)(HOT) for member in members_of(model)]

    np.testing.assert_allclose(export.logits_of(model, HOT), np.mean(own, axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(export.outputs_of(model, HOT), 1 / (1 + np.exp(-np.mean(own, axis=0))), rtol=1e-5)


def test_a_resumed_ensemble_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    """Each member's dropout goes on too."""
    chosen = recipe(layers=(Dense(units=8), Dropout(rate=0.3)), epochs=4)
    whole, _ = train(chosen)
    half = build(chosen, 4, 1, seed=1)
    checkpoints = Checkpoints(tmp_path / "run", 0, {})
    program = Program(half, chosen, Examples(ROWS, TARGETS))
    program.epochs_at_once = 1

    class Killed(Exception):
        pass

    def die_after_two(state: FitState) -> None:
        checkpoints.save(half, Position(0, [], state))
        if state.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        fit(program, chosen, TrainingRows(TRAIN), HELD_OUT, (7, 0), lambda *_: None, on_pause=die_after_two)
    found = checkpoints.load()
    assert found is not None
    other = Program(build(chosen, 4, 1, seed=9), chosen, Examples(ROWS, TARGETS))
    other.take_over(found[0])
    fit(other, chosen, TrainingRows(TRAIN), HELD_OUT, (7, 0), lambda *_: None, found[1].state)

    for expected, actual in zip(whole.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("validation", [Holdout(size=100), KFold(folds=2)])
@pytest.mark.parametrize("task", ["housing", "planar"])
def test_a_run_publishes_its_ensemble_as_one_artifact(
    task: str, validation: Any, begin: Callable[..., Attempt], run_of: Callable[[Attempt], Run], place: Workplace
) -> None:
    stopping = EarlyStopping(patience=2)
    chosen = recipe(members=2, task=task, early_stopping=stopping)
    attempt = begin(task, recipe=chosen, validation=validation)
    manifest = execute(attempt, place)

    assert 2 == manifest.recipe.members
    width = manifest.input["width"]
    assert parameters_of(chosen, width, 1) == manifest.parameters == 2 * sum(row.parameters for row in manifest.layers)
    assert manifest.parity.max_difference <= 1e-5
    predictor = Predictor(TASKS.get(task), place.store.open(task, manifest.id), version=1)
    item = predictor.task.Input.model_validate(predictor.task.example)
    (answer,) = predictor.predict([item], Options(explain=True))
    assert "explanation" in answer
    saved = keras.saving.load_model(place.store.path(task, manifest.id) / KERAS_MODEL)
    encoded = predictor.encoder.encode(predictor.task.columns([item]))
    temperature = manifest.metrics.calibration.temperature if manifest.metrics.calibration else 1.0
    if temperature == 1:
        np.testing.assert_allclose(predictor.network(encoded), np.asarray(saved(encoded)), rtol=1e-4, atol=1e-5)
    progress = run_of(attempt).progress
    assert progress is not None
    assert 1.0 == progress.fraction
