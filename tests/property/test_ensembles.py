"""An ensemble's forward pass against its members' own, one after the other."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix, SparseRows, dense, take
from app.errors import ArtifactInvalid
from app.inference.activations import ACTIVATIONS
from app.inference.ensemble import FEW, Ensemble, Joined, network_from
from app.inference.forward import Network
from app.wire.manifests import LayerRow
from tests.support.strategies import sparse_rows, stacks

WIDTH = 6
SOME = settings(max_examples=150, deadline=None)
CLOSE: Any = {"rtol": 1e-4, "atol": 1e-5}

Weights = dict[str, NDArray[np.float32]]
Stack = tuple[list[LayerRow], Weights]
numbers = st.floats(-10, 10, width=32)
matrices = st.lists(st.lists(numbers, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=FEW + 3).map(
    lambda rows: np.array(rows, dtype=np.float32)
)


@st.composite
def ensembles(draw: st.DrawFn) -> tuple[list[LayerRow], Weights, int]:
    """Layers, and weights of two to five members of them."""
    layers, weights = draw(stacks(WIDTH))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 5))
    own = {
        f"{member}/{name}": (array + rng.normal(scale=0.2, size=array.shape)).astype(np.float32)
        for member in range(count)
        for name, array in weights.items()
    }
    return layers, own, count


def singly(layers: list[LayerRow], weights: Weights, members: int) -> list[Network]:
    """The members as networks that give their logits."""
    bare = [*layers[:-1], layers[-1].model_copy(update={"activation": "linear"})]
    own = [{name[2:]: array for name, array in weights.items() if name[0] == str(m)} for m in range(members)]
    return [Network(bare, each, WIDTH) for each in own]


def averaged(layers: list[LayerRow], logits: list[FloatMatrix]) -> FloatMatrix:
    return ACTIVATIONS[layers[-1].activation or ""](np.mean(logits, axis=0))


@given(ensembles(), matrices | sparse_rows(WIDTH))
@SOME
def test_an_ensemble_answers_with_the_mean_of_its_members_logits(
    ensemble: tuple[list[LayerRow], Weights, int], rows: Encoded
) -> None:
    layers, weights, members = ensemble
    outputs = network_from(layers, weights, WIDTH, 1.0, members)(rows)

    assert np.float32 == outputs.dtype
    expected = averaged(layers, [network(rows) for network in singly(layers, weights, members)])
    np.testing.assert_allclose(outputs, expected, **CLOSE)


@given(ensembles(), matrices)
@SOME
def test_all_at_once_and_one_after_the_other_is_the_same(
    ensemble: tuple[list[LayerRow], Weights, int], rows: FloatMatrix
) -> None:
    layers, weights, members = ensemble
    network = network_from(layers, weights, WIDTH, 1.0, members)
    slow = Ensemble(singly(layers, weights, members), layers[-1].activation or "")

    np.testing.assert_allclose(network(rows), slow(rows), **CLOSE)
    np.testing.assert_allclose(network.in_batches(rows, 2), slow(rows), **CLOSE)
    assert (network.width, network.work, network.always_finite) == (slow.width, slow.work, slow.always_finite)
    by_row = {layer.activation for layer in layers[:-1]} & {"softmax", "log_softmax"}
    assert isinstance(network, Joined) is not bool(by_row)


@given(ensembles(), matrices | sparse_rows(WIDTH))
@SOME
def test_leaving_out_a_number_does_so_for_every_member(
    ensemble: tuple[list[LayerRow], Weights, int], rows: Encoded
) -> None:
    layers, weights, members = ensemble
    network, networks = network_from(layers, weights, WIDTH, 1.0, members), singly(layers, weights, members)
    usual = None if isinstance(rows, SparseRows) else np.linspace(-1, 1, WIDTH, dtype=np.float32)
    row = take(rows, np.array([0]))
    columns = row.indices if isinstance(row, SparseRows) else np.array([0, 3, 5])

    expected = averaged(layers, [each.without(row, columns, usual) for each in networks])
    np.testing.assert_allclose(network.without(row, columns, usual), expected, **CLOSE)
    if usual is not None:
        groups, values = np.array([0, 2, 3, 6]), dense(row)
        expected = averaged(layers, [each.without_groups(values, groups, usual) for each in networks])
        np.testing.assert_allclose(network.without_groups(values, groups, usual), expected, **CLOSE)


@given(ensembles(), matrices)
@SOME
def test_a_temperature_divides_the_mean(ensemble: tuple[list[LayerRow], Weights, int], rows: FloatMatrix) -> None:
    layers, weights, members = ensemble
    logits = np.mean([network(rows) for network in singly(layers, weights, members)], axis=0) / 1.7

    expected = ACTIVATIONS[layers[-1].activation or ""](logits.astype(np.float32))
    np.testing.assert_allclose(network_from(layers, weights, WIDTH, 1.7, members)(rows), expected, **CLOSE)


@given(stacks(WIDTH), matrices)
@SOME
def test_one_member_is_the_network_itself(stack: Stack, rows: FloatMatrix) -> None:
    layers, weights = stack

    np.testing.assert_array_equal(Network(layers, weights, WIDTH)(rows), network_from(layers, weights, WIDTH)(rows))


@given(ensembles())
@SOME
def test_an_ensemble_that_lacks_a_member_is_invalid(ensemble: tuple[list[LayerRow], Weights, int]) -> None:
    layers, weights, members = ensemble
    with pytest.raises(ArtifactInvalid, match="lacks its weights"):
        network_from(layers, weights, WIDTH, 1.0, members + 1)
    with pytest.raises(ArtifactInvalid):
        network_from([], weights, WIDTH, 1.0, members)
