"""Encoded rows with their targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recipes import Recipe
from app.encoding.rows import Encoded, SparseRows, stacked
from app.kinds.base import Target


@dataclass(frozen=True)
class Examples:
    """Rows and targets of the same order."""

    rows: Encoded  # (n, width)
    targets: NDArray[Any]  # (n,) or (n, labels)

    def with_pieces(self, rows: SparseRows, owners: NDArray[np.int64]) -> "Examples":
        """And below them rows that have the targets of these."""
        assert isinstance(self.rows, SparseRows)
        return Examples(stacked([self.rows, rows], rows.width), np.concatenate([self.targets, self.targets[owners]]))

    def __len__(self) -> int:
        return len(self.targets)


def for_loss(targets: Target, recipe: Recipe, outputs: int) -> NDArray[Any]:
    """Targets as `Task.targets` gives them, in the form that the recipe's loss takes."""
    if targets.ndim == 2:
        return targets
    if recipe.loss == "categorical_crossentropy":
        return np.eye(outputs, dtype=np.float32)[targets.astype(np.int64)]
    if recipe.loss == "sparse_categorical_crossentropy":
        return targets
    return targets.astype(np.float32)[:, None]  # (n, 1), the shape of the outputs
