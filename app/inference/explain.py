"""What each number of an input adds to the answer: the score as it is, less the score with that number left out.

Exact, and cheap: the first layer is linear, so that leaving out a number takes one kernel row off its sum. Where it is
a convolution, small squares of pixels are left out as wholes, and the effect of each is shared among its pixels: the
network has to run once for each, and as many runs as there are pixels would take too long.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix, SparseRows, dense
from app.inference.forward import Network
from app.kinds.answers import Effects

COPIED = 30  # multiplications that are as dear as a number of the picture, which is copied for each square
MOST_WORK = 150_000_000  # multiplications to explain a picture, some tens of milliseconds


def effects_of(
    network: Network,
    row: Encoded,
    output: FloatMatrix,
    usual: FloatMatrix | None = None,
    groups: NDArray[np.int64] | None = None,
    *,
    classifies: bool,
) -> tuple[Effects, int]:
    """Effects of an encoded row, (width,), and the place of the label whose probability they are about (regression: 0).

    `row` (1, width); `output` (units,) is the network's answer to it. A number that is zero, or as in `usual`,
    (width,), has no effect. With `groups`, which say where each column of the input begins and where the last one
    ends, the effects are those of whole columns, (columns,).
    """
    if network.picture:
        return _of_squares(network, dense(row)[0], output, usual, classifies=classifies)
    if groups is not None and usual is not None:
        columns = np.arange(len(groups) - 1)
        others = network.without_groups(dense(row), groups, usual)
    else:
        columns = _unusual(row, usual)
        others = network.without(row, columns, usual)
    found = np.zeros(network.width if groups is None else len(columns))
    scores, label = _scores(output, others, classifies=classifies)
    found[columns] = scores[0] - scores[1:]
    return _finite(found), label


def _of_squares(
    network: Network, row: NDArray[np.float32], output: FloatMatrix, usual: FloatMatrix | None, *, classifies: bool
) -> tuple[Effects, int]:
    """The same of a picture, (width,), by the smallest squares for which there is time."""
    assert network.picture is not None
    ground = np.zeros_like(row) if usual is None else usual
    differs = (row != ground).reshape(network.picture).any(axis=2)  # (height, width)
    side = 2
    squares, count = _numbered(differs, side)
    while count * max(network.work, row.size * COPIED) > MOST_WORK and side < max(differs.shape):
        side += 1
        squares, count = _numbered(differs, side)
    place = np.repeat(squares.ravel(), network.picture[2])  # of each number's square; -1: as usual
    others = np.broadcast_to(row, (count, row.size)).copy()
    at = np.flatnonzero(place >= 0)
    others[place[at], at] = ground[at]
    scores, label = _scores(output, network(others) if count else output[None, :][:0], classifies=classifies)
    found = np.zeros(row.size)
    members = np.bincount(place[at], minlength=count)
    found[at] = ((scores[0] - scores[1:]) / np.maximum(members, 1))[place[at]]
    return _finite(found), label


def _numbered(differs: NDArray[np.bool_], side: int) -> tuple[NDArray[np.intp], int]:
    """(height, width) the number of each pixel's square, -1 where nothing differs; and how many squares there are."""
    height, width = differs.shape
    down, right = np.arange(height)[:, None] // side, np.arange(width)[None, :] // side
    squares = down * -(-width // side) + right
    numbers, within = np.unique(squares[differs], return_inverse=True)
    found = np.full(differs.shape, -1, dtype=np.intp)
    found[differs] = within
    return found, len(numbers)


def _finite(effects: NDArray[np.float64]) -> Effects:
    largest = float(np.finfo(np.float32).max)  # a network whose weights grew too large for the rest of an input
    return np.nan_to_num(effects, nan=0.0, posinf=largest, neginf=-largest)


def _unusual(row: Encoded, usual: FloatMatrix | None) -> NDArray[Any]:
    """The places of the numbers that have an effect."""
    if isinstance(row, SparseRows):
        return row.indices
    return np.flatnonzero(dense(row)[0] != (0 if usual is None else usual))


def _scores(output: FloatMatrix, others: FloatMatrix, *, classifies: bool) -> tuple[NDArray[np.float64], int]:
    """Of the answer and of each other one what it says of the answer's label, or its value; and the label's place."""
    answers = np.concatenate([output[None, :], others])
    label = 0
    if classifies:
        label = int(output[0] > 0.5) if len(output) == 1 else int(output.argmax())
    return scores_of(answers, label, classifies=classifies), label


def scores_of(outputs: FloatMatrix, label: int, *, classifies: bool) -> NDArray[np.float64]:
    """(rows,): of the network's answers, (rows, units), the probability of the label at this place, or the value."""
    answers = outputs.astype(np.float64)
    if not classifies or outputs.shape[1] > 1:
        return answers[:, label]
    return answers[:, 0] if label else 1 - answers[:, 0]
