"""Recipes as Keras models."""

from typing import Any, get_args

import keras
import numpy as np
import pytest

from app.domain.optimizers import SGD, Adagrad, Adam, AdamW, MomentumSGD, Optimizer, RMSprop
from app.domain.recipes import HEADS, Dense, Dropout, Flatten, Recipe
from app.encoding.rows import SparseRows
from app.inference.forward import Network
from app.training import export
from app.training.build import build, layer_table
from tests.support.counted import parameters_of
from tests.support.tasks import TASKS


def recipe(**changes: Any) -> Recipe:
    return TASKS.get("sentiment").presets["baseline"].recipe.model_copy(update=changes)


def test_the_imdb_network_has_the_notebooks_160305_weights() -> None:
    model = build(recipe(), 10_000, 1, seed=1)

    assert 160_305 == model.count_params()
    assert 160_305 == sum(layer.parameters for layer in layer_table(model))
    assert 160_305 == parameters_of(recipe(), 10_000, 1)


def test_the_same_seed_gives_the_same_weights_and_another_gives_others() -> None:
    first, again, other = (build(recipe(), 20, 1, seed).get_weights()[0] for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_layers_carry_their_arguments() -> None:
    layers = (Dense(units=3, activation="tanh", l1=0.1, l2=0.2), Dropout(rate=0.25), Flatten(), Dense(units=2))
    model = build(recipe(layers=layers), 5, 1, seed=1)

    assert ["dense", "dropout", "flatten", "dense", "dense"] == [row.kind for row in layer_table(model)]
    assert ("tanh", 3, 18) == (
        model.layers[0].activation.__name__,
        model.layers[0].units,
        model.layers[0].count_params(),
    )
    assert (0.1, 0.2) == pytest.approx(
        (float(model.layers[0].kernel_regularizer.l1), float(model.layers[0].kernel_regularizer.l2))
    )
    assert 0.25 == model.layers[1].rate
    assert model.layers[3].kernel_regularizer is None


CHOSEN: list[tuple[Any, type]] = [
    (SGD(learning_rate=0.02, momentum=0.5, nesterov=True), keras.optimizers.SGD),
    (MomentumSGD(learning_rate=0.02, momentum=0.8, nesterov=True), keras.optimizers.SGD),
    (Adagrad(learning_rate=0.02, initial_accumulator_value=0.3, epsilon=1e-5), keras.optimizers.Adagrad),
    (RMSprop(learning_rate=0.02, rho=0.8, momentum=0.3, epsilon=1e-5, centered=True), keras.optimizers.RMSprop),
    (Adam(learning_rate=0.02, beta_1=0.8, beta_2=0.99, epsilon=1e-5, amsgrad=True), keras.optimizers.Adam),
    (
        AdamW(learning_rate=0.02, weight_decay=0.1, beta_1=0.8, beta_2=0.99, epsilon=1e-5, amsgrad=True),
        keras.optimizers.AdamW,
    ),
]
every_optimizer = pytest.mark.parametrize(("chosen", "kind"), CHOSEN, ids=[chosen.kind for chosen, _ in CHOSEN])


def test_every_kind_of_optimizer_is_chosen_here() -> None:
    assert {kind.model_fields["kind"].default for kind in get_args(get_args(Optimizer)[0])} == {
        chosen.kind for chosen, _ in CHOSEN
    }


@every_optimizer
def test_optimizers_carry_all_their_arguments(chosen: Any, kind: type) -> None:
    optimizer = build(recipe(optimizer=chosen), 5, 1, seed=1).optimizer
    config = optimizer.get_config()

    given = chosen.model_dump(exclude={"kind"})
    assert type(optimizer) is kind
    assert given == {name: pytest.approx(config[name]) for name in given}
    assert all(value != type(chosen).model_fields[name].default for name, value in given.items())


@every_optimizer
def test_arguments_that_are_left_out_are_those_of_keras(chosen: Any, kind: type) -> None:
    """But for the momentum of the momentum method, which Keras has not got by that name."""
    config = build(recipe(optimizer=type(chosen)()), 5, 1, seed=1).optimizer.get_config()

    expected = kind().get_config() | ({"momentum": 0.9} if chosen.kind == "momentum" else {})
    names = set(type(chosen).model_fields) - {"kind"}
    assert {name: expected[name] for name in names} == pytest.approx({name: config[name] for name in names})


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "sigmoid", "gelu", "selu", "mish", "softmax"])
@pytest.mark.parametrize("head", list(HEADS))
def test_numpy_agrees_with_keras_for_every_layer_and_head(activation: Any, head: Any) -> None:
    """On inputs far outside the usual range too."""
    layers = (
        Dense(units=7, activation=activation),
        Dropout(rate=0.5),
        Flatten(),
        Dense(units=5, activation=activation),
    )
    units = 4 if HEADS[head].unit_per_label else 1
    model = build(recipe(layers=layers, head=head, loss=HEADS[head].losses[0]), 6, units, seed=3)
    rows = np.random.default_rng(0).normal(scale=5, size=(64, 6)).astype(np.float32)

    parity = export.check_parity(model, rows)

    assert 64 == parity.rows
    assert parity.max_difference <= export.TOLERANCE
    network = Network(layer_table(model), export.weights_of(model), 6)
    np.testing.assert_allclose(network(rows), model.predict(rows, verbose=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("units", [8, export.WIDE + 1])
def test_the_outputs_of_a_split_are_those_of_numpy_either_way(units: int) -> None:
    """Wide first layers go through Keras, which is faster there."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 20, size=50)
    indices = np.concatenate([np.sort(rng.choice(40, size=n, replace=False)) for n in lengths]).astype(np.int32)
    rows = SparseRows(indices, np.concatenate(([0], np.cumsum(lengths))), 40, np.ones(50))
    model = build(recipe(layers=(Dense(units=units),)), 40, 1, seed=1)

    np.testing.assert_allclose(export.network_of(model)(rows), export.outputs_of(model, rows), atol=1e-6)
