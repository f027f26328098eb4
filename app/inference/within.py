"""What a network sees in a picture, and whether it is used to seeing such things.

A letter has the strokes of digits, so that its pixels are as near to the training rows as a digit's. The last hidden
layer tells them apart: what lies across the directions in which it varies for training rows, the residual of principal
components, and how weak the strongest logit is (virtual-logit matching, Wang et al. 2022; MaxLogit, Hendrycks et al.
2022).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix
from app.inference.distance import Distance, Scores, squares_of
from app.inference.forward import Head

Parts = tuple[float, float, float]

SHARE = 0.5  # of the logit's score beside the others


class Within:
    """The greater of a picture's own distance and that of what the network sees, and half of how unsure it is."""

    def __init__(
        self, distance: Distance, head: Head | None, mean: FloatMatrix, directions: FloatMatrix, usual: FloatMatrix
    ) -> None:
        """`mean` (units,) and `directions` (units, components), orthonormal, of the last hidden layer.

        `usual` (3, 2): of distance, residual and weakness their median and how much more the 99th percentile is.
        """
        if head is None or head[0].shape[0] != len(mean) or len(directions) != len(mean) or usual.shape != (3, 2):
            raise ValueError("the novelty does not fit the last layer of the network")
        kernel, bias = head
        self._distance, self._mean, self._directions, self._usual = distance, mean, directions, usual
        self._components = directions.shape[1]
        self._matrix = np.concatenate([directions, kernel], axis=1)  # one product for both
        self._bias = mean.dot(kernel) + bias
        self._plain: list[list[float]] = usual.tolist()

    def parts(self, rows: Encoded, hidden: FloatMatrix) -> list[Parts]:
        """Of each row the distance, the residual and how weak the strongest logit is, as they are."""
        apart = hidden - self._mean
        along = apart.dot(self._matrix)
        strongest = (along[:, self._components :] + self._bias).max(axis=1).tolist()
        across = zip(squares_of(apart), squares_of(along[:, : self._components]), strict=True)
        residuals = [max(0.0, whole - part) ** 0.5 for whole, part in across]
        return [
            (far, residual, -logit)
            for far, residual, logit in zip(self._distance.raw(rows), residuals, strongest, strict=True)
        ]

    def score(self, far: float, residual: float, weak: float) -> float:
        """One number for the three, each seen from what is usual."""
        (own, beyond), (usual, more), (strong, weaker) = self._plain
        return max((far - own) / beyond, (residual - usual) / more) + SHARE * (weak - strong) / weaker

    def raw(self, rows: Encoded, hidden: FloatMatrix | None = None) -> Scores:
        """0 for what is usual in all respects, 1 to 1.5 for what one row of a hundred is."""
        assert hidden is not None
        return [self.score(*each) for each in self.parts(rows, hidden)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those of the distance, and what is usual of the last hidden layer."""
        within = {"hidden_mean": self._mean, "hidden_directions": self._directions, "usual": self._usual}
        return {**self._distance.arrays(), **within}
