"""What each number of an input adds to the answer: the score as it is, less the score with that number left out.

Exact, and cheap: the first layer is linear, so that leaving out a number takes one kernel row off its sum.
"""

import numpy as np

from app.encoding.rows import Encoded, FloatMatrix, SparseRows, dense
from app.inference.forward import Network
from app.kinds.answers import Effects


def effects_of(
    network: Network, row: Encoded, output: FloatMatrix, usual: FloatMatrix | None = None, *, classifies: bool
) -> tuple[Effects, int]:
    """Effects of an encoded row, (width,), and the place of the label whose probability they are about (regression: 0).

    `row` (1, width); `output` (units,) is the network's answer to it. A number that is zero, or as in `usual`,
    (width,), has no effect.
    """
    columns = (
        row.indices if isinstance(row, SparseRows) else np.flatnonzero(dense(row)[0] != (0 if usual is None else usual))
    )
    answers = np.concatenate([output[None, :], network.without(row, columns, usual)]).astype(np.float64)
    if not classifies:
        label, scores = 0, answers[:, 0]
    elif len(output) == 1:
        label = int(output[0] > 0.5)
        scores = answers[:, 0] if label else 1 - answers[:, 0]
    else:
        label = int(output.argmax())
        scores = answers[:, label]
    found = np.zeros(network.width)
    found[columns] = scores[0] - scores[1:]
    largest = float(np.finfo(np.float32).max)  # a network whose weights grew too large for the rest of an input
    return np.nan_to_num(found, nan=0.0, posinf=largest, neginf=-largest), label
