"""Batches for a training step: encoded rows become a dense matrix one batch at a time, never as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tasks._rows import Encoded, FloatMatrix, dense, take


@dataclass(frozen=True)
class Examples:
    """Encoded rows with their targets, in the form that the loss takes."""

    rows: Encoded  # (n, width)
    targets: NDArray[Any]  # (n,) or (n, labels)

    def __len__(self) -> int:
        return len(self.targets)

    def pick(self, numbers: NDArray[np.int64]) -> "Examples":
        """The examples with these row numbers, in this order."""
        return Examples(take(self.rows, numbers), self.targets[numbers])


class Batches:
    """Examples in batches.

    With a seed each epoch has its own order, which depends on nothing but seed and epoch: a resumed fit sees the
    batches that an uninterrupted one would have seen.
    """

    def __init__(self, examples: Examples, batch_size: int, seed: tuple[int, ...] | None = None) -> None:
        """`seed` None: always in the given order."""
        self._examples = examples
        self._batch_size = batch_size
        self._seed = seed

    def of_epoch(self, epoch: int) -> Iterator[tuple[FloatMatrix, NDArray[Any]]]:
        """(rows, width) inputs and their targets, batch by batch; epochs are counted from 0."""
        order = np.arange(len(self._examples))
        if self._seed is not None:
            order = np.random.default_rng([*self._seed, epoch]).permutation(len(self._examples))
        for start in range(0, len(order), self._batch_size):
            batch = self._examples.pick(order[start : start + self._batch_size])
            yield dense(batch.rows), batch.targets
