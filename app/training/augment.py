"""Training pictures changed at random, within the compiled step: each epoch sees others.

Only operations that compile for every device, and random numbers without a state: the same seed, the same pictures.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.domain.layers import Augmentation, Picture

GRID = 5  # points a side, whose displacements an elastic change has; between them it is smooth
CHANCES = 7  # random numbers of a picture, besides those of the grid


def augmented(rows: Any, shape: Picture, chosen: Augmentation, seed: Any) -> Any:
    """(rows, width) pictures of this shape, each changed on its own; `seed` are two whole numbers."""
    pictures = tf.reshape(rows, (-1, *shape))
    chances = tf.random.stateless_uniform((rows.shape[0], CHANCES), seed, -1.0, 1.0)
    if chosen.moves:
        pictures = _sampled(pictures, *_places(shape, chosen, chances, seed))
    if chosen.stroke:
        pictures = _stroked(pictures, chosen.stroke * chances[:, 6])
    return tf.reshape(pictures, (-1, math.prod(shape)))


def _places(shape: Picture, chosen: Augmentation, chances: Any, seed: Any) -> tuple[Any, Any]:
    """Row and column, in pixels, from which each pixel comes, (pictures, height, width) each."""
    height, width, _ = shape
    down, right = np.mgrid[:height, :width].astype(np.float32)
    y, x = down - (height - 1) / 2, right - (width - 1) / 2  # from the middle
    angle = chances[:, 0] * math.radians(chosen.rotation)
    slant = chances[:, 1] * math.tan(math.radians(chosen.shear))
    tall, broad = (tf.exp(chances[:, place] * math.log1p(chosen.scale)) for place in (2, 3))
    sine, cosine = tf.sin(angle), tf.cos(angle)
    each = (slice(None), None, None)
    leaning = (x + slant[each] * y) * broad[each]
    upright = y * tall[each]
    down_by, right_by = (chosen.shift * chances[:, place][each] for place in (4, 5))
    rows = sine[each] * leaning + cosine[each] * upright + (height - 1) / 2 + height * down_by
    columns = cosine[each] * leaning - sine[each] * upright + (width - 1) / 2 + width * right_by
    if chosen.elastic:
        noise = tf.random.stateless_normal((chances.shape[0], GRID, GRID, 2), seed)
        moved = tf.einsum("ha,nabd,wb->nhwd", _smooth(height), noise, _smooth(width))
        rows += chosen.elastic * height * moved[..., 0]
        columns += chosen.elastic * width * moved[..., 1]
    return rows, columns


def _smooth(length: int) -> NDArray[np.float32]:
    """(length, points) how much each point of the grid says at each pixel; the displacements keep their variance."""
    pixels, points = np.linspace(0, GRID - 1, length)[:, None], np.arange(GRID)[None, :]
    bumps = np.exp(-0.5 * ((pixels - points) / 0.7) ** 2)
    kept: NDArray[np.float32] = (bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return kept


def _sampled(pictures: Any, rows: Any, columns: Any) -> Any:
    """The pictures at these places, between four pixels each; beyond its edge a picture goes on as it ends there."""
    _, height, width, channels = pictures.shape
    rows, columns = tf.clip_by_value(rows, 0.0, height - 1.0), tf.clip_by_value(columns, 0.0, width - 1.0)
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    above, before = tf.cast(top, tf.int32), tf.cast(left, tf.int32)
    below, behind = tf.minimum(above + 1, height - 1), tf.minimum(before + 1, width - 1)
    flat = tf.reshape(pictures, (-1, height * width, channels))

    def at(row: Any, column: Any) -> Any:
        return tf.gather(flat, row * width + column, batch_dims=1)

    upper = at(above, before) * (1 - right) + at(above, behind) * right
    lower = at(below, before) * (1 - right) + at(below, behind) * right
    return upper * (1 - down) + lower * down


def _stroked(pictures: Any, amounts: Any) -> Any:
    """What is light made wider where the amount is above 0, narrower below; an amount of 1 is a pixel on each side."""
    wider = tf.nn.max_pool2d(pictures, 3, 1, "SAME")
    narrower = -tf.nn.max_pool2d(-pictures, 3, 1, "SAME")
    amounts = amounts[:, None, None, None]
    return pictures + tf.maximum(amounts, 0.0) * (wider - pictures) + tf.maximum(-amounts, 0.0) * (narrower - pictures)
