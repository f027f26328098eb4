"""Networks of convolutions: Keras trains them, NumPy serves them, and both agree."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.layers import (
    Augmentation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    stages_of,
)
from app.domain.optimizers import Adam
from app.domain.recipes import Cosine, Pixels, Recipe
from app.encoding.rows import dense, take
from app.errors import InvalidInput
from app.inference.explain import effects_of
from app.tasks.presets.pictures import of_things
from app.training.augment import augmented
from app.training.build import build, layer_table
from app.training.examples import Examples
from app.training.export import check_parity, network_of, outputs_of, weights_of
from app.training.fit import TrainingRows, fit
from app.training.program import Program
from app.training.schedule import rate_at

SIDE = 9
PICTURE = (SIDE, SIDE, 1)


def recipe(*layers: Any, **fields: Any) -> Recipe:
    """Three labels, a few short epochs."""
    values: dict[str, Any] = {
        "features": Pixels(),
        "layers": layers,
        "head": "multiclass",
        "loss": "categorical_crossentropy",
        "optimizer": Adam(learning_rate=0.01),
        "epochs": 6,
        "batch_size": 16,
    }
    return Recipe(**(values | fields))


def bars(count: int, seed: int = 0) -> Examples:
    """Pictures with a bar that lies, stands or leans, anywhere."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    rows = rng.uniform(0, 0.2, (count, SIDE, SIDE)).astype(np.float32)
    for picture, label, at in zip(rows, labels, rng.integers(1, SIDE - 1, count), strict=True):
        if label == 0:
            picture[at] = 1
        elif label == 1:
            picture[:, at] = 1
        else:
            np.fill_diagonal(picture[max(0, at - 4) :], 1)
    return Examples(rows.reshape(count, -1), np.eye(3, dtype=np.float32)[labels])


def fitted(chosen: Recipe, examples: Examples, seed: int = 1) -> tuple[keras.Sequential, Any]:
    """A network trained as the service does it, with its last state."""
    model = build(chosen, SIDE * SIDE, 3, seed, picture=PICTURE)
    program = Program(model, chosen, examples, PICTURE)
    numbers = np.arange(len(examples))
    state = fit(program, chosen, TrainingRows(numbers[30:]), numbers[:30], (seed, 0), lambda *_: None)
    return program.model, state


stacks = st.lists(
    st.one_of(
        st.builds(
            Conv2D,
            filters=st.integers(1, 5),
            kernel_size=st.integers(1, 5),
            strides=st.integers(1, 3),
            padding=st.sampled_from(["same", "valid"]),
            activation=st.sampled_from(["relu", "linear", "tanh", "softmax"]),
        ),
        st.builds(MaxPool, pool_size=st.integers(2, 3)),
        st.just(GlobalAveragePool()),
        st.just(Flatten()),
        st.builds(Dense, units=st.integers(1, 4)),
        st.builds(BatchNorm, activation=st.sampled_from(["relu", "linear", "elu"])),
        st.just(Dropout(rate=0.1)),
    ),
    max_size=5,
)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_numpy_answers_as_keras_whatever_the_layers(data: st.DataObject) -> None:
    """And the shapes, weights and refusals are those that the recipe foretells."""
    shape = data.draw(st.sampled_from([(6, 6, 1), (7, 7, 3), (8, 8, 1)]))
    layers = data.draw(stacks)
    chosen = recipe(*layers)
    try:
        stages = chosen.stages(shape, 3)
    except InvalidInput:
        return
    width = int(np.prod(shape))
    model = build(chosen, width, 3, seed=data.draw(st.integers(0, 99)), picture=shape)
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
    table = layer_table(model)
    assert sum(stage.parameters for stage in stages) == sum(row.parameters for row in table)
    rows = rng.uniform(0, 1, (data.draw(st.integers(1, 4)), width)).astype(np.float32)
    network = network_of(model)
    assert np.allclose(model(rows).numpy(), network(rows), atol=1e-5)
    assert np.allclose(model(rows).numpy(), outputs_of(model, rows), atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8, 1), (19, 19, 3), (28, 28, 1), (40, 40, 3), (96, 96, 3)])
def test_the_best_network_suits_pictures_of_every_size(shape: tuple[int, int, int]) -> None:
    """Its weights are those that were foretold, and it fits within the limits of what serving may take."""
    chosen = recipe(*of_things(shape[0]))
    stages = chosen.stages(shape, 3)
    model = build(chosen, math.prod(shape), 3, seed=1, picture=shape)
    assert model.count_params() == sum(stage.parameters for stage in stages) < 1_000_000
    assert sum(stage.multiplications for stage in stages) < 25_000_000
    rows = np.random.default_rng(0).uniform(0, 1, (3, math.prod(shape))).astype(np.float32)
    assert check_parity(model, rows).max_difference < 1e-5


def test_many_pictures_are_answered_in_parts() -> None:
    """As one by one, with no more room than a part needs."""
    model = build(recipe(Conv2D(filters=8, kernel_size=5)), 48 * 48, 3, seed=1, picture=(48, 48, 1))
    rows = np.random.default_rng(0).uniform(0, 1, (70, 48 * 48)).astype(np.float32)
    network = network_of(model)
    assert np.allclose(np.concatenate([network(row[None]) for row in rows]), network(rows), atol=1e-6)


def test_training_moves_the_normalization_and_export_makes_it_a_part_of_the_weights() -> None:
    """What serves has kernels and biases alone."""
    layers = (
        Conv2D(filters=6, activation="linear"),
        BatchNorm(),
        MaxPool(),
        Dense(units=8, activation="linear"),
        BatchNorm(activation="tanh"),
    )
    model, state = fitted(recipe(*layers), bars(300))
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert all(np.abs(norm.moving_mean.numpy()).max() > 0.01 for norm in norms)
    assert {f"{number}/{name}" for number in (1, 6, 9) for name in ("kernel", "bias")} == set(weights_of(model))
    assert check_parity(model, bars(100, 5).rows).max_difference < 1e-5
    assert state.metrics["val_accuracy"] > 0.9


def test_the_same_seed_trains_the_same_network_with_augmentation() -> None:
    """Augmentation draws from the step and its rows; another seed has another order."""
    layers = (Conv2D(filters=4), GlobalAveragePool())
    chosen = recipe(
        *layers,
        epochs=2,
        augmentation=Augmentation(shift=0.1, rotation=10, scale=0.1, shear=10, stroke=0.5, elastic=0.02),
        schedule=Cosine(),
        label_smoothing=0.1,
    )
    weights = [weights_of(fitted(chosen, bars(120), seed)[0]) for seed in (1, 1, 2)]
    first, again, other = (np.concatenate([each.ravel() for each in one.values()]) for one in weights)
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_network_of_dense_layers_can_have_augmentation_too() -> None:
    """It is compiled as before, and learns bars wherever they are."""
    chosen = recipe(Dense(units=32), augmentation=Augmentation(shift=0.2), epochs=20)
    _, state = fitted(chosen, bars(400))
    assert state.metrics["val_accuracy"] > 0.8


def test_early_stopping_takes_the_moving_means_back_too() -> None:
    """The restored network is the best epoch's in every weight."""
    layers = (Conv2D(filters=4, activation="linear"), BatchNorm(), GlobalAveragePool())
    chosen = recipe(*layers, epochs=12, early_stopping={"monitor": "val_accuracy", "patience": 1})
    examples = bars(200)
    model, state = fitted(chosen, examples)
    right = network_of(model)(take(examples.rows, np.arange(30))).argmax(1) == examples.targets[:30].argmax(1)
    assert state.best == pytest.approx(float(np.mean(right)), abs=1e-6)


def changed(chosen: Augmentation, rows: Any, side: int = SIDE, seed: int = 0) -> Any:
    """(rows, side, side) the pictures as a step sees them, by a compiled program."""
    step = tf.function(lambda x: augmented(x, (side, side, 1), chosen, tf.constant([seed, 7])), jit_compile=True)
    return step(tf.constant(rows)).numpy().reshape(-1, side, side)


@given(st.sampled_from(["shift", "rotation", "scale", "shear", "elastic", "stroke"]), st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_each_change_alters_pictures_within_their_range_and_by_the_seed(field: str, seed: int) -> None:
    """Each picture on its own; a ground of one colour stays as it is."""
    chosen = Augmentation(
        **{field: 0.1 if field in ("shift", "scale", "elastic") else 1.0 if field == "stroke" else 20.0}
    )
    rows = np.repeat(dense(bars(1).rows), 8, axis=0)
    seen, again, other = (changed(chosen, rows, seed=each) for each in (seed, seed, seed + 1))
    assert np.array_equal(seen, again)
    assert not np.allclose(seen, other)
    assert not np.allclose(seen[0], seen[1])
    assert rows.min() - 1e-5 <= seen.min() <= seen.max() <= rows.max() + 1e-5
    plain = np.full((4, SIDE * SIDE), 0.7, dtype=np.float32)
    assert np.allclose(0.7, changed(chosen, plain, seed=seed), atol=1e-5)


def test_no_change_is_none() -> None:
    """The limits are zero unless a recipe says otherwise."""
    rows = dense(bars(5).rows)
    assert np.array_equal(changed(Augmentation(), rows).reshape(5, -1), rows)


def test_a_quarter_turn_keeps_the_middle_and_a_shift_moves_by_its_share() -> None:
    """As far as is allowed, and no farther."""
    point = np.zeros((200, 21, 21), dtype=np.float32)
    point[:, 10, 10] = 1
    flat = point.reshape(200, -1)
    assert np.allclose(1, changed(Augmentation(rotation=180), flat, 21)[:, 10, 10], atol=1e-4)
    moved = changed(Augmentation(shift=0.2), flat, 21)
    rows, columns = (moved.sum(axis=axis) @ np.arange(21) / moved.sum(axis=(1, 2)) - 10 for axis in (2, 1))
    assert 3.5 < max(np.abs(rows).max(), np.abs(columns).max()) <= 0.2 * 21 + 1e-3


def test_strokes_become_wider_and_narrower() -> None:
    """A bar of three pixels has up to five, or as little as one."""
    bar = np.zeros((200, 11, 11), dtype=np.float32)
    bar[:, 4:7] = 1
    ink = changed(Augmentation(stroke=1), bar.reshape(200, -1), 11).sum(axis=(1, 2)) / 11
    assert 1 <= ink.min() < 1.3
    assert 4.7 < ink.max() <= 5


@pytest.mark.parametrize(("done", "share"), [(0, 0.005), (9, 0.95), (10, 1.0), (54, 0.55), (99, 0.1)])
def test_a_learning_rate_rises_and_falls_along_a_cosine(done: int, share: float) -> None:
    """To the share that is left at the end."""
    found = float(rate_at(Cosine(warmup=0.1, end=0.1), tf.constant(done), tf.constant(100.0)))
    assert found == pytest.approx(share, abs=0.05)


def test_the_fit_follows_the_schedule_to_its_end() -> None:
    """Whatever number of epochs a call takes: the last step's rate is next to none. Then it is the recipe's again."""
    chosen = recipe(Conv2D(filters=2), GlobalAveragePool(), schedule=Cosine(), epochs=4)
    model = build(chosen, SIDE * SIDE, 3, 1, picture=PICTURE)
    optimizer, rates = model.optimizer, []
    rows = TrainingRows(np.arange(200))
    program = Program(model, chosen, bars(200), PICTURE)
    fit(program, chosen, rows, None, (1, 0), lambda *_: rates.append(float(optimizer.learning_rate)))

    assert 0 <= rates[-1] < 0.01 * 0.01
    assert float(optimizer.learning_rate) == pytest.approx(chosen.optimizer.learning_rate)


def test_a_picture_is_explained_by_squares_that_are_left_out() -> None:
    """The effects of a square add up to what its absence changes; what is as usual has none."""
    model, _ = fitted(recipe(Conv2D(filters=4), MaxPool(), Dense(units=8)), bars(200))
    network = network_of(model)
    row = np.zeros((1, SIDE * SIDE), dtype=np.float32)
    row[0, 4 * SIDE : 5 * SIDE] = 1  # the fifth row of pixels
    output = network(row)[0]
    effects, label = effects_of(network, row, output, classifies=True)
    shown = effects.reshape(SIDE, SIDE)
    assert np.array_equal(np.flatnonzero(shown.any(axis=1)), [4])
    without = row.copy()
    without[0, 4 * SIDE : 4 * SIDE + 2] = 0
    assert shown[4, :2].sum() == pytest.approx(float(output[label] - network(without)[0, label]), abs=1e-6)


@pytest.mark.parametrize(
    ("layers", "field"),
    [
        ([Conv2D(filters=2, kernel_size=10)], "layers.0.kernel_size"),
        ([MaxPool(pool_size=3), MaxPool(pool_size=4)], "layers.1.pool_size"),
        ([Flatten(), Conv2D(filters=2)], "layers.1.kind"),
        ([GlobalAveragePool(), MaxPool()], "layers.1.kind"),
        ([BatchNorm()], "layers.0.kind"),
        ([Conv2D(filters=2), BatchNorm()], "layers.1.kind"),
        ([Dense(units=2, activation="linear"), Dropout(rate=0.1), BatchNorm()], "layers.2.kind"),
    ],
)
def test_layers_that_do_not_fit_are_named(layers: list[Any], field: str) -> None:
    """With their place and the setting at fault."""
    with pytest.raises(InvalidInput) as caught:
        stages_of(layers, PICTURE)
    assert [f"recipe.{field}"] == [error.field for error in caught.value.errors]
