"""Networks of convolutions for pictures, small enough that two cores train them in minutes and one answers at once.

Chosen on held-out training rows, with pictures redrawn as people send them: strokes wider and narrower and slight
distortions are what makes other hands readable; a first layer that takes every other pixel halves the time.
"""

from app.domain.layers import (
    Augmentation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Layer,
    MaxPool,
)

LARGE = 40  # pixels a side, from which there is one pooling more at the beginning
SMALL = 20  # below which every pixel counts
LEFT = 8  # pixels a side, at most, that are left for the dense layer

SIGNS = Augmentation(shift=0.08, rotation=15.0, scale=0.2, shear=15.0, stroke=0.7, elastic=0.02)
THINGS = Augmentation(shift=0.1, rotation=10.0, scale=0.15, shear=5.0)


def normalized(filters: int, kernel_size: int = 3, strides: int = 1, *, is_padded: bool = True) -> tuple[Layer, ...]:
    """A convolution with batch normalization before its rectifier."""
    conv = Conv2D(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding="same" if is_padded else "valid",
        activation="linear",
    )
    return (conv, BatchNorm())


DENSE: tuple[Layer, ...] = (Dropout(rate=0.3), Dense(units=128), Dropout(rate=0.3))

# 3.2 million multiplications: a signs' picture of 28 pixels becomes 14, 7, 5 and 3 pixels a side.
OF_SIGNS: tuple[Layer, ...] = (
    *normalized(24, 5, 2),
    *normalized(48),
    MaxPool(),
    *normalized(64, is_padded=False),
    *normalized(64, is_padded=False),
    *DENSE,
)


def of_things(size: int) -> tuple[Layer, ...]:
    """For pictures of anything, of `size` pixels a side."""
    strides = 1 if size < SMALL else 2
    side = -(-size // strides)
    first: tuple[Layer, ...] = normalized(24, 5, strides)
    if size >= LARGE:
        first, side = (*first, MaxPool()), side // 2
    last: tuple[Layer, ...] = ()
    side //= 2
    while side > LEFT:
        last, side = (*last, MaxPool()), side // 2
    return (*first, *normalized(48), MaxPool(), *normalized(64), *normalized(64), *last, *DENSE)
