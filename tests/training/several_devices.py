"""What holds of training on three devices: run by `test_parallel`, in a process that has so many of its processor.

TensorFlow learns that before it begins, so that no other test has to do with it.
"""

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from app.domain.layers import BatchNorm, Conv2D, MaxPool
from app.domain.optimizers import SGD, Adam, RMSprop
from app.domain.recipes import Averaging, Coordinates, Cosine, Dense, Dropout, EarlyStopping, KFold, Recipe
from app.encoding.rows import Encoded, SparseRows
from app.services.attempts import Attempt
from app.training.build import build
from app.training.checkpoint import Checkpoints, Position
from app.training.devices import Devices, devices_for
from app.training.examples import Examples
from app.training.fit import FitState, TrainingRows, fit
from app.training.parallel import Parallel
from app.training.pipeline import Workplace, execute
from app.training.program import Program
from app.wire.runs import Run
from tests.support.tasks import TASKS

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 3
)

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 16)).astype(np.float32)
TARGETS = (ROWS[:, :1] > 0).astype(np.float32)
LENGTHS = np.array([0, 9, 2, 5, 4, 1] * 10)
WORDS = SparseRows(
    RNG.integers(0, 30, LENGTHS.sum()).astype(np.int32), np.append(0, np.cumsum(LENGTHS)), 30, np.ones(60)
)
PICTURE = (4, 4, 1)
TRAIN, HELD_OUT = np.arange(41), np.arange(41, 60)  # the last batch does not divide, nor does it fill all devices


def recipe(**changes: Any) -> Recipe:
    fields: dict[str, Any] = {
        "features": Coordinates(),
        "layers": (Dense(units=8, l2=0.01),),
        "head": "binary",
        "loss": "binary_crossentropy",
        "optimizer": SGD(learning_rate=0.1),
        "epochs": 3,
        "batch_size": 16,
    }
    return Recipe(**(fields | changes))


def program(chosen: Recipe, count: int, rows: Encoded = ROWS) -> Program:
    """On so many devices."""
    width = rows.width if isinstance(rows, SparseRows) else 16
    picture = PICTURE if chosen.sees_pictures else None
    devices = devices_for("all" if count > 1 else "1", count, 0)
    with devices.scope():
        model = build(chosen, width, 1, seed=1, picture=picture)
    if devices.strategy is None:
        return Program(model, chosen, Examples(rows, TARGETS), picture)
    assert count == len(devices.names)
    return Parallel(devices.strategy, model, chosen, Examples(rows, TARGETS), picture)


def train(made: Program, chosen: Recipe, state: FitState | None = None, **further: Any) -> list[dict[str, float]]:
    seen: list[dict[str, float]] = []
    fit(made, chosen, TrainingRows(TRAIN), HELD_OUT, (7, 0), lambda _, __, found: seen.append(found), state, **further)
    return seen


PICTURES = (
    Conv2D(filters=4, kernel_size=3, activation="linear"),
    BatchNorm(activation="relu"),
    MaxPool(),
    Dense(units=4),
)
COURSE: dict[str, Any] = {
    "optimizer": Adam(learning_rate=0.01), "schedule": Cosine(), "averaging": Averaging(momentum=0.8),
    "class_weights": "balanced", "members": 2,
}  # fmt: skip
CASES: dict[str, tuple[Recipe, Encoded, int]] = {
    "texts": (recipe(batch_size=7, optimizer=RMSprop()), WORDS, 3),
    "pictures": (recipe(layers=PICTURES, batch_size=12), ROWS, 3),
    "an ensemble with all of a course": (recipe(**COURSE), ROWS, 2),
    "batches smaller than the devices are many": (recipe(batch_size=2, epochs=1), ROWS, 3),
    "early stopping": (
        recipe(optimizer=SGD(learning_rate=3.0), epochs=30, early_stopping=EarlyStopping(patience=2)), ROWS, 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_losses_and_weights_are_those_of_one_device(case: tuple[Recipe, Encoded, int]) -> None:
    chosen, rows, count = case
    alone, together = program(chosen, 1, rows), program(chosen, count, rows)
    expected, actual = train(alone, chosen), train(together, chosen)

    assert [pytest.approx(each, rel=1e-4, abs=1e-5) for each in expected] == actual
    assert len(expected) < 30
    for first, second in zip(alone.model.get_weights(), together.model.get_weights(), strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-3, atol=1e-4)


def test_dropout_draws_apart_on_each_device_and_learns_as_well() -> None:
    """Other units are dropped than on one device: what is left of the losses is their size."""
    chosen = recipe(layers=(Dense(units=32), Dropout(rate=0.3)), epochs=12)
    together = program(chosen, 3)
    (dropout,) = [layer for layer in together.model.layers if isinstance(layer, keras.layers.Dropout)]
    states = [each.numpy().tolist() for each in dropout.seed_generator.state.value.values]
    means = [np.mean([each["loss"] for each in train(made, chosen)]) for made in (program(chosen, 1), together)]

    assert all(one != other for one, other in itertools.combinations(states, 2))
    assert means[0] != means[1]
    assert means[0] == pytest.approx(means[1], rel=0.15)


def test_a_step_too_large_for_float16_on_one_device_is_left_out_on_all() -> None:
    """Keras' scaling of losses looks at the first device's gradients only, the row is the last one's."""
    price: dict[str, Any] = {"head": "regression", "loss": "mse", "layers": (Dense(units=8, activation="relu"),)}
    chosen = recipe(**price, precision="mixed_float16", batch_size=60)
    rows = ROWS.copy()
    rows[-1] *= 100
    made = program(chosen, 3, rows)
    before = made.model.get_weights()
    made.train(np.arange(60))

    for first, second in zip(before, made.model.get_weights(), strict=True):
        np.testing.assert_array_equal(second, first)
    assert 2.0**14 == float(made.model.optimizer.dynamic_scale.numpy())


def test_an_attempt_goes_on_with_another_number_of_devices(tmp_path: Path) -> None:
    chosen = recipe(optimizer=Adam(), epochs=4)
    whole = train(program(chosen, 1), chosen)
    checkpoints = Checkpoints(tmp_path / "run", 0, {})
    first = program(chosen, 2)

    class Killed(Exception):
        pass

    def die_after_two(state: FitState) -> None:
        if state.epoch == 2:
            checkpoints.save(first.model, Position(0, [], state))
            raise Killed

    with pytest.raises(Killed):
        train(first, chosen, on_pause=die_after_two)
    found = checkpoints.load()
    assert found is not None
    rest = program(chosen, 3)
    rest.take_over(found[0])

    assert [pytest.approx(each, rel=1e-4) for each in whole[2:]] == train(rest, chosen, found[1].state)


def test_a_run_of_folds_publishes_the_same_as_on_one_device(
    begin: Callable[..., Attempt], run_of: Callable[[Attempt], Run], place: Workplace
) -> None:
    """Its program goes from fold to fold; the model is on one device, and answers as NumPy does."""
    chosen = TASKS.get("housing").presets["baseline"].recipe.model_copy(update={"epochs": 3, "early_stopping": None})
    manifests = []
    for devices in ("1", "all"):
        attempt = begin("housing", recipe=chosen, validation=KFold(folds=2))
        manifests.append(execute(attempt, dataclasses.replace(place, devices=devices)))
    alone, together = manifests

    assert ("CPU:0", 1) == (alone.device, alone.devices)
    assert ("CPU:0 to CPU:2", 3) == (together.device, together.devices)
    assert "CPU:0 to CPU:2" == run_of(attempt).device
    for of in ("train", "validation", "test"):
        assert getattr(alone.metrics, of) == pytest.approx(getattr(together.metrics, of), rel=1e-3)
    assert together.parity.max_difference <= 1e-5


@pytest.mark.parametrize(
    ("wanted", "batch_size", "work", "is_trial", "count", "why"),
    [
        ("1", 64, 2**40, False, 1, ""),
        ("all", 64, 10, False, 3, ""),
        ("all", 2, 10, False, 2, ""),
        ("all", 1, 10, False, 1, "its batches have one row"),
        ("all", 64, 10, True, 1, "of a sweep's trials several share one program"),
        ("auto", 64, 2**20, False, 1, ""),
        ("auto", 64, 2**30, False, 3, ""),
    ],
)
def test_devices_are_those_that_were_asked_for(
    wanted: Any, batch_size: int, work: int, is_trial: bool, count: int, why: str
) -> None:
    found: Devices = devices_for(wanted, batch_size, work, is_trial=is_trial)

    assert (count, why) == (len(found.names), found.why_alone)
    assert (found.strategy is not None) == (count > 1)
