"""Keras' activations in NumPy: which there are, their type, known values and extremes."""

import math
from typing import get_args

import numpy as np
import pytest

from app.domain.recipes import HEADS, Activation
from app.inference.activations import ACTIVATIONS

LARGEST = float(np.finfo(np.float32).max)
BY_ROW = {"softmax", "log_softmax"}
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)

# At -3, -1, -0.5, 0, 0.25, 1 and 7, from the formulas in the documentation of keras.activations.
PLACES = [-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 7.0]
VALUES = {
    "elu": [math.expm1(-3), math.expm1(-1), math.expm1(-0.5), 0, 0.25, 1, 7],
    "celu": [math.expm1(-3), math.expm1(-1), math.expm1(-0.5), 0, 0.25, 1, 7],
    "leaky_relu": [-0.6, -0.2, -0.1, 0, 0.25, 1, 7],
    "relu6": [0, 0, 0, 0, 0.25, 1, 6],
    "softsign": [-0.75, -0.5, -1 / 3, 0, 0.2, 0.5, 0.875],
    "exponential": [math.exp(x) for x in PLACES],
    "hard_sigmoid": [0, 1 / 3, 5 / 12, 0.5, 13 / 24, 2 / 3, 1],
    "hard_silu": [0, -1 / 3, -5 / 24, 0, 13 / 96, 2 / 3, 7],
    "hard_tanh": [-1, -1, -0.5, 0, 0.25, 1, 1],
    "soft_shrink": [-2.5, -0.5, 0, 0, 0, 0.5, 6.5],
    "sparse_plus": [0, 0, 0.0625, 0.25, 0.390625, 1, 7],
    "sparse_sigmoid": [0, 0, 0.25, 0.5, 0.625, 1, 1],
    "squareplus": [(x + math.sqrt(x * x + 4)) / 2 for x in PLACES],
    "gelu": [-0.00404969, -0.15865525, -0.15426877, 0, 0.14967658, 0.84134475, 7],
    "silu": [-0.14227762, -0.26894142, -0.18877033, 0, 0.14054413, 0.73105858, 6.99361690],
    "softplus": [0.04858735, 0.31326169, 0.47407698, 0.69314718, 0.82593944, 1.31326169, 7.00091147],
    "log_sigmoid": [-3.04858735, -1.31326169, -0.97407698, -0.69314718, -0.57593944, -0.31326169, -0.00091147],
}

# Far to the left and far to the right.
ENDS = {
    "tanh": (-1, 1),
    "sigmoid": (0, 1),
    "relu": (0, 1e4),
    "relu6": (0, 6),
    "elu": (-1, 1e4),
    "celu": (-1, 1e4),
    "selu": (-1.7580993, 10507.01),
    "gelu": (0, 1e4),
    "silu": (0, 1e4),
    "mish": (0, 1e4),
    "softplus": (0, 1e4),
    "exponential": (0, math.inf),
    "hard_sigmoid": (0, 1),
    "hard_silu": (0, 1e4),
    "hard_tanh": (-1, 1),
    "soft_shrink": (-9999.5, 9999.5),
    "tanh_shrink": (-9999, 9999),
    "log_sigmoid": (-1e4, 0),
    "squareplus": (0, 1e4),
    "sparse_plus": (0, 1e4),
    "sparse_sigmoid": (0, 1),
}


def test_every_activation_of_a_recipe_can_be_served() -> None:
    assert set(get_args(Activation)) == set(ACTIVATIONS)


def test_every_head_can_be_served() -> None:
    assert {head.activation for head in HEADS.values()} <= set(ACTIVATIONS)


@every_activation
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (3, 4)])
def test_float32_goes_in_and_comes_out(name: str, shape: tuple[int, int]) -> None:
    inputs = np.linspace(-5, 5, math.prod(shape), dtype=np.float32).reshape(shape)
    outputs = ACTIVATIONS[name](inputs)

    assert (np.dtype(np.float32), shape) == (outputs.dtype, outputs.shape)


@every_activation
def test_the_input_is_left_alone(name: str) -> None:
    """It may be a client's row, or a weight."""
    inputs = np.linspace(-5, 5, 12, dtype=np.float32).reshape(3, 4)
    before = inputs.copy()
    inputs.setflags(write=False)
    ACTIVATIONS[name](inputs)

    np.testing.assert_array_equal(before, inputs)


@pytest.mark.parametrize("name", VALUES)
def test_known_values(name: str) -> None:
    outputs = ACTIVATIONS[name](np.array([PLACES], dtype=np.float32))

    np.testing.assert_allclose([VALUES[name]], outputs, rtol=2e-6, atol=5e-7)


@pytest.mark.parametrize("name", ENDS)
def test_far_from_zero_they_end_where_they_should(name: str) -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        outputs = ACTIVATIONS[name](np.array([[-1e4, 1e4]], dtype=np.float32))

    np.testing.assert_allclose([ENDS[name]], outputs, rtol=1e-6, atol=1e-6)


@every_activation
@pytest.mark.parametrize("value", [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 6.0, 10.0, -10.0])
def test_ordinary_numbers_raise_no_floating_point_error(name: str, value: float) -> None:
    """Not even an underflow."""
    with np.errstate(all="raise"):
        outputs = ACTIVATIONS[name](np.array([[value, 0.0, value]], dtype=np.float32))

    assert np.isfinite(outputs).all()


@every_activation
@pytest.mark.parametrize("size", [89.0, 104.0, 1e3, 1e6, 1e12, 1e18])
def test_extremes_raise_no_warning(name: str, size: float) -> None:
    """Underflow to zero is meant; NumPy says nothing about it by default."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        outputs = ACTIVATIONS[name](np.array([[-size, size], [0.0, size], [size, size]], dtype=np.float32))

    assert not np.isnan(outputs).any()
    assert (name == "exponential") == bool(np.isinf(outputs).any())


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"exponential", "selu", "squareplus"}))
@pytest.mark.parametrize("value", [LARGEST, -LARGEST])
def test_the_largest_float_has_a_finite_answer(name: str, value: float) -> None:
    """Three reach beyond it: exp(x), selu, which scales by 1.05, and squareplus, which squares."""
    with np.errstate(all="ignore"):
        outputs = ACTIVATIONS[name](np.array([[value]], dtype=np.float32))

    assert np.isfinite(outputs).all()


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - BY_ROW - {"gelu", "hard_silu", "mish", "silu"}))
def test_larger_inputs_never_have_smaller_outputs(name: str) -> None:
    """Of all but the four that dip below zero before they rise."""
    outputs = ACTIVATIONS[name](np.linspace(-12, 12, 4001, dtype=np.float32)[None])

    assert np.diff(outputs[0].astype(np.float64)).min() >= -1e-6


@pytest.mark.parametrize("name", ["gelu", "hard_silu", "mish", "silu"])
def test_those_that_dip_have_one_low_point_below_zero(name: str) -> None:
    inputs = np.linspace(-12, 12, 4001, dtype=np.float32)
    outputs = ACTIVATIONS[name](inputs[None])[0]
    low = int(outputs.argmin())

    assert -2 < inputs[low] < 0
    assert outputs[low] < 0
    assert np.diff(outputs[:low].astype(np.float64)).max() <= 1e-6
    assert np.diff(outputs[low:].astype(np.float64)).min() >= -1e-6


@pytest.mark.parametrize("value", [-1e4, 0.0, 1e4])
def test_log_softmax_of_equal_inputs_is_even(value: float) -> None:
    outputs = ACTIVATIONS["log_softmax"](np.full((2, 4), value, dtype=np.float32))

    np.testing.assert_allclose(np.full((2, 4), -math.log(4)), outputs, rtol=1e-6)


def test_log_softmax_is_finite_where_softmax_is_zero() -> None:
    inputs = np.array([[0.0, 500.0]], dtype=np.float32)

    assert 0 == ACTIVATIONS["softmax"](inputs)[0, 0]
    assert [[-500.0, 0.0]] == ACTIVATIONS["log_softmax"](inputs).tolist()


def test_gelu_is_the_exact_one() -> None:
    """Its tanh approximation, which Keras has too, differs by up to 5e-4."""
    inputs = np.linspace(-6, 6, 2401, dtype=np.float32)
    exact = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in inputs.tolist()]

    np.testing.assert_allclose(exact, ACTIVATIONS["gelu"](inputs[None])[0], atol=2e-6)
