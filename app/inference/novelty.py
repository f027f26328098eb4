"""How unlike the training rows an input is: a raw score of its encoded row, and what share of rows scores less.

Texts: how rare their words are, and how little they share with the words of any one label. Everything else: the
distance from the mean of the training rows, in their deviations along the directions in which they vary
(probabilistic principal components, Tipping & Bishop 1999).
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.encoding.rows import Encoded, FloatMatrix, SparseRows, dense, take
from app.inference.forward import MOST_ONES, multiply
from app.wire.manifests import NoveltyRecord

MOST_NUMBERS = 2**18  # of the directions of a measure: 1 MB
AT_ONCE = 2**22  # numbers of rows that are looked at together
NARROW = 64  # numbers of a row
_ONES = np.ones((1, MOST_ONES), dtype=np.float32)
RARE, FOREIGN, WORDS, LABELS = range(4)  # columns of the sums of a text: the last is the first label's

Arrays = Mapping[str, NDArray[Any]]
Scores = list[float]  # one for each row: the greater, the less like the training rows


class Measure(Protocol):
    """Raw scores of encoded rows."""

    def raw(self, rows: Encoded) -> Scores:
        """One for each row, infinite where there is nothing that the model knows."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the artifact keeps: enough for `measure_from`."""


class Distance:
    """Squared distance from the mean, in deviations: (rows, width) float rows."""

    def __init__(
        self, mean: FloatMatrix, scale: FloatMatrix, directions: FloatMatrix, deviations: FloatMatrix, rest: float
    ) -> None:
        """`scale` (width,): units of each number. `directions` (width, components), orthonormal; `deviations` along
        each, `rest` along all others.
        """
        if directions.shape != (len(mean), len(deviations)) or scale.shape != mean.shape:
            raise ValueError(f"{directions.shape} directions do not fit {len(mean)} numbers")
        self._mean, self._scale, self.directions, self._rest = mean, scale, directions, rest
        self._deviations = deviations
        self._narrow = len(mean) <= NARROW
        own = directions.astype(np.float64)
        if self._narrow:  # one product whitens a row
            others = (np.eye(len(mean)) - own @ own.T) / rest
            matrix = (own / deviations @ own.T + others) / scale[:, None]
        else:  # the length of the row, less what it is shorter in the directions in which rows vary more than in others
            matrix = own * np.sqrt(np.maximum(0, 1 / rest**2 - 1 / np.square(deviations, dtype=np.float64)))
        self._matrix = matrix.astype(np.float32)
        self._unscaled = bool((scale == 1).all())

    def raw(self, rows: Encoded) -> Scores:
        """In deviations of a typical number, not squared."""
        if isinstance(rows, np.ndarray) and len(rows) == 1:
            return self._of(rows)
        step = max(1, AT_ONCE // len(self._mean))
        numbers = (np.arange(at, min(at + step, len(rows))) for at in range(0, len(rows), step))
        return [score for some in numbers for score in self._of(dense(take(rows, some)))]

    def _of(self, rows: FloatMatrix) -> Scores:
        apart = rows - self._mean
        if self._narrow:
            squares = _squares(apart.dot(self._matrix))
        else:
            if not self._unscaled:
                apart /= self._scale
            along = _squares(apart.dot(self._matrix))
            squares = [whole / self._rest**2 - part for whole, part in zip(_squares(apart), along, strict=True)]
        return [math.sqrt(max(0.0, square) / len(self._mean)) for square in squares]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Mean, directions and deviations."""
        return {
            "mean": self._mean,
            "scale": self._scale,
            "directions": self.directions,
            "deviations": self._deviations,
            "rest": np.array(self._rest),
        }


def _squares(rows: FloatMatrix) -> list[float]:
    """The squared length of each row."""
    if len(rows) == 1:
        return [float(rows[0].dot(rows[0]))]
    found: list[float] = np.einsum("ij,ij->i", rows, rows).tolist()
    return found


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

    def raw(self, rows: Encoded) -> Scores:
        """Infinite for a text without a known word."""
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


def measure_from(arrays: Arrays) -> Measure:
    """The measure that `arrays` described.

    Raises:
        KeyError, TypeError, ValueError: it describes none.
    """
    if "counts" not in arrays:
        rest = float(arrays["rest"])
        return Distance(arrays["mean"], arrays["scale"], arrays["directions"], arrays["deviations"], rest)
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

    def of(self, rows: Encoded) -> list[tuple[float, bool]]:
        """For each row 0 to 1, four decimals, 1 beyond all that was seen; and whether nothing of it is known."""
        return [(self._share(score), math.isinf(score)) for score in self._measure.raw(rows)]

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
