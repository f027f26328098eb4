"""Networks whose answers are the less sure, or the surer, the shorter a text is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix, SparseRows
from app.inference.activations import ACTIVATIONS
from app.inference.forward import Network

USUAL = 100.0  # words, at which the temperature is what it is called
SHORTEST, LONGEST = 1, 1_000  # words, beyond which nothing changes


def lengths_of(words: NDArray[np.int64]) -> NDArray[np.float64]:
    """(rows,) the length of texts, in hundreds of words."""
    return np.clip(words, SHORTEST, LONGEST) / USUAL


class ByLength(Network):
    """A network that gives logits, which are divided by a power of the text's length."""

    def __init__(self, network: Network, activation: str, exponent: float) -> None:
        """`activation`: of the head, for the logits divided."""
        self.network = network
        self.width = network.width
        self.picture = network.picture
        self.work = network.work
        self.always_finite = network.always_finite and activation != "exponential"
        self._activate = ACTIVATIONS[activation]
        self._exponent = exponent

    def _run(self, rows: Encoded) -> FloatMatrix:
        return self._activate(self.network(rows) / self._divisors(rows))

    def without(self, row: Encoded, columns: NDArray[Any], usual: FloatMatrix | None = None) -> FloatMatrix:
        """As of one network, with the length that the text has."""
        return self._activate(self.network.without(row, columns, usual) / self._divisors(row))

    def _divisors(self, rows: Encoded) -> Any:
        if not isinstance(rows, SparseRows) or rows.words is None:
            return np.float32(1)
        if len(rows.words) == 1:  # plain numbers take a third of the time
            words = min(max(int(rows.words[0]), SHORTEST), LONGEST)
            return np.float32((words / USUAL) ** self._exponent)
        return (lengths_of(rows.words) ** self._exponent).astype(np.float32)[:, None]
