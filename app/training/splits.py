"""Which training rows a fit learns from, and which it leaves out."""

import math

import numpy as np

from app.domain.counting import counted
from app.domain.recipes import Holdout, KFold, Validation
from app.encoding.rows import Encoded
from app.errors import DatasetInvalid
from app.training.arrange import Numbers
from app.training.held_out import order_of


class Splits:
    """Of one run."""

    def __init__(self, validation: Validation, rows: Encoded) -> None:
        self._validation = validation
        self._folds = validation.folds if isinstance(validation, KFold) else 0
        self._order = order_of(validation, rows)
        self.rows = self._order.rows  # all

    def fold(self, number: int) -> tuple[Numbers, Numbers]:
        """Of fold `number`, from 1: the rows that it learns from, and those that it leaves out."""
        ends = np.cumsum([len(part) for part in np.array_split(self.rows, self._folds)])
        held_out = self._order.parts(ends[:-1].tolist())[number - 1]
        return np.setdiff1d(self.rows, held_out), held_out

    def final(self) -> tuple[Numbers, Numbers | None]:
        """Of the fit that is published: all rows, unless some are held out throughout.

        Raises:
            DatasetInvalid: those would be all.
        """
        if not isinstance(self._validation, Holdout):
            return self.rows, None
        size = self._validation.size
        if size >= len(self.rows):
            raise DatasetInvalid(
                f"a hold-out of {counted(size, 'row')} leaves none of the training rows: there are {len(self.rows):,}"
            )
        held_out, rest = self._order.parts([size])
        return rest, held_out

    def thinned(self, number: int, most: int) -> Numbers:
        """What a fold leaves out; if those are more than `most`, evenly picked ones of them."""
        _, held_out = self.fold(number)
        return held_out[:: math.ceil(len(held_out) / most)]
