"""How far an encoded row is from what is usual: along the directions in which training rows vary, and across them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix, dense, take

AT_ONCE = 2**22  # numbers of rows that are looked at together
NARROW = 64  # numbers of a row

Scores = list[float]  # one for each row: the greater, the less like the training rows


class Distance:
    """Squared distance from the mean, in deviations: (rows, width) float rows."""

    def __init__(
        self, mean: FloatMatrix, scale: FloatMatrix, directions: FloatMatrix, deviations: FloatMatrix, rest: float
    ) -> None:
        """`scale` (width,): units of each number. `directions` (width, components), orthonormal; `deviations` along
        each, `rest` along all others.
        """
        if directions.shape != (len(mean), len(deviations)) or scale.shape != mean.shape:
            raise ValueError(f"{directions.shape} directions do not fit {len(mean)} numbers")
        self._mean, self._scale, self.directions, self._rest = mean, scale, directions, rest
        self._deviations = deviations
        self._narrow = len(mean) <= NARROW
        own = directions.astype(np.float64)
        if self._narrow:  # one product whitens a row
            others = (np.eye(len(mean)) - own @ own.T) / rest
            matrix = (own / deviations @ own.T + others) / scale[:, None]
        else:  # the length of the row, less what it is shorter in the directions in which rows vary more than in others
            matrix = own * np.sqrt(np.maximum(0, 1 / rest**2 - 1 / np.square(deviations, dtype=np.float64)))
        self._matrix = matrix.astype(np.float32)
        self._unscaled = bool((scale == 1).all())

    def raw(self, rows: Encoded, hidden: FloatMatrix | None = None) -> Scores:
        """In deviations of a typical number, not squared."""
        del hidden
        if isinstance(rows, np.ndarray) and len(rows) == 1:
            return self._of(rows)
        step = max(1, AT_ONCE // len(self._mean))
        numbers = (np.arange(at, min(at + step, len(rows))) for at in range(0, len(rows), step))
        return [score for some in numbers for score in self._of(dense(take(rows, some)))]

    def _of(self, rows: FloatMatrix) -> Scores:
        apart = rows - self._mean
        if self._narrow:
            squares = squares_of(apart.dot(self._matrix))
        else:
            if not self._unscaled:
                apart /= self._scale
            along = squares_of(apart.dot(self._matrix))
            squares = [whole / self._rest**2 - part for whole, part in zip(squares_of(apart), along, strict=True)]
        return [math.sqrt(max(0.0, square) / len(self._mean)) for square in squares]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Mean, directions and deviations."""
        return {
            "mean": self._mean,
            "scale": self._scale,
            "directions": self.directions,
            "deviations": self._deviations,
            "rest": np.array(self._rest),
        }


def squares_of(rows: FloatMatrix) -> list[float]:
    """The squared length of each row."""
    if len(rows) == 1:
        return [float(rows[0].dot(rows[0]))]
    found: list[float] = np.einsum("ij,ij->i", rows, rows).tolist()
    return found
