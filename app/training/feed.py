"""Batches for Keras: encoded rows become a dense matrix one batch at a time, never as a whole."""

import math
from dataclasses import dataclass
from typing import Any

import keras
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


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no type information
    """Examples in batches.

    With a seed each epoch has its own order, which depends on nothing but seed and epoch: a resumed fit sees the
    batches that an uninterrupted one would have seen.
    """

    def __init__(self, examples: Examples, batch_size: int, seed: tuple[int, ...] | None = None) -> None:
        """`seed` None: always in the given order."""
        super().__init__()
        self._examples = examples
        self._batch_size = batch_size
        self._seed = seed
        self._order: NDArray[np.int64] = np.arange(len(examples))

    def start(self, epoch: int) -> None:
        """Draw the order of this epoch, counted from 0.

        Called by a callback: Keras' own `on_epoch_end` also comes once before the first epoch.
        """
        if self._seed is not None:
            self._order = np.random.default_rng([*self._seed, epoch]).permutation(len(self._examples))

    def __len__(self) -> int:
        return math.ceil(len(self._examples) / self._batch_size)

    def __getitem__(self, number: int) -> tuple[FloatMatrix, NDArray[Any]]:
        batch = self._examples.pick(self._order[number * self._batch_size : (number + 1) * self._batch_size])
        return dense(batch.rows), batch.targets
