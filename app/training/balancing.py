"""What rows count in the loss where some labels are rare."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.training.arrange import Numbers


def balanced(targets: NDArray[Any], numbers: Numbers) -> NDArray[np.float32]:
    """(rows,) what each row counts, so that all labels count the same among the rows with these `numbers`.

    That is their number over that of labels times that of the row's label (King & Zeng 2001; scikit-learn's
    `balanced`): 1 on the average. A label that none of them has counts nothing. `targets` are as `for_loss` gives them:
    (rows,) places of labels, (rows, 1) zeros and ones, or (rows, labels) with one 1 in each row.
    """
    one_hot = targets.ndim == 2 and targets.shape[1] > 1
    labels: Numbers = targets.argmax(axis=1) if one_hot else targets.reshape(-1).astype(np.int64)
    counts = np.bincount(labels[numbers], minlength=int(labels.max()) + 1)
    here = counts > 0
    weights = np.zeros(len(counts), dtype=np.float32)
    weights[here] = len(numbers) / (np.count_nonzero(here) * counts[here])
    found: NDArray[np.float32] = weights[labels]
    return found
