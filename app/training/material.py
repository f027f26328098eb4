"""The rows of a run as its fits see them: of texts, sentences besides, and weights learnt from what is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.recipes import Recipe
from app.domain.texts import NGrams
from app.encoding.rows import Encoded, SparseRows, stacked, take
from app.training.arrange import Numbers
from app.training.examples import Examples, for_loss
from app.training.fit import TrainingRows
from app.training.prepare import Prepared, Seen

SENTENCE = 0.005  # of a text's weight has one of its sentences, where a temperature is fitted


@dataclass(frozen=True)
class Truth:
    """What is known of rows that a fit has not learnt from."""

    targets: NDArray[Any]
    words: NDArray[np.int64] | None  # (rows,) how many each has, where that is known
    weights: NDArray[np.float64]  # (rows,) how much each counts


@dataclass(frozen=True)
class HeldOut:
    """Rows that a fit has not learnt from."""

    rows: Encoded
    truth: Truth


class Material:
    """What is prepared, seen by one fit after the other."""

    def __init__(self, prepared: Prepared, recipe: Recipe, units: int) -> None:
        self._prepared = prepared
        self._recipe = recipe
        self._units = units
        self._seen: Seen | None = None
        self._train: Numbers = np.zeros(0, dtype=np.int64)  # that weights were learnt from

    @property
    def seen(self) -> Seen:
        """The rows as the fit that is going on sees them."""
        assert self._seen is not None
        return self._seen

    def see(self, train: Numbers) -> bool:
        """Go on with a fit on these rows; whether they look otherwise than to the one before."""
        is_same = not self._prepared.has_open_weights or np.array_equal(train, self._train)
        if self._seen is not None and is_same:
            return False
        self._seen, self._train = self._prepared.seen_after(train), train
        return True

    def examples(self) -> Examples:
        """All training rows, and below them the sentences, if any are trained on."""
        examples = Examples(self.seen.train, for_loss(self._prepared.train.targets, self._recipe, self._units))
        if self._share and self._prepared.pieces and self.seen.pieces:
            return examples.with_pieces(self.seen.pieces, self._prepared.pieces.owners)
        return examples

    def trained_on(self, train: Numbers) -> TrainingRows:
        """What a fit on these rows goes through in an epoch."""
        if not self._share or not self._prepared.pieces:
            return TrainingRows(train)
        return TrainingRows(train, len(self._prepared.train) + self._pieces_of(train), self._share)

    def held_out(self, numbers: Numbers) -> HeldOut:
        """These training rows, and the sentences of them, each with the target of its text."""
        rows, targets = take(self.seen.train, numbers), self._prepared.train.targets[numbers]
        weights = np.ones(len(rows))
        pieces = self._prepared.pieces
        if pieces and self.seen.pieces and isinstance(rows, SparseRows):
            own = self._pieces_of(numbers)
            rows = stacked([rows, self.seen.pieces.take(own)], rows.width)
            targets = np.concatenate([targets, self._prepared.train.targets[pieces.owners[own]]])
            weights = np.concatenate([weights, np.full(len(own), SENTENCE)])
        return HeldOut(rows, Truth(targets, words_of(rows), weights))

    def truth_of(self, folds: Sequence[Numbers]) -> Truth:
        """Of what `held_out` gives for each of these folds, one after the other."""
        found = [self.held_out(numbers).truth for numbers in folds]
        words = [each.words for each in found if each.words is not None]
        targets, weights = (np.concatenate([getattr(each, name) for each in found]) for name in ("targets", "weights"))
        return Truth(targets, np.concatenate(words) if words else None, weights)

    @property
    def _share(self) -> float:
        features = self._recipe.features
        return features.sentences if isinstance(features, NGrams) else 0.0

    def _pieces_of(self, numbers: Numbers) -> Numbers:
        assert self._prepared.pieces is not None
        return np.flatnonzero(np.isin(self._prepared.pieces.owners, numbers))


def words_of(rows: Encoded) -> NDArray[np.int64] | None:
    """(rows,) how many words each text has; None where that is not known."""
    return rows.words if isinstance(rows, SparseRows) else None
