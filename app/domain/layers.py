"""The layers of a network as data, and what becomes of a picture on its way through them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.domain.numbers import Integer
from app.domain.part import Part
from app.errors import InvalidInput

# Every activation of Keras 3.15 but `threshold`, which needs arguments, `glu`, which halves the layer's width,
# `sparsemax`, whose rows do not add up to 1 there, and `hard_shrink`, which jumps: rounding would decide its answer.
# `inference/activations.py` serves them.
Activation = Literal[
    "linear", "relu", "tanh", "sigmoid", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign",
    "exponential", "leaky_relu", "relu6", "hard_sigmoid", "hard_silu", "hard_tanh", "soft_shrink",
    "tanh_shrink", "log_sigmoid", "squareplus", "sparse_plus", "sparse_sigmoid", "softmax", "log_softmax",
]  # fmt: skip

Picture = tuple[int, int, int]  # height, width, channels
Shape = tuple[int, ...]  # of one row: (numbers,), or that of a picture
Penalty = Annotated[float, Field(ge=0, le=10, description="weight of the penalty on this layer's kernel")]


class Dense(Part):
    """Fully connected layer: `activation(x @ kernel + bias)`; Glorot uniform kernel, zero bias (Keras' defaults)."""

    kind: Literal["dense"] = "dense"
    units: Annotated[int, Integer(1, 8192)] = Field(description="width of the layer")
    activation: Activation = "relu"
    l1: Penalty = 0.0
    l2: Penalty = 0.0


class Dropout(Part):
    """Inverted dropout (Srivastava et al. 2014), as in Keras: active in training only."""

    kind: Literal["dropout"] = "dropout"
    rate: float = Field(ge=0, lt=1, description="share of the inputs set to zero")


class Flatten(Part):
    """All axes but the first made one: changes nothing on rows, but notebooks have it."""

    kind: Literal["flatten"] = "flatten"


class Conv2D(Part):
    """Convolution of a picture: `activation(x * kernels + bias)`, kernels and bias begin as Keras' do."""

    kind: Literal["conv2d"] = "conv2d"
    filters: Annotated[int, Integer(1, 512)] = Field(description="pictures that come out")
    kernel_size: Annotated[int, Integer(1, 15)] = Field(3, description="pixels a side that each result sees")
    strides: Annotated[int, Integer(1, 8)] = Field(1, description="pixels from one result to the next")
    padding: Literal["same", "valid"] = Field(
        "same", description="`same`: zeros around the picture, so that its size stays; `valid`: none"
    )
    activation: Activation = "relu"


class MaxPool(Part):
    """The largest of each square of pixels, of each channel; what is left at the right and below is cut off."""

    kind: Literal["max_pool"] = "max_pool"
    pool_size: Annotated[int, Integer(2, 8)] = Field(2, description="pixels a side of the square")


class GlobalAveragePool(Part):
    """The mean of each channel over the whole picture."""

    kind: Literal["global_average_pool"] = "global_average_pool"


class BatchNorm(Part):
    """Batch normalization (Ioffe & Szegedy 2015) of the layer before it, a `conv2d` or `dense`, then an activation.

    That layer's own activation has to be `linear`. When serving, it is a part of that layer's weights.
    """

    kind: Literal["batch_norm"] = "batch_norm"
    activation: Activation = "relu"
    momentum: float = Field(0.9, ge=0, lt=1, description="of the moving mean and variance, which serving uses")


PictureLayer = Conv2D | MaxPool | GlobalAveragePool
AnyLayer = Dense | Dropout | Flatten | PictureLayer | BatchNorm
Layer = Annotated[AnyLayer, Field(discriminator="kind")]


class Augmentation(Part):
    """Pictures changed at random while training, anew in each epoch: each number is the most that may be done."""

    shift: float = Field(0.0, ge=0, le=0.5, description="across and down, as a share of the picture's side")
    rotation: float = Field(0.0, ge=0, le=180, description="degrees, either way")
    scale: float = Field(0.0, ge=0, le=1, description="larger or smaller, height and width each: 0.1 is 1/1.1 to 1.1")
    shear: float = Field(0.0, ge=0, le=45, description="degrees that uprights lean, either way")
    stroke: float = Field(0.0, ge=0, le=1, description="wider or narrower strokes: 1 is a pixel on each side")
    elastic: float = Field(
        0.0, ge=0, le=0.1, description="smooth distortion (Simard et al. 2003): its deviation, as a share of the side"
    )

    @property
    def moves(self) -> bool:
        """Whether pixels come from other places."""
        return any((self.shift, self.rotation, self.scale, self.shear, self.elastic))


@dataclass(frozen=True)
class Stage:
    """What a layer does to a row."""

    shape: Shape  # of its output
    parameters: int
    multiplications: int


def stages_of(layers: Sequence[AnyLayer], shape: Shape) -> list[Stage]:
    """Each layer's output, for rows of this shape.

    Raises:
        InvalidInput: a layer cannot follow what comes before it.
    """
    stages: list[Stage] = []
    for place, layer in enumerate(layers):
        before = layers[place - 1] if place else None
        stages.append(_stage(place, layer, before, stages[-1].shape if stages else shape))
    return stages


def _stage(place: int, layer: AnyLayer, before: AnyLayer | None, shape: Shape) -> Stage:
    if isinstance(layer, PictureLayer) and len(shape) != 3:
        told = "the layers before it have made rows of its picture" if place else "the task's inputs are none"
        raise _misfit(place, "kind", f"{layer.kind} needs a picture: {told}")
    if isinstance(layer, Conv2D):
        return _convolved(place, layer, shape)
    if isinstance(layer, MaxPool):
        if layer.pool_size > min(shape[:2]):
            raise _misfit(place, "pool_size", f"at most {min(shape[:2])}, or nothing is left of {_times(shape)}")
        return Stage((shape[0] // layer.pool_size, shape[1] // layer.pool_size, shape[2]), 0, 0)
    if isinstance(layer, GlobalAveragePool):
        return Stage(shape[2:], 0, 0)
    if isinstance(layer, BatchNorm):
        if not (isinstance(before, Dense | Conv2D) and before.activation == "linear"):
            reason = "has to follow a conv2d or dense layer with the activation linear, and has an activation itself"
            raise _misfit(place, "kind", f"batch_norm {reason}")
        return Stage(shape, 4 * shape[-1], 0)
    numbers = math.prod(shape)
    if isinstance(layer, Dense):
        return Stage((layer.units,), (numbers + 1) * layer.units, numbers * layer.units)
    return Stage((numbers,) if isinstance(layer, Flatten) else shape, 0, 0)


def _convolved(place: int, layer: Conv2D, shape: Shape) -> Stage:
    size, stride = layer.kernel_size, layer.strides
    if size > min(shape[:2]):
        reason = f"at most {min(shape[:2])}: what comes to this layer has {_times(shape)}"
        raise _misfit(place, "kernel_size", reason)
    room = 0 if layer.padding == "same" else size - 1
    sides = tuple(-(-(side - room) // stride) for side in shape[:2])
    weights = size * size * shape[2] * layer.filters
    return Stage((*sides, layer.filters), weights + layer.filters, math.prod(sides) * weights)


def _misfit(place: int, field: str, reason: str) -> InvalidInput:
    return InvalidInput(reason, field=f"recipe.layers.{place}.{field}")


def _times(shape: Shape) -> str:
    return f"{shape[0]} × {shape[1]} pixels"
