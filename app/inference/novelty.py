"""How unlike the training rows an input is: a raw score of its encoded row, and what share of rows scores less.

Texts: how rare their words are, and how little they share with the words of any one label. Everything else: the
distance from the mean of the training rows, in their deviations along the directions in which they vary
(probabilistic principal components, Tipping & Bishop 1999); of pictures, besides, what a network sees in them.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix, SparseRows
from app.inference.distance import Distance, Scores
from app.inference.forward import MOST_ONES, Head, multiply
from app.inference.within import Within
from app.wire.manifests import NoveltyRecord

MOST_NUMBERS = 2**18  # of the directions of a measure: 1 MB
_ONES = np.ones((1, MOST_ONES), dtype=np.float32)
RARE, FOREIGN, WORDS, LABELS = range(4)  # columns of the sums of a text: the last is the first label's

Arrays = Mapping[str, NDArray[Any]]


class Measure(Protocol):
    """Raw scores of encoded rows."""

    def raw(self, rows: Encoded, hidden: FloatMatrix | None = None) -> Scores:
        """One for each row, infinite where there is nothing that the model knows.

        `hidden` (rows, units): what the network's last hidden layer gives for them, which only `Within` looks at.
        """

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the artifact keeps: enough for `measure_from`."""


class Strangeness:
    """Of texts; the length decides how far a score may stray: `fits` were learnt from texts of any."""

    def __init__(
        self, first: int, counts: NDArray[np.int32], rows: int, words: NDArray[np.int32], weights: FloatMatrix
    ) -> None:
        """`counts` of training rows, of which there were `rows`, that hold each word, from column `first` on.

        `words` (labels, few) say which words tell a label most, by place among `counts`, and `weights` how much.
        """
        if words.shape != weights.shape or (words.size and not 0 <= words.min() <= words.max() < len(counts)):
            raise ValueError("the words of the labels do not fit the counts")
        self._first, self._counts, self._rows, self._words, self._weights = first, counts, rows, words, weights
        self._rarest = math.log(2 * (rows + 1))  # how rare a word is that no training row has
        self._foreign = math.log(rows + 1) ** 2
        self._table = self.table(counts)
        self.fits: FloatMatrix = np.zeros((2, 5), dtype=np.float32)
        self.fits[:, 3] = 1
        self.limits = (1.0, 1.0)
        self.longest = math.inf

    def table(self, counts: NDArray[Any]) -> FloatMatrix:
        """(columns, 3 + labels) what each word adds to the sums of its text; the last row is of all other columns."""
        table = np.zeros((self._first + len(counts) + 1, LABELS + len(self._words)), dtype=np.float32)
        own = table[self._first : -1]
        share = np.log((self._rows + 1) / (self._counts + 1.0))
        own[:, RARE] = np.log((self._rows + 1) / (np.maximum(counts, 0) + 0.5))
        own[:, FOREIGN] = np.square(share)
        own[:, WORDS] = 1
        for label, (places, weights) in enumerate(zip(self._words, self._weights, strict=True), LABELS):
            own[places, label] = weights * share[places]
        return table

    def sums(self, rows: SparseRows, table: FloatMatrix | None = None) -> FloatMatrix:
        """(rows, 3 + labels) of the table's rows for the words of each text."""
        table = self._table if table is None else table
        if len(rows) == 1 and len(rows.indices) < MOST_ONES:  # in half the time
            total: FloatMatrix = _ONES[:, : len(rows.indices)].dot(table.take(rows.indices, axis=0, mode="clip"))
            return total
        columns = np.minimum(rows.indices, len(table) - 1)
        return multiply(SparseRows(columns, rows.offsets, len(table), rows.known), table)

    def features(self, sums: Sequence[float], known: float) -> tuple[float, float, float]:
        """How rare the words are, how far from any label, and how many different ones, given the share of known ones.

        The sums are those of a text that has a known word at least.
        """
        words = sums[WORDS]
        unknown = words * (1 - known) / known if words else 1.0
        total = words + unknown
        length = math.sqrt(sums[FOREIGN] + unknown * self._foreign) or 1.0
        return (sums[RARE] + unknown * self._rarest) / total, -max(sums[LABELS:]) / length, total

    def deviating(self, rare: float, far: float, words: float) -> tuple[float, float]:
        """The same as deviations from texts of that length: twice the rarity with the distance, and the distance."""
        log = math.log(min(max(words, 1.0), self.longest))
        found = []
        for value, (zeroth, first, second, spread, per_word) in zip((rare, far), self._plain_fits, strict=True):
            usual = zeroth + (first + second * log) * log
            found.append((value - usual) / math.sqrt(spread + per_word / max(words, 1.0)))
        return 2 * found[0] + found[1], found[1]

    def raw(self, rows: Encoded, hidden: FloatMatrix | None = None) -> Scores:
        """Infinite for a text without a known word."""
        del hidden
        assert isinstance(rows, SparseRows)
        both, distance = self.limits
        scores = []
        for sums, known in zip(self.sums(rows).tolist(), rows.known.tolist(), strict=True):
            if not known > 0:  # or there is no word at all
                scores.append(math.inf)
                continue
            first, second = self.deviating(*self.features(sums, known))
            scores.append(max(first / both, second / distance))
        return scores

    def settle(self, fits: FloatMatrix, limits: tuple[float, float], longest: float) -> None:
        """Take what was learnt about texts of each length: (2, 5), for rarity and distance three coefficients of a
        parabola over the logarithm of the length, and a variance with its part per word.
        """
        self.fits, self.limits, self.longest = fits, limits, longest
        self._plain_fits = fits.tolist()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Counts, labels' words and what was learnt about lengths."""
        return {
            "counts": self._counts,
            "first": np.array(self._first),
            "rows": np.array(self._rows),
            "words": self._words,
            "weights": self._weights,
            "fits": self.fits,
            "limits": np.array([*self.limits, self.longest]),
        }


def measure_from(arrays: Arrays, head: Head | None = None) -> Measure:
    """The measure that `arrays` described; `head` is the last layer of the network of pictures that it is of.

    Raises:
        KeyError, TypeError, ValueError: it describes none.
    """
    if "counts" not in arrays:
        rest = float(arrays["rest"])
        distance = Distance(arrays["mean"], arrays["scale"], arrays["directions"], arrays["deviations"], rest)
        if "hidden_mean" not in arrays:
            return distance
        return Within(distance, head, arrays["hidden_mean"], arrays["hidden_directions"], arrays["usual"])
    first, rows = int(arrays["first"]), int(arrays["rows"])
    found = Strangeness(first, arrays["counts"], rows, arrays["words"], arrays["weights"])
    both, distance, longest = arrays["limits"].tolist()
    found.settle(arrays["fits"], (both, distance), longest)
    return found


class Novelty:
    """Shares of the rows on which a measure was tried that are less novel."""

    def __init__(self, measure: Measure, record: NoveltyRecord) -> None:
        self._measure = measure
        self._shares, self._scores = record.shares, record.scores
        self.limit = record.limit
        self.looks_within = isinstance(measure, Within)  # so that it has to be told of the last hidden layer

    def of(self, rows: Encoded, hidden: FloatMatrix | None = None) -> list[tuple[float, bool]]:
        """For each row 0 to 1, four decimals, 1 beyond all that was seen; and whether nothing of it is known."""
        return [(self._share(score), math.isinf(score)) for score in self._measure.raw(rows, hidden)]

    def _share(self, score: float) -> float:
        """Interpolated; in Python, since NumPy's takes longer for a single one."""
        place = bisect_right(self._scores, score)
        if place == 0:
            return self._shares[0]
        if place == len(self._scores):
            return self._shares[-1]
        low, high = self._scores[place - 1], self._scores[place]
        start, end = self._shares[place - 1], self._shares[place]
        return round(start + (end - start) * (score - low) / (high - low), 4)
