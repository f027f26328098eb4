"""The forward pass against a slow and obvious one."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.encoding.rows import SparseRows
from app.inference.activations import ACTIVATIONS
from app.inference.forward import Network, multiply
from app.wire.manifests import LayerRow
from tests.support.strategies import sparse_rows, stacks

WIDTH = 6
FEW = settings(max_examples=150, deadline=None)
numbers = st.floats(-10, 10, width=32)


def softmax(values: list[float]) -> list[float]:
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


def log_softmax(values: list[float]) -> list[float]:
    return [math.log(share) for share in softmax(values)]


def each(formula: Callable[[float], float]) -> Callable[[list[float]], list[float]]:
    """The formula of one number, for a row of them."""
    return lambda values: [formula(value) for value in values]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def selu(x: float) -> float:
    return 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1))


def hard_sigmoid(x: float) -> float:
    return min(max(x / 6 + 0.5, 0), 1)


def sparse_plus(x: float) -> float:
    if x <= -1:
        return 0
    return x if x >= 1 else (x + 1) ** 2 / 4


# As the documentation of keras.activations has them, in Python's 64-bit floats.
NAIVE = {
    "linear": each(lambda x: x),
    "relu": each(lambda x: max(x, 0.0)),
    "tanh": each(math.tanh),
    "sigmoid": each(sigmoid),
    "elu": each(lambda x: x if x > 0 else math.exp(x) - 1),
    "selu": each(selu),
    "celu": each(lambda x: max(x, 0) + min(0, math.exp(min(x, 0)) - 1)),
    "gelu": each(lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2),
    "silu": each(lambda x: x * sigmoid(x)),
    "mish": each(lambda x: x * math.tanh(math.log(1 + math.exp(x)))),
    "softplus": each(lambda x: math.log(1 + math.exp(x))),
    "softsign": each(lambda x: x / (abs(x) + 1)),
    "exponential": each(math.exp),
    "leaky_relu": each(lambda x: x if x > 0 else 0.2 * x),
    "relu6": each(lambda x: min(max(x, 0), 6)),
    "hard_sigmoid": each(hard_sigmoid),
    "hard_silu": each(lambda x: x * hard_sigmoid(x)),
    "hard_tanh": each(lambda x: min(max(x, -1), 1)),
    "soft_shrink": each(lambda x: x - 0.5 if x > 0.5 else x + 0.5 if x < -0.5 else 0),
    "tanh_shrink": each(lambda x: x - math.tanh(x)),
    "log_sigmoid": each(lambda x: math.log(sigmoid(x))),
    "squareplus": each(lambda x: (x + math.sqrt(x**2 + 4)) / 2),
    "sparse_plus": each(sparse_plus),
    "sparse_sigmoid": each(lambda x: 0 if x <= -1 else 1 if x >= 1 else (x + 1) / 2),
    "softmax": softmax,
    "log_softmax": log_softmax,
}

BOUNDED = {
    "tanh": (-1, 1), "sigmoid": (0, 1), "softsign": (-1, 1), "relu6": (0, 6), "hard_sigmoid": (0, 1),
    "hard_tanh": (-1, 1), "sparse_sigmoid": (0, 1), "softmax": (0, 1),
}  # fmt: skip
FROM_ZERO = {"relu", "softplus", "exponential", "squareplus", "sparse_plus"}
UP_TO_ZERO = {"log_sigmoid", "log_softmax"}


def naive(layers: list[LayerRow], weights: dict[str, NDArray[np.float32]], row: list[float]) -> list[float]:
    """One row through the layers, in Python's 64-bit floats."""
    for number, layer in enumerate(layers):
        if layer.kind == "dense":
            kernel, bias = weights[f"{number}/kernel"].tolist(), weights[f"{number}/bias"].tolist()
            sums = [
                bias[unit] + sum(value * kernel[place][unit] for place, value in enumerate(row))
                for unit in range(layer.units)
            ]
            row = NAIVE[layer.activation or ""](sums)
    return row


@given(stacks(WIDTH), st.lists(st.lists(numbers, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=4))
@FEW
def test_a_network_equals_a_naive_loop(
    stack: tuple[list[LayerRow], dict[str, NDArray[np.float32]]], rows: list[list[float]]
) -> None:
    layers, weights = stack
    outputs = Network(layers, weights, WIDTH)(np.array(rows, dtype=np.float32))

    assert np.float32 == outputs.dtype
    np.testing.assert_allclose([naive(layers, weights, row) for row in rows], outputs, rtol=1e-4, atol=1e-4)


@given(stacks(WIDTH), sparse_rows(WIDTH))
@FEW
def test_sparse_rows_take_the_same_way(
    stack: tuple[list[LayerRow], dict[str, NDArray[np.float32]]], rows: SparseRows
) -> None:
    layers, weights = stack
    outputs = Network(layers, weights, WIDTH)(rows)
    expected = [naive(layers, weights, row) for row in rows.dense().tolist()]

    np.testing.assert_allclose(expected, outputs, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(expected, Network(layers, weights, WIDTH).in_batches(rows, 2), rtol=1e-4, atol=1e-4)


@given(sparse_rows(WIDTH), st.integers(0, 2**32 - 1), st.integers(1, 5))
@FEW
def test_a_sparse_product_is_the_dense_one(rows: SparseRows, seed: int, units: int) -> None:
    kernel = np.random.default_rng(seed).normal(size=(WIDTH, units)).astype(np.float32)

    np.testing.assert_allclose(rows.dense() @ kernel, multiply(rows, kernel), rtol=1e-4, atol=1e-5)


@given(st.data(), sparse_rows())
@FEW
def test_taking_rows_is_indexing_the_matrix(data: st.DataObject, rows: SparseRows) -> None:
    """In any order, with repeats, down to none."""
    chosen = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)), dtype=np.int64)
    taken = rows.take(chosen)

    np.testing.assert_array_equal(rows.dense()[chosen], taken.dense())
    np.testing.assert_array_equal(rows.known[chosen], taken.known)
    assert (len(chosen), rows.width) == (len(taken), taken.width)


@given(sparse_rows())
@FEW
def test_the_matrix_has_its_ones_where_the_indices_say(rows: SparseRows) -> None:
    matrix = rows.dense()

    assert len(rows.indices) == matrix.sum()
    for number, (start, stop) in enumerate(zip(rows.offsets, rows.offsets[1:], strict=False)):
        assert rows.indices[start:stop].tolist() == np.flatnonzero(matrix[number]).tolist()


def test_every_activation_has_its_naive_formula() -> None:
    assert set(NAIVE) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(values=st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=6))
@FEW
def test_an_activation_equals_its_naive_formula(name: str, values: list[float]) -> None:
    outputs = ACTIVATIONS[name](np.array([values], dtype=np.float32))

    assert np.float32 == outputs.dtype
    np.testing.assert_allclose([NAIVE[name](values)], outputs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(rows=st.lists(st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3), min_size=1, max_size=4))
@FEW
def test_an_activation_treats_each_row_by_itself(name: str, rows: list[list[float]]) -> None:
    batch = ACTIVATIONS[name](np.array(rows, dtype=np.float32))

    assert (len(rows), 3) == batch.shape
    for number, row in enumerate(rows):
        single = ACTIVATIONS[name](np.array([row], dtype=np.float32))
        np.testing.assert_allclose(single[0], batch[number], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(values=st.lists(st.floats(-(2**59), 2**59, width=32) | st.floats(-1e4, 1e4, width=32), min_size=1, max_size=6))
@FEW
def test_activations_are_finite_and_within_their_range(name: str, values: list[float]) -> None:
    """Only exp(x) itself may be infinite, and it does so in silence."""
    inputs = np.array([values], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        outputs = ACTIVATIONS[name](inputs)

    assert not np.isnan(outputs).any()
    assert (np.isfinite(outputs) | ((name == "exponential") & (inputs > 88))).all()
    low, high = BOUNDED.get(name, (0 if name in FROM_ZERO else -np.inf, 0 if name in UP_TO_ZERO else np.inf))
    assert (outputs >= low).all()
    assert (outputs <= high).all()
    if name == "softmax":
        assert pytest.approx(1, abs=1e-5) == outputs.sum()


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"softmax", "log_softmax"}))
@given(st.data())
@FEW
def test_an_activation_of_one_number_does_not_see_the_others(name: str, data: st.DataObject) -> None:
    """Softmax and its logarithm are the two that look at a whole row."""
    values = data.draw(st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=5))
    whole = ACTIVATIONS[name](np.array([values], dtype=np.float32))
    singly = [ACTIVATIONS[name](np.array([[value]], dtype=np.float32))[0, 0] for value in values]

    np.testing.assert_allclose(singly, whole[0], rtol=1e-6, atol=1e-7)
