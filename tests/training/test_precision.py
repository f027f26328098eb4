"""Training in half precision: what is half, what is not, and that answers are of float32 whatever was trained in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.artifacts.store import KERAS_MODEL
from app.domain.course import Precision
from app.domain.layers import BatchNorm, Conv2D, MaxPool
from app.domain.optimizers import SGD, Adam
from app.domain.recipes import Coordinates, Dense, Dropout, Recipe
from app.services.attempts import Attempt
from app.training.adjustable import penalties_of
from app.training.build import build
from app.training.carrying import carry_over
from app.training.checkpoint import Checkpoints, Position
from app.training.examples import Examples
from app.training.export import check_parity
from app.training.fit import FitState, TrainingRows, fit
from app.training.pipeline import Workplace, execute
from app.training.program import Program
from tests.support.tasks import TASKS

ROWS = np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32)
TARGETS = (ROWS[:, :1] + ROWS[:, 1:2] > 0).astype(np.float32)
TRAIN, HELD_OUT = np.arange(40), np.arange(40, 60)
HALF: tuple[Precision, ...] = ("mixed_bfloat16", "mixed_float16")
PICTURES = (Conv2D(filters=4, kernel_size=3, activation="linear"), BatchNorm(activation="relu"), MaxPool())


def recipe(precision: Precision, **changes: Any) -> Recipe:
    fields: dict[str, Any] = {
        "features": Coordinates(),
        "layers": (Dense(units=8, l2=0.01), Dropout(rate=0.2), Dense(units=4)),
        "head": "binary",
        "loss": "binary_crossentropy",
        "optimizer": SGD(learning_rate=0.1),
        "epochs": 4,
        "batch_size": 12,
    }
    return Recipe(**(fields | changes), precision=precision)


def train(
    chosen: Recipe, model: keras.Model | None = None, state: FitState | None = None, **further: Any
) -> tuple[keras.Model, list[dict[str, float]]]:
    seen: list[dict[str, float]] = []
    made = Program(model or build(chosen, 16, 1, seed=1), chosen, Examples(ROWS, TARGETS))
    made.epochs_at_once = 1
    fit(made, chosen, TrainingRows(TRAIN), HELD_OUT, (7, 0), lambda _, __, found: seen.append(found), state, **further)
    return made.model, seen


@pytest.mark.parametrize("precision", HALF)
def test_hidden_layers_work_in_half_precision_and_weights_head_and_optimizer_do_not(precision: Precision) -> None:
    half = precision.removeprefix("mixed_")
    chosen = recipe(precision, layers=(*PICTURES, Dense(units=4), Dropout(rate=0.1)))
    model = build(chosen, 16, 1, seed=1, picture=(4, 4, 1))
    _, *hidden, head = model.layers

    assert {half} == {layer.compute_dtype for layer in hidden}
    assert len(PICTURES) + 4 == len(hidden), "with the activation of batch_norm, and what makes a row of a picture"
    assert "float32" == head.compute_dtype
    assert {"float32"} == {weight.dtype for weight in model.weights if weight.dtype != "int64"}
    assert (precision == "mixed_float16") == isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


@pytest.mark.parametrize("precision", HALF)
def test_losses_are_near_those_of_float32_but_not_the_same(precision: Precision) -> None:
    _, expected = train(recipe("float32", layers=(Dense(units=8), Dense(units=4))))
    _, actual = train(recipe(precision, layers=(Dense(units=8), Dense(units=4))))

    for first, second in zip(expected, actual, strict=True):
        assert first["loss"] == pytest.approx(second["loss"], rel=2e-2)
        assert first["loss"] != second["loss"]


def test_a_resumed_fit_goes_on_as_if_it_had_not_ended(tmp_path: Path) -> None:
    """With the scale of its losses, which a step that was too large has lowered."""
    chosen = recipe("mixed_float16", optimizer=Adam())
    checkpoints = Checkpoints(tmp_path / "run", 0, {})

    def keep_second(state: FitState) -> None:
        if state.epoch == 2:
            checkpoints.save(model, Position(0, [], state))

    model = build(chosen, 16, 1, seed=1)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.dynamic_scale.assign(2.0**13)
    _, whole = train(chosen, model, on_pause=keep_second)
    found = checkpoints.load()
    assert found is not None
    resumed, rest = train(chosen, found[0], found[1].state)

    assert [pytest.approx(each, rel=1e-5) for each in whole[2:]] == rest
    assert 2.0**13 == float(resumed.optimizer.dynamic_scale.numpy())


def test_what_is_carried_over_is_all_that_float32_has() -> None:
    """Of a trial too, whose penalties are numbers that can be changed."""
    chosen = recipe("mixed_float16", optimizer=Adam())
    half = build(chosen, 16, 1, seed=1, adjustable=True)
    train(chosen, half)
    penalties_of(half)[0].l2.assign(0.5)
    plain = build(recipe("float32", optimizer=Adam()), 16, 1, seed=2, adjustable=True)
    carry_over(half, plain)

    inner = half.optimizer.inner_optimizer
    for mine, theirs in ((plain.variables, half.variables), (plain.optimizer.variables, inner.variables)):
        for first, second in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(second.numpy(), first.numpy())
    assert 0.5 == float(penalties_of(plain)[0].l2.numpy())
    assert check_parity(plain, ROWS).max_difference <= 1e-5
    assert not np.allclose(half(ROWS).numpy(), plain(ROWS).numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("task", "precision", "layers"),
    [("digits", "mixed_bfloat16", PICTURES), ("sentiment", "mixed_float16", (Dense(units=8),))],
)
def test_the_published_model_is_of_float32(
    begin: Callable[..., Attempt], place: Workplace, task: str, precision: Precision, layers: Any
) -> None:
    """NumPy agrees with it as with any other, and Keras reads it without a scale of losses."""
    base = TASKS.get(task).presets["baseline"].recipe
    chosen = base.model_copy(update={"layers": layers, "epochs": 2, "precision": precision})
    manifest = execute(begin(task, recipe=chosen), place)
    model = keras.saving.load_model(place.store.path(task, manifest.id) / KERAS_MODEL)

    assert precision == manifest.recipe.precision
    assert manifest.parity.max_difference <= 1e-5
    assert {"float32"} == {layer.compute_dtype for layer in model.layers}
    assert type(build(base, 16, 2, seed=1).optimizer) is type(model.optimizer)


def test_a_recipe_of_before_there_was_a_choice_is_of_float32() -> None:
    told = recipe("mixed_bfloat16").model_dump(mode="json")
    del told["precision"]

    assert "float32" == Recipe.model_validate(told).precision
