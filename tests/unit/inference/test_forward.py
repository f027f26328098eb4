"""The forward pass in NumPy."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from app.encoding.rows import SparseRows
from app.errors import ArtifactInvalid
from app.inference.activations import ACTIVATIONS
from app.inference.forward import Network, multiply
from app.wire.manifests import LayerRow

Weights = dict[str, NDArray[np.float32]]

ROWS = SparseRows(
    indices=np.array([1, 3, 0, 1, 2, 4], dtype=np.int32),
    offsets=np.array([0, 2, 5, 6], dtype=np.int64),
    width=5,
    known=np.ones(3),
)


def layer(units: int, activation: str | None = "relu") -> LayerRow:
    return LayerRow(kind="dense", units=units, activation=activation, parameters=0)


def weights_of(*widths: int) -> Weights:
    """Kernels and biases of a stack with these widths, the input's first."""
    rng = np.random.default_rng(1)
    weights: Weights = {}
    for number, (inputs, units) in enumerate(itertools.pairwise(widths)):
        weights[f"{number}/kernel"] = rng.normal(size=(inputs, units)).astype(np.float32)
        weights[f"{number}/bias"] = rng.normal(size=units).astype(np.float32)
    return weights


def test_sparse_rows_stand_for_their_matrix() -> None:
    expected = [[0, 1, 0, 1, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 1]]

    assert expected == ROWS.dense().tolist()
    assert np.float32 == ROWS.dense().dtype


@pytest.mark.parametrize("numbers", [[0], [1], [2], [0, 1, 2], [2, 0], [1, 1]])
def test_a_sparse_product_is_the_dense_one(numbers: list[int]) -> None:
    """For one row too, which takes another path."""
    kernel = weights_of(5, 7)["0/kernel"]
    rows = ROWS.take(np.array(numbers))

    np.testing.assert_allclose(multiply(rows.dense(), kernel), multiply(rows, kernel), rtol=1e-5, atol=1e-6)
    assert np.float32 == multiply(rows, kernel).dtype


def test_sparse_and_dense_rows_have_the_same_outputs() -> None:
    network = Network([layer(4), layer(3, "softmax")], weights_of(5, 4, 3), 5)

    np.testing.assert_allclose(network(ROWS.dense()), network(ROWS), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", [-2.0, 0.0, 3.0]),
        ("relu", [0.0, 0.0, 3.0]),
        ("tanh", np.tanh([-2.0, 0.0, 3.0])),
        ("sigmoid", 1 / (1 + np.exp([2.0, 0.0, -3.0]))),
        ("softmax", np.exp([-2.0, 0.0, 3.0]) / np.exp([-2.0, 0.0, 3.0]).sum()),
    ],
)
def test_activations_are_what_they_are_called(name: str, expected: list[float]) -> None:
    outputs = ACTIVATIONS[name](np.array([[-2.0, 0.0, 3.0]], dtype=np.float32))

    assert np.float32 == outputs.dtype
    np.testing.assert_allclose([expected], outputs, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", [-1e4, 0.0, 1e4]),
        ("relu", [0.0, 0.0, 1e4]),
        ("tanh", [-1.0, 0.0, 1.0]),
        ("sigmoid", [0.0, 0.5, 1.0]),
        ("softmax", [0.0, 0.0, 1.0]),
    ],
)
def test_activations_do_not_overflow(name: str, expected: list[float]) -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        outputs = ACTIVATIONS[name](np.array([[-1e4, 0.0, 1e4]], dtype=np.float32))

    assert [expected] == outputs.tolist()


@pytest.mark.parametrize("value", [-1e4, 0.0, 1e4])
def test_softmax_of_equal_inputs_is_even(value: float) -> None:
    assert [[0.25] * 4] * 2 == ACTIVATIONS["softmax"](np.full((2, 4), value, dtype=np.float32)).tolist()


def test_the_bias_is_added_before_the_activation() -> None:
    weights = {"0/kernel": np.array([[2.0]], np.float32), "0/bias": np.array([-3.0], np.float32)}
    network = Network([layer(1)], weights, 1)

    assert [[0.0], [1.0]] == network(np.array([[1.0], [2.0]], dtype=np.float32)).tolist()


def test_dropout_and_flatten_change_nothing_when_serving() -> None:
    plain = weights_of(5, 4, 3)
    spread = {"1/kernel": plain["0/kernel"], "1/bias": plain["0/bias"]}
    spread |= {"3/kernel": plain["1/kernel"], "3/bias": plain["1/bias"]}
    flatten = LayerRow(kind="flatten", units=5, parameters=0)
    dropout = LayerRow(kind="dropout", units=4, parameters=0)
    network = Network([flatten, layer(4), dropout, layer(3)], spread, 5)

    np.testing.assert_array_equal(Network([layer(4), layer(3)], plain, 5)(ROWS), network(ROWS))


@pytest.mark.parametrize("size", [1, 2, 3, 1024])
def test_batches_make_no_difference(size: int) -> None:
    network = Network([layer(4), layer(2, "sigmoid")], weights_of(5, 4, 2), 5)

    np.testing.assert_allclose(network(ROWS), network.in_batches(ROWS, size), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(network(ROWS), network.in_batches(ROWS.dense(), size), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("missing", ["0/kernel", "0/bias", "1/kernel", "1/bias"])
def test_missing_weights_are_refused(missing: str) -> None:
    weights = weights_of(5, 4, 3)
    del weights[missing]

    with pytest.raises(ArtifactInvalid, match=f"layer {missing[0]} lacks its weights"):
        Network([layer(4), layer(3)], weights, 5)


@pytest.mark.parametrize("activation", [None, "swish", "RELU", "__import__"])
def test_unknown_activations_are_refused(activation: str | None) -> None:
    with pytest.raises(ArtifactInvalid, match="unknown activation"):
        Network([layer(4, activation)], weights_of(5, 4), 5)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("0/kernel", (4, 4)),
        ("0/kernel", (5, 3)),
        ("0/kernel", (4, 5)),
        ("0/kernel", (20,)),
        ("0/bias", (5,)),
        ("0/bias", (1,)),
        ("0/bias", (1, 4)),
        ("0/bias", ()),
        ("1/kernel", (5, 3)),
        ("1/bias", (4,)),
    ],
)
def test_weights_of_another_shape_are_refused(name: str, shape: tuple[int, ...]) -> None:
    """NumPy would broadcast some of them, and answer nonsense."""
    weights = weights_of(5, 4, 3) | {name: np.zeros(shape, dtype=np.float32)}

    with pytest.raises(ArtifactInvalid, match=f"layer {name[0]} has weights of shape"):
        Network([layer(4), layer(3)], weights, 5)


@pytest.mark.parametrize("width", [4, 6])
def test_weights_for_another_input_are_refused(width: int) -> None:
    with pytest.raises(ArtifactInvalid, match=rf"not \({width}, 4\)"):
        Network([layer(4)], weights_of(5, 4), width)


@pytest.mark.parametrize("name", ["0/kernel", "0/bias"])
@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, np.complex64, np.dtype("S4")])
def test_weights_of_another_type_are_refused(name: str, dtype: type) -> None:
    weights = weights_of(5, 4)
    weights[name] = np.zeros(weights[name].shape, dtype)

    with pytest.raises(ArtifactInvalid, match="not float32"):
        Network([layer(4)], weights, 5)


@pytest.mark.parametrize("layers", [[], [LayerRow(kind="dropout", units=5, parameters=0)]])
def test_a_network_without_a_dense_layer_is_refused(layers: list[LayerRow]) -> None:

    with pytest.raises(ArtifactInvalid):
        Network(layers, {}, 5)


@pytest.mark.parametrize("most", [1, 7, 64, 10**9])
def test_rows_are_multiplied_in_pieces_of_bounded_size(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the bound, the sums are the same; a row larger than the bound is a piece of its own."""
    from app.inference import forward

    rng = np.random.default_rng(0)
    matrix = (rng.random((40, 30)) < 0.3).astype(np.float32)
    matrix[:, 0] = 1
    places = [np.flatnonzero(row) for row in matrix]
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in places])])
    sparse = SparseRows(np.concatenate(places).astype(np.int32), offsets, 30, np.ones(40))
    kernel = rng.normal(size=(30, 5)).astype(np.float32)
    monkeypatch.setattr(forward, "MOST_PICKED", most)

    np.testing.assert_allclose(forward.multiply(sparse, kernel), matrix @ kernel, rtol=1e-5, atol=1e-6)
