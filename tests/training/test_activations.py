"""The activations that serve, against those that train."""

import keras
import numpy as np
import pytest

from app.inference.activations import ACTIVATIONS

TOLERANCE = 1e-6  # relative where outputs exceed 1, as the check at export
SCALES = (0.1, 1.0, 5.0, 20.0, 100.0, 1e4, 1e8, 1e18)  # of the drawn inputs; 1e19 squared is no float32 any more
EDGES = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 6.0, 88.0, -88.0, 104.0, -104.0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_agrees_with_keras_wherever_keras_gives_a_number(name: str) -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.normal(scale=scale, size=(200, 8)) for scale in SCALES]
    edges = np.array(EDGES)[:, None] + np.linspace(-1e-3, 1e-3, 8)
    x = np.concatenate([*drawn, edges, np.repeat(np.array(EDGES)[:, None], 8, axis=1)]).astype(np.float32)

    expected = np.asarray(keras.activations.get(name)(x))
    actual = ACTIVATIONS[name](x)

    number = np.isfinite(expected)
    difference = np.abs(actual[number].astype(np.float64) - expected[number])
    assert number.mean() > 0.5
    assert np.float32 == actual.dtype
    assert np.max(difference / np.maximum(1, np.abs(expected[number]))) <= TOLERANCE
    np.testing.assert_array_equal(actual[~number], expected[~number])


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_row_of_probabilities_adds_up_to_one_however_large_its_inputs_are(name: str) -> None:
    x = np.random.default_rng(1).normal(scale=1e4, size=(50, 10)).astype(np.float32)

    rows = ACTIVATIONS[name](x).astype(np.float64)

    np.testing.assert_allclose((np.exp(rows) if name == "log_softmax" else rows).sum(axis=1), 1, rtol=1e-6)
