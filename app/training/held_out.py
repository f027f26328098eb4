"""Which training rows are held out. Drawn ones come with all that are equal, so that none of these is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.recipes import Holdout, KFold, Validation
from app.encoding.rows import ByteRows, Encoded, SparseRows
from app.training.arrange import Numbers

AT_ONCE = 2_000_000  # numbers of which keys are made in one go
SEED = 20  # of what keys are made with; any does


@dataclass(frozen=True)
class Order:
    """Training rows in the order in which a validation takes its own from the front."""

    rows: Numbers
    starts: Numbers  # places at which it may be cut: before a row that is another one than the last

    def parts(self, cuts: Sequence[int]) -> list[Numbers]:
        """The rows, cut near these places; just there if the rows are too few different ones."""
        wanted = np.asarray(cuts)
        if not len(self.starts):
            return np.split(self.rows, wanted)
        after = np.searchsorted(self.starts, wanted).clip(max=len(self.starts) - 1)
        before = (after - 1).clip(0)
        is_nearer = abs(wanted - self.starts[before]) < abs(self.starts[after] - wanted)
        found = np.where(is_nearer, self.starts[before], self.starts[after])
        is_whole = (np.diff(found, prepend=0) > 0).all()
        return np.split(self.rows, found if is_whole else wanted)


def order_of(validation: Validation, rows: Encoded) -> Order:
    """As the validation says: as they are, or drawn, equal ones one after the other."""
    count = len(rows)
    if not (isinstance(validation, Holdout | KFold) and validation.rows == "shuffled"):
        return Order(np.arange(count), np.arange(1, count))
    drawn = np.random.default_rng(count).permutation(count)
    _, firsts, groups, sizes = np.unique(
        keys_of(rows)[drawn], return_index=True, return_inverse=True, return_counts=True
    )
    # Those of which there are many come last: at the front one of them could be more than the whole part.
    part = validation.size if isinstance(validation, Holdout) else count // validation.folds
    order = np.lexsort((firsts[groups], sizes[groups] > max(1, part // 2)))
    return Order(drawn[order], np.flatnonzero(np.diff(groups[order])) + 1)


def keys_of(rows: Encoded) -> NDArray[np.uint64]:
    """(rows,): the same for equal rows, and for others hardly ever."""
    if isinstance(rows, SparseRows):
        return np.add.reduceat(_factors(rows.width)[rows.indices], rows.offsets[:-1])
    values = rows.values if isinstance(rows, ByteRows) else np.ascontiguousarray(rows).view(np.uint32)
    factors = _factors(values.shape[1])
    step = max(1, AT_ONCE // max(1, values.shape[1]))
    keys = [(values[at : at + step].astype(np.uint64) * factors).sum(axis=1) for at in range(0, len(values), step)]
    return np.concatenate(keys)


def _factors(width: int) -> NDArray[np.uint64]:
    return np.random.default_rng(SEED).integers(0, 2**64 - 1, width, dtype=np.uint64, endpoint=True)
