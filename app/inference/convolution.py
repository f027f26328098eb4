"""Layers of pictures in NumPy: (rows, height, width, channels) float32 each."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from app.domain.layers import Picture
from app.inference.activations import ACTIVATIONS

Pictures = NDArray[np.float32]
PictureStep = Callable[[Any], Pictures]

MOST_PATCH_NUMBERS = 2_000_000  # of all patches that are multiplied at once, 8 MB


def convolution(
    kernel: Pictures, bias: NDArray[np.float32], activation: str, shape: Picture, strides: int, padding: str
) -> tuple[PictureStep, Picture]:
    """A convolution of pictures of this shape, and the shape of what comes out.

    `kernel` (side, side, channels, filters). The patches of pixels that the kernel sees are laid out as the rows of a
    matrix, so that one product makes all results.
    """
    height, width, channels = shape
    side, filters = kernel.shape[0], kernel.shape[3]
    (above, below), (left, right) = (_margins(length, side, strides, padding) for length in (height, width))
    rows, columns = ((length + sum(more) - side) // strides + 1
                     for length, more in ((height, (above, below)), (width, (left, right))))  # fmt: skip
    flat, activate = np.ascontiguousarray(kernel.reshape(-1, filters)), ACTIVATIONS[activation]
    patch = side * side * channels
    at_once = max(1, MOST_PATCH_NUMBERS // (rows * columns * patch))

    def some(x: Pictures) -> Pictures:
        if above or below or left or right:
            padded = np.zeros((len(x), height + above + below, width + left + right, channels), dtype=np.float32)
            padded[:, above : above + height, left : left + width] = x
        else:
            padded = np.ascontiguousarray(x)
        one, down, across, number = padded.strides
        # The pixels of a patch's row, with their channels, lie side by side in memory.
        windows = as_strided(
            padded,
            (len(x), rows, columns, side, side * channels),
            (one, down * strides, across * strides, down, number),
            writeable=False,
        )
        y = windows.reshape(-1, patch) @ flat
        y += bias
        return activate(y).reshape(len(x), rows, columns, filters)

    def step(x: Pictures) -> Pictures:
        if len(x) <= at_once:
            return some(x)
        return np.concatenate([some(x[start : start + at_once]) for start in range(0, len(x), at_once)])

    return step, (rows, columns, filters)


def _margins(length: int, side: int, strides: int, padding: str) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow divides them."""
    if padding == "valid":
        return 0, 0
    total = max((-(-length // strides) - 1) * strides + side - length, 0)
    return total // 2, total - total // 2


def max_pool(shape: Picture, size: int) -> tuple[PictureStep, Picture]:
    """The largest of each square; what is left at the right and below is cut off."""
    rows, columns = shape[0] // size, shape[1] // size

    def step(x: Pictures) -> Pictures:
        x = x[:, : rows * size, : columns * size]
        x = _largest([x[:, place::size] for place in range(size)])
        return _largest([x[:, :, place::size] for place in range(size)])

    return step, (rows, columns, shape[2])


def _largest(parts: list[Pictures]) -> Pictures:
    found: Pictures = np.maximum(parts[0], parts[1])
    for part in parts[2:]:
        np.maximum(found, part, out=found)
    return found


def mean_of_all(x: Pictures) -> NDArray[np.float32]:
    """(rows, channels): the mean over the whole picture."""
    means: NDArray[np.float32] = x.reshape(len(x), -1, x.shape[3]).mean(axis=1, dtype=np.float32)
    return means
