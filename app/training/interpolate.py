"""Learnt weights drawn towards naive Bayes: MNB and a linear model in one (Wang & Manning 2012, section 2.3)."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.encoding.n_grams import NGramEncoder
from app.training.arrange import Numbers
from app.training.ensemble import members_of
from app.training.fit import FitState
from app.training.prepare import Seen
from app.training.program import Program


def settle(program: Program, seen: Seen, train: Numbers, held_out: Numbers | None, state: FitState) -> None:
    """Interpolate a finished fit's weights, if its features ask for that, and measure it anew.

    Not before: each epoch goes on from weights that are learnt alone, and so does an attempt that is resumed.
    """
    if seen.directions is None:
        return
    assert isinstance(seen.encoder, NGramEncoder)
    for member in members_of(program.model):
        _draw(member.layers[-1], seen.directions, seen.encoder.features.interpolation)
    tested = {} if held_out is None else program.test(held_out)
    state.metrics = program.test(train) | {f"val_{name}": value for name, value in tested.items()}


def interpolated(kernel: NDArray[Any], directions: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """(width, 1) a share of each weight, and as the rest the mean of all without their signs, in its direction.

    With rows that have the naive Bayes ratios without their signs as values, that is the paper's
    `(1 - share) * mean|w| + share * w`, where rows have them with their signs.
    """
    mean = np.abs(kernel).mean(dtype=np.float64)
    return np.asarray((1 - share) * mean * directions[:, None] + share * kernel, dtype=np.float32)


def _draw(layer: keras.layers.Dense, directions: NDArray[np.float32], share: float) -> None:
    kernel, bias = layer.get_weights()
    layer.set_weights([interpolated(kernel, directions, share), bias])
