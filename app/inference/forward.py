"""The forward pass in NumPy: one function per layer kind, float32 throughout."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.layers import Picture, Shape
from app.encoding.rows import Encoded, FloatMatrix, SparseRows, take
from app.encoding.rows import dense as as_matrix
from app.errors import ArtifactInvalid
from app.inference.activations import ACTIVATIONS
from app.inference.convolution import convolution, max_pool, mean_of_all
from app.wire.manifests import LayerRow

Step = Callable[[Any], FloatMatrix]
Head = tuple[FloatMatrix, NDArray[np.float32]]  # kernel and bias of the last layer

MOST_PICTURES = 256  # at once
MOST_PATCHES = 2**24  # numbers that they become on the way, 64 MiB
MOST_PICKED = 4_000_000  # numbers, 16 MB of float32
MOST_ONES = 4_096  # of a row, whose kernel rows are added up by a product with ones
_ONES = np.ones((1, MOST_ONES), dtype=np.float32)

LARGEST_INPUT = 1e6  # number of an encoded row, of any task
SAFE = 1e30  # far below the largest float32


def multiply(x: Encoded, kernel: FloatMatrix) -> FloatMatrix:
    """`x @ kernel`: (rows, width) x (width, units) -> (rows, units).

    A multi-hot row times a matrix is the sum of the kernel rows where it has its ones, so sparse rows never
    become a matrix of `width` columns.
    """
    if not isinstance(x, SparseRows):
        product: FloatMatrix = as_matrix(x) @ kernel
        return product
    if len(x.offsets) == 2 and len(x.indices) < MOST_ONES:  # one row: half the time of `np.add.reduce`
        weights = _ONES[:, : len(x.indices)] if x.values is None else x.values[None, :]
        total: FloatMatrix = weights.dot(kernel.take(x.indices, axis=0))
        return total
    sums = np.empty((len(x), kernel.shape[1]), dtype=np.float32)
    start = 0
    while start < len(x):  # as many rows at once as keep the picked kernel rows small, and at least one
        stop = int(np.searchsorted(x.offsets, x.offsets[start] + MOST_PICKED // kernel.shape[1], side="right")) - 1
        stop = max(start + 1, stop)
        first, last = x.offsets[start], x.offsets[stop]
        picked = kernel[x.indices[first:last]]  # (places, units)
        if x.values is not None:
            picked *= x.values[first:last, None]
        sums[start:stop] = np.add.reduceat(picked, x.offsets[start:stop] - first, axis=0)  # rows are never empty
        start = stop
    return sums


def dense(kernel: FloatMatrix, bias: NDArray[np.float32], activation: str) -> Step:
    """A fully connected layer: (rows, width) -> (rows, units)."""
    activate = ACTIVATIONS[activation]
    bias = bias[None, :]  # arrays of one shape are added in half the time

    def step(x: Encoded) -> FloatMatrix:
        y: FloatMatrix = x.dot(kernel) if isinstance(x, np.ndarray) else multiply(x, kernel)
        y += bias
        return activate(y)

    return step


class Network:
    """A stack of layers with its weights, ready to run."""

    head: Head | None = None  # of a single network that tells pictures apart: what `hidden` gives goes in there

    def __init__(
        self,
        layers: Sequence[LayerRow],
        weights: Mapping[str, NDArray[np.float32]],
        width: int,
        temperature: float = 1.0,
    ) -> None:
        """`weights` holds `<layer number>/kernel` and `/bias`; `width` is the numbers per encoded row.

        A batch normalization is a part of the weights before it, and its activation that of their layer. The logits
        are divided by `temperature` (Guo et al. 2017): done to the last layer's weights, it costs nothing.

        Raises:
            ArtifactInvalid: weights are missing, or their shapes or types do not fit the layers.
        """
        self.width = width
        self.pictures = MOST_PICTURES  # at once
        self.work = 0  # multiplications for a row, about: of text, a thousand words
        self.steps: list[Step] = []
        self.kernels: list[tuple[FloatMatrix, NDArray[np.float32], str]] = []  # (inputs of a unit, units) each
        self.picture = _picture_of(layers)
        shape: Shape = (width,)
        for number, layer in enumerate(layers):
            if layer.kind in ("dense", "conv2d"):
                divisor = temperature if number == len(layers) - 1 else 1.0
                shape = self._add_weighted(layers, number, weights, shape, divisor)
            else:
                shape = self._add_plain(layer, shape)
        if not layers or layers[-1].kind != "dense":
            raise ArtifactInvalid("the network has no dense layer at its end")
        self.always_finite = _cannot_overflow(self.kernels)
        if self.picture and self.always_finite and layers[-1].activation == "softmax":
            self.head = self.kernels[-1][:2]

    def _add_weighted(
        self,
        layers: Sequence[LayerRow],
        number: int,
        weights: Mapping[str, NDArray[np.float32]],
        shape: Shape,
        temperature: float,
    ) -> Shape:
        """A dense layer or a convolution, and the shape of its output."""
        layer, activation = layers[number], _activation_of(layers, number)
        kernel, bias = weights.get(f"{number}/kernel"), weights.get(f"{number}/bias")
        if kernel is None or bias is None or activation is None or activation not in ACTIVATIONS:
            raise ArtifactInvalid(f"layer {number} lacks its weights or has an unknown activation")
        sides = () if layer.kind == "dense" else (layer.kernel_size, layer.kernel_size)
        wanted = (*sides, shape[-1], layer.units)
        if kernel.shape != wanted or bias.shape != (layer.units,):
            raise ArtifactInvalid(f"layer {number} has weights of shape {kernel.shape}, not {wanted}")
        if kernel.dtype != np.float32 or bias.dtype != np.float32:
            raise ArtifactInvalid(f"layer {number} has weights of type {kernel.dtype}, not float32")
        if temperature != 1:
            kernel, bias = kernel / np.float32(temperature), bias / np.float32(temperature)
        self.kernels.append((kernel.reshape(-1, layer.units), bias, activation))
        if layer.kind == "dense":
            if len(shape) != 1:
                raise ArtifactInvalid(f"layer {number} takes rows of numbers, not pictures")
            self.work += min(shape[0], 1_000) * layer.units
            self.steps.append(dense(kernel, bias, activation))
            return (layer.units,)
        if len(shape) != 3 or layer.strides is None or layer.padding is None:
            raise ArtifactInvalid(f"layer {number} takes pictures, or lacks a setting")
        picture = (shape[0], shape[1], shape[2])
        step, found = convolution(kernel, bias, activation, picture, layer.strides, layer.padding)
        self.work += found[0] * found[1] * kernel.size
        patches = found[0] * found[1] * (kernel.size // layer.units)
        self.pictures = max(1, min(self.pictures, MOST_PATCHES // max(patches, math.prod(found))))
        self.steps.append(step)
        return found

    def _add_plain(self, layer: LayerRow, shape: Shape) -> Shape:
        """A layer without weights of its own, and the shape of its output."""
        picture: Picture | None = (shape[0], shape[1], shape[2]) if len(shape) == 3 else None
        if layer.kind == "reshape" and layer.shape is not None and math.prod(layer.shape) == shape[0]:
            seen = layer.shape
            self.steps.append(lambda x: as_matrix(x).reshape(-1, *seen))
            return seen
        if layer.kind == "max_pool" and picture and layer.pool_size:
            step, picture = max_pool(picture, layer.pool_size)
            self.steps.append(step)
            return picture
        if layer.kind == "global_average_pool" and picture:
            self.steps.append(mean_of_all)
            return shape[2:]
        if layer.kind == "flatten" and picture:
            self.steps.append(lambda x: x.reshape(len(x), -1))
            return (math.prod(shape),)
        if layer.kind in ("reshape", "max_pool", "global_average_pool"):
            raise ArtifactInvalid(f"a layer of kind {layer.kind} does not fit what comes before it")
        return shape  # dropout acts in training only, and rows are flat already

    def __call__(self, rows: Encoded) -> FloatMatrix:
        """Outputs of the last layer, (rows, units)."""
        if self.always_finite:  # as of any network that has learnt something
            return self._run(rows)
        with np.errstate(over="ignore", invalid="ignore"):  # weights may be as large as float32 allows
            return self._run(rows)

    def _run(self, rows: Encoded) -> FloatMatrix:
        if self.picture and len(rows) > self.pictures:
            return self.in_batches(rows, self.pictures)
        x: Any = rows
        for step in self.steps:
            x = step(x)
        found: FloatMatrix = x
        return found

    def hidden(self, rows: Encoded) -> FloatMatrix:
        """What the last hidden layer gives, (rows, units): of a network that has a `head`."""
        if len(rows) > self.pictures:
            starts = range(0, len(rows), self.pictures)
            parts = [take(rows, np.arange(at, min(at + self.pictures, len(rows)))) for at in starts]
            return np.concatenate([self.hidden(part) for part in parts])
        x: Any = rows
        for step in self.steps[:-1]:
            x = step(x)
        found: FloatMatrix = x
        return found

    def after(self, hidden: FloatMatrix) -> FloatMatrix:
        """Outputs of the last layer for what `hidden` gave."""
        return self.steps[-1](hidden)

    def without(self, row: Encoded, columns: NDArray[Any], usual: FloatMatrix | None = None) -> FloatMatrix:
        """(columns, units): the outputs for an encoded row, (1, width), with each of these numbers left out in turn.

        That is at zero, or at what it is in `usual`, (width,).
        """
        kernel, bias, activation = self.kernels[0]
        activate, most = ACTIVATIONS[activation], max(1, MOST_PICKED // kernel.shape[1])
        total = multiply(row, kernel) + bias
        values = self._values_at(row, columns, usual)
        parts = [np.zeros((0, self.kernels[-1][0].shape[1]), dtype=np.float32)]
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(columns), most):
                some = columns[start : start + most]
                picked = kernel.take(some, axis=0)
                if values is not None:
                    picked *= values[start : start + most, None]
                x = activate(np.subtract(total, picked, out=picked))
                for step in self.steps[1:]:
                    x = step(x)
                parts.append(x)
        return np.concatenate(parts)

    @staticmethod
    def _values_at(row: Encoded, columns: NDArray[Any], usual: FloatMatrix | None) -> NDArray[np.float32] | None:
        """(columns,): what a row has in these columns beyond the usual; None of ones everywhere."""
        if isinstance(row, SparseRows):
            return None if row.values is None else row.values[row.indices.searchsorted(columns)]
        values = as_matrix(row)[0]
        found: NDArray[np.float32] = (values if usual is None else values - usual)[columns]
        return found

    def without_groups(self, row: FloatMatrix, groups: NDArray[np.int64], usual: FloatMatrix) -> FloatMatrix:
        """(groups, units): the same with each group of neighbouring numbers as usual in turn, as a whole.

        `row` (1, width); `groups` where each begins, and the end of the last.
        """
        kernel, bias, activation = self.kernels[0]
        change = row[0] - usual
        spans = zip(groups[:-1].tolist(), groups[1:].tolist(), strict=True)
        with np.errstate(over="ignore", invalid="ignore"):
            parts = np.stack([change[start:end] @ kernel[start:end] for start, end in spans])
            x = ACTIVATIONS[activation](row @ kernel + bias - parts)
            for step in self.steps[1:]:
                x = step(x)
        return x

    def in_batches(self, rows: Encoded, size: int = 1024) -> FloatMatrix:
        """The same, `size` rows at a time: bounded memory for whole splits."""
        parts = [self(take(rows, np.arange(i, min(i + size, len(rows))))) for i in range(0, len(rows), size)]
        return np.concatenate(parts)


def _picture_of(layers: Sequence[LayerRow]) -> Picture | None:
    """What a row is seen as, if it is seen as a picture."""
    return next((layer.shape for layer in reversed(layers) if layer.kind == "reshape"), None)


def _activation_of(layers: Sequence[LayerRow], number: int) -> str | None:
    """A layer's own, or that of the batch normalization which is a part of it."""
    after = layers[number + 1 : number + 3]
    if after and after[0].kind == "batch_norm":
        return after[1].activation if len(after) > 1 and after[1].kind == "activation" else "linear"
    return layers[number].activation


def _cannot_overflow(kernels: Sequence[tuple[FloatMatrix, NDArray[np.float32], str]]) -> bool:
    """Whether no input that an encoder makes can take any number of the network beyond float32."""
    largest = LARGEST_INPUT
    for kernel, bias, activation in kernels:
        if activation == "exponential":
            return False
        # Squareplus squares its input; all others are at most linear in it.
        largest = largest * float(np.abs(kernel).sum(axis=0, dtype=np.float64).max()) + float(np.abs(bias).max()) + 2
        largest = largest**2 if activation in ("squareplus", "sparse_plus") else largest
        if not largest < SAFE:
            return False
    return True
