"""Points of two classes, drawn from a seed."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRAIN, TEST = 200, 1_000  # points; the test split is large, so that its accuracy is about that of the whole plane
NOISE = 0.4  # standard deviation of what is added to each coordinate

Points = NDArray[np.float64]  # (n, 2)


def _moons(n: int) -> tuple[Points, Points]:
    """Two half circles that reach into each other, as scikit-learn's `make_moons`."""
    angle = np.linspace(0, np.pi, n // 2)
    outer = np.column_stack([np.cos(angle), np.sin(angle)])
    return outer, np.column_stack([1 - outer[:, 0], 0.5 - outer[:, 1]])


def _circles(n: int) -> tuple[Points, Points]:
    """A circle of radius 1 and one of half its size within, as scikit-learn's `make_circles`."""
    angle = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    outer = np.column_stack([np.cos(angle), np.sin(angle)])
    return outer, 0.5 * outer


def _xor(n: int) -> tuple[Points, Points]:
    """The four corners of a square, opposite ones of the same class (Minsky and Papert 1969)."""
    corners = np.resize([1.0, -1.0], n // 2)
    return np.column_stack([corners, corners]), np.column_stack([corners, -corners])


SHAPES: dict[str, Callable[[int], tuple[Points, Points]]] = {"moons": _moons, "circles": _circles, "xor": _xor}


def _draw(shape: str, n: int, noise: float, seed: int) -> tuple[Points, list[int]]:
    """`n` points of both classes in random order, with Gaussian noise."""
    # RandomState, whose numbers stay the same in every release of NumPy: they decide the dataset's checksum.
    rng = np.random.RandomState(seed)
    order = rng.permutation(n)
    points = np.concatenate(SHAPES[shape](n))[order] + rng.normal(scale=noise, size=(n, 2))
    return points, [int(i >= n // 2) for i in order]


def rows(shape: str, noise: float = NOISE) -> dict[str, Any]:
    """A training and a test split of these shapes."""
    train, train_labels = _draw(shape, TRAIN, noise, seed=0)
    test, test_labels = _draw(shape, TEST, noise, seed=1)
    points = np.round(np.concatenate([train, test]), 6)
    split = ["train"] * TRAIN + ["test"] * TEST
    return {"x1": points[:, 0], "x2": points[:, 1], "label": train_labels + test_labels, "split": split}
