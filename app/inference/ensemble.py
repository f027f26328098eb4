"""Ensembles in NumPy: the mean of what several networks give, then the head's activation.

Small networks cost their calls, not their multiplications. So for a few rows the members' first kernels stand side by
side, which makes one product of them all; the last ones stand below each other, which makes the mean a product too; and
those between are multiplied as a stack. Otherwise the members run one after the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix
from app.errors import ArtifactInvalid
from app.inference.activations import ACTIVATIONS
from app.inference.by_length import ByLength
from app.inference.forward import Network, Step, dense
from app.wire.manifests import LayerRow

FEW = 8  # rows, up to which the members run as one
MOST_JOINED = 2**22  # weights of all members, 16 MB: of larger ones a second copy costs more than their calls
BY_ROW = {"softmax", "log_softmax"}  # activations that look at all units of a layer

Weights = Mapping[str, NDArray[np.float32]]


def network_from(
    layers: Sequence[LayerRow],
    weights: Weights,
    width: int,
    temperature: float = 1.0,
    members: int = 1,
    length_exponent: float = 0.0,
) -> Network:
    """The network of these weights, or the ensemble: then their names begin with the number of the member.

    With a `length_exponent` the logits are divided by that power of a text's length besides.

    Raises:
        ArtifactInvalid: weights are missing, or their shapes or types do not fit the layers.
    """
    if members == 1 and not length_exponent:
        return Network(layers, weights, width, temperature)
    head = layers[-1].activation if layers else None
    if head is None or head not in ACTIVATIONS:
        raise ArtifactInvalid(f"the network ends in no known activation, but in {head}")
    # Each member gives its logits: the head's activation is for their mean.
    bare = [*layers[:-1], layers[-1].model_copy(update={"activation": "linear"})]
    if length_exponent:
        return ByLength(network_from(bare, weights, width, temperature, members), head, length_exponent)
    own: list[dict[str, NDArray[np.float32]]] = [{} for _ in range(members)]
    for name, array in weights.items():
        number, _, rest = name.partition("/")
        if number.isdecimal() and int(number) < members:
            own[int(number)][rest] = array
    networks = [Network(bare, each, width, temperature) for each in own]
    hidden = [layer.activation for layer in bare[:-1] if layer.kind == "dense"]
    kinds = {layer.kind for layer in bare}
    small = sum(array.size for array in weights.values()) <= MOST_JOINED
    if small and kinds <= {"dense", "dropout", "flatten"} and not BY_ROW & set(hidden):
        return Joined(networks, str(head))
    return Ensemble(networks, str(head))


class Ensemble(Network):
    """Networks of the same layers, one after the other; each gives its logits."""

    def __init__(self, members: Sequence[Network], activation: str) -> None:
        """`activation`: of the head, for the mean of the members' logits."""
        self.members = list(members)
        self.width = members[0].width
        self.picture = members[0].picture
        self.work = sum(member.work for member in members)
        self.always_finite = activation != "exponential" and all(member.always_finite for member in members)
        self._activate = ACTIVATIONS[activation]

    def _run(self, rows: Encoded) -> FloatMatrix:
        return self._answer([member(rows) for member in self.members])

    def without(self, row: Encoded, columns: NDArray[Any], usual: FloatMatrix | None = None) -> FloatMatrix:
        """As of one network."""
        return self._answer([member.without(row, columns, usual) for member in self.members])

    def without_groups(self, row: FloatMatrix, groups: NDArray[np.int64], usual: FloatMatrix) -> FloatMatrix:
        """As of one network."""
        return self._answer([member.without_groups(row, groups, usual) for member in self.members])

    def _answer(self, logits: Sequence[FloatMatrix]) -> FloatMatrix:
        total = np.add.reduce(logits, axis=0) / np.float32(len(self.members))
        return self._activate(total)


class Joined(Ensemble):
    """Networks of the same dense layers; of a few rows as one network. Between two layers, (rows, members × units)."""

    def __init__(self, members: Sequence[Network], activation: str) -> None:
        """`activation`: of the head, for the mean of the members' logits."""
        super().__init__(members, activation)
        count = len(members)
        self.steps: list[Step] = []
        last = len(members[0].kernels) - 1
        for place, layers in enumerate(zip(*(member.kernels for member in members), strict=True)):
            kernels, biases, (name, *_) = zip(*layers, strict=True)
            kernel: Any
            if place == last:
                bias = np.add.reduce(biases, axis=0) / np.float32(count)
                kernel = (np.add.reduce(kernels, axis=0) if place == 0 else np.concatenate(kernels)) / np.float32(count)
                name = activation
            else:
                bias = np.concatenate(biases)
                kernel = np.concatenate(kernels, axis=1) if place == 0 else np.stack(kernels)
            self.steps.append(side_by_side(kernel, bias, name) if kernel.ndim == 3 else dense(kernel, bias, name))

    def _run(self, rows: Encoded) -> FloatMatrix:
        # Of many rows the numbers between two layers would leave the cache that those of one member stay in.
        if len(rows) > FEW:
            return super()._run(rows)
        x: Any = rows
        for step in self.steps:
            x = step(x)
        found: FloatMatrix = x
        return found


def side_by_side(kernels: FloatMatrix, bias: NDArray[np.float32], activation: str) -> Step:
    """A layer of each member: (rows, members × width) -> (rows, members × units); `kernels` (members, width, units)."""
    members, width, units = kernels.shape
    activate = ACTIVATIONS[activation]
    bias = bias[None, :]

    def step(x: Any) -> FloatMatrix:
        rows = len(x)
        found = np.matmul(x.reshape(rows, members, width).transpose(1, 0, 2), kernels)  # (members, rows, units)
        y: FloatMatrix = found.transpose(1, 0, 2).reshape(rows, members * units)
        y += bias
        return activate(y)

    return step
