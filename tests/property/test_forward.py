"""The forward pass against a slow and obvious one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.artifacts.manifest import LayerRow
from app.inference.forward import ACTIVATIONS, Network, multiply
from app.tasks._rows import SparseRows
from tests.support.strategies import sparse_rows, stacks

WIDTH = 6
FEW = settings(max_examples=150, deadline=None)
numbers = st.floats(-10, 10, width=32)


def softmax(values: list[float]) -> list[float]:
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


NAIVE = {
    "linear": lambda values: values,
    "relu": lambda values: [max(value, 0.0) for value in values],
    "tanh": lambda values: [math.tanh(value) for value in values],
    "sigmoid": lambda values: [1 / (1 + math.exp(-value)) for value in values],
    "softmax": softmax,
}


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


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(values=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=6))
@FEW
def test_activations_are_finite_and_within_their_range(name: str, values: list[float]) -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        outputs = ACTIVATIONS[name](np.array([values], dtype=np.float32))

    assert np.isfinite(outputs).all()
    if name in {"sigmoid", "softmax"}:
        assert (outputs >= 0).all()
        assert (outputs <= 1).all()
    if name == "softmax":
        assert pytest.approx(1, abs=1e-5) == outputs.sum()
