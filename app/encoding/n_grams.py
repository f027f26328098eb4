"""Texts as weighted n-grams of words: rows of length one, over the most frequent n-grams of a training split."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.texts import NGrams
from app.domain.word_ids import FIRST_WORD, UNKNOWN
from app.encoding import tokens
from app.encoding.encoder import Columns
from app.encoding.marking import conceded, negated
from app.encoding.multi_hot import joined
from app.encoding.n_gram_table import PLACEHOLDER, NGramTable
from app.encoding.rows import Encoded, SparseRows
from app.encoding.saved_n_grams import VERSION, features_of
from app.encoding.spelling import Speller

MOST_WORDS = 2**19  # different ones, of those with four marks half, so that three of them fit into 63 bits
FEWEST_TEXTS = 2  # that hold an n-gram
FEWEST_WORDS = 4  # of a sentence that is judged by itself
SHIFT = 20  # bits of a word, and how it is marked

MARKS = (tokens.PAUSE, tokens.FULL_STOP, tokens.EXCLAMATION, tokens.QUESTION)  # have the first ids of all
_FIRST = FIRST_WORD + len(MARKS)
_CLAUSES, _SENTENCES = (FIRST_WORD, _FIRST), (FIRST_WORD + 1, _FIRST)  # ids of marks that end them
_SILENT = FIRST_WORD + 2  # id below which marks are no words: pauses and full stops
MOST_OTHERS = 2**15  # parts of texts, 4 MB at most
_MISSING = -1

Ids = NDArray[np.int64]
Keys = NDArray[np.int64]


class NGramEncoder:
    """Texts to rows of weights, each of length one."""

    def __init__(
        self,
        features: NGrams,
        vocabulary: Sequence[str],
        keys: Sequence[Keys],
        fields: Sequence[str],
        scale: NDArray[np.float32] | None = None,
    ) -> None:
        """`vocabulary` by id from `FIRST_WORD` on; `keys` the n-grams by length; `scale` (width,) their weights.

        Without a `scale` rows are what `weighted` makes into such of length one.
        """
        self.features = features
        self.vocabulary = list(vocabulary)
        self.fields = tuple(fields)
        self.scale = scale
        self.table = NGramTable(keys)
        self.ids = {word: number for number, word in enumerate(self.vocabulary, FIRST_WORD)}
        self.width = PLACEHOLDER + 1 + sum(map(len, keys))
        self._codes = dict(self.ids)  # of parts of texts: one id, or two of them
        self._negates = None
        if features.negation:
            self._negates = np.zeros(self.words, dtype=bool)
            self._negates[[self.ids[word] for word in tokens.NEGATIONS if word in self.ids]] = True
        self.mark_bits = 2 if features.contrast else 1  # the lowest of a word's, of negated and of conceded ones
        self._contrast = self.ids.get(tokens.CONTRAST, _MISSING) if features.contrast else _MISSING
        self._speller: Speller | None = None
        self._others: dict[str, int] = {}
        for token in tokens.CONTRACTIONS:
            self._codes[token] = self._code_of(token)

    @property
    def words(self) -> int:
        """Word ids in use."""
        return FIRST_WORD + len(self.vocabulary)

    @property
    def columns_of_words(self) -> tuple[int, int]:
        """Those that stand for single words: the first, and one after the last."""
        first = self.table.firsts[0]
        return first, first + len(self.table.keys[0])

    def encode(self, columns: Columns) -> Encoded:
        """Sparse rows; the placeholder comes first in each."""
        return self._stacked(map(self.ids_of, joined(columns, self.fields)))

    def pieces(self, columns: Columns, most: int, seed: int) -> tuple[SparseRows, NDArray[np.int64]]:
        """Sentences of texts that have several, as rows of their own, and the number of the text that each is of.

        Of more than `most` so many are drawn.
        """
        found = [
            (piece, row)
            for row, text in enumerate(joined(columns, self.fields))
            for piece in sentences(self.ids_of(text))
        ]
        if len(found) > most:
            drawn = np.sort(np.random.default_rng(seed).choice(len(found), most, replace=False))
            found = [found[place] for place in drawn.tolist()]
        return self._stacked(piece for piece, _ in found), np.array([row for _, row in found], dtype=np.int64)

    def weighted(self, rows: SparseRows) -> SparseRows:
        """Rows of occurrences with this encoder's weights, each of length one."""
        assert self.scale is not None
        assert rows.values is not None
        if not len(rows):
            return rows
        values = rows.values * self.scale[rows.indices]
        lengths = np.sqrt(np.add.reduceat(np.square(values), rows.offsets[:-1]))
        lengths[lengths == 0] = 1  # of a row with nothing but its placeholder
        return rows.with_values((values / np.repeat(lengths, np.diff(rows.offsets))).astype(np.float32))

    def with_scale(self, scale: NDArray[np.float32]) -> "NGramEncoder":
        """The same n-grams with these weights, (width,)."""
        keys = self.table.keys
        return NGramEncoder(self.features, self.vocabulary, keys, self.fields, rounded(scale))

    def tokens(self, columns: Columns) -> list[tuple[str, int]]:
        """The words of the first row with their ids, in the order of the text."""
        text = next(iter(joined(columns, self.fields)))
        words = list(chain.from_iterable(map(tokens.words_for, tokens.tokens_in(text))))
        return list(zip(words, self.ids_for(words), strict=True))

    def shares(self, ids: Ids, effects: NDArray[np.float64]) -> NDArray[np.float64]:
        """(words,) the effect of each word of a text: of those of its n-grams, (width,), each word has an equal share.

        That of an n-gram which occurs several times is spread over all places.
        """
        heard = np.flatnonzero(heard_in(ids))
        found = [self.table.columns(keys) for keys in self.keys_of(ids)]
        times = np.bincount(np.concatenate(found), minlength=self.width)
        total = np.zeros(len(ids))
        for length, columns in enumerate(found, 1):
            each = effects[columns] / times[columns] / length
            for step in range(length):
                np.add.at(total, heard[step : step + len(each)], each)
        return total

    def words_at(self, ids: Sequence[int]) -> list[str | None]:
        """The word of each id; None for reserved ids."""
        places = range(FIRST_WORD, self.words)
        return [self.vocabulary[i - FIRST_WORD] if i in places else None for i in ids]

    def _stacked(self, texts: Iterator[Ids]) -> SparseRows:
        rows = [self._row(ids) for ids in texts]
        if len(rows) == 1:
            columns, values, known, words = rows[0]
            offsets = np.array((0, len(columns)))
            return SparseRows(columns, offsets, self.width, np.array((known,)), values, np.array((words,)))
        counts = [len(columns) for columns, _, _, _ in rows]
        return SparseRows(
            np.concatenate([np.zeros(0, np.int32), *(columns for columns, _, _, _ in rows)]),
            np.cumsum([0, *counts], dtype=np.int64),
            self.width,
            np.array([known for _, _, known, _ in rows], dtype=np.float64),
            np.concatenate([np.zeros(0, np.float32), *(values for _, values, _, _ in rows)]),
            np.array([words for _, _, _, words in rows], dtype=np.int64),
        )

    def keys_of(self, ids: Ids) -> list[Keys]:
        """The n-grams of a text by length, in order: of each the words, two numbers a word or four, by its marks."""
        units = ids << self.mark_bits
        if self._negates is not None and (marked := negated(ids, self._negates, _CLAUSES)) is not None:
            units += marked
        if self._contrast != _MISSING and (marked := conceded(ids, self._contrast, _SENTENCES)) is not None:
            units += marked.astype(np.int64) << 1
        units = units[heard_in(ids)]
        found = [units]
        for length in range(2, self.features.max_n + 1):
            found.append((found[-1][:-1] << SHIFT) | units[length - 1 :])
        return found

    def _row(self, ids: Ids) -> tuple[NDArray[np.int32], NDArray[np.float32], float, int]:
        """Columns, ascending, and their values; the share of known words, and the number of words."""
        every, firsts = _sorted(self.table.columns(np.concatenate(self.keys_of(ids))))
        columns = every.take(firsts)
        counts = self.features.weights == "tf_idf"
        values = np.ones(len(columns), dtype=np.float32) if self.scale is None else self.scale.take(columns)
        if counts:
            values *= 1 + np.log(np.diff(firsts, append=len(every)), dtype=np.float32)
        values[0] = 0  # of the placeholder
        if self.scale is not None and (square := float(values.dot(values))) > 0:
            values *= np.float32(square**-0.5)
        unknown = int(np.count_nonzero(ids == UNKNOWN))
        words = len(ids) - int(np.count_nonzero(ids < _FIRST)) + unknown
        return columns, values, (words - unknown) / words if words else np.nan, words

    def ids_of(self, text: str) -> Ids:
        """The ids of a text's words, marks among them."""
        parts = tokens.tokens_in(text)
        codes = np.fromiter(map(self._codes.get, parts, repeat(_MISSING)), np.int64, len(parts))
        if len(codes) and codes.min() == _MISSING:
            for place in (codes == _MISSING).nonzero()[0].tolist():
                codes[place] = self._code_of_other(parts[place])
        if len(codes) and codes.max() >= MOST_WORDS:
            return _taken_apart(codes)
        return codes

    def _code_of_other(self, token: str) -> int:
        """Of a part that is not in the vocabulary as it is written; what clients send often is remembered."""
        code = self._others.get(token)
        if code is None:
            code = self._code_of(token)
            if len(token) < tokens.LONG and len(self._others) < MOST_OTHERS:
                self._others[token] = code
        return code

    def _code_of(self, token: str) -> int:
        """One id, or two, the first in the lowest bits."""
        code = 0
        for number in reversed(self.ids_for(tokens.words_for(token))):
            code = code << SHIFT | number
        return code

    def ids_for(self, words: Sequence[str]) -> list[int]:
        """The id of each word, or of what it is with no letter twice in a row, or of what it may have been meant as."""
        return [self.ids.get(word) or self.ids.get(tokens.simpler(word)) or self._id_near(word) for word in words]

    def _id_near(self, word: str) -> int:
        if not self.features.spelling:
            return UNKNOWN
        if self._speller is None:  # when the first unknown word comes: most encoders of a run never meet one
            self._speller = Speller(self.vocabulary)
        place = self._speller.find(word)
        return UNKNOWN if place is None else FIRST_WORD + place

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {
            **self.features.model_dump(mode="json"),
            "version": VERSION,
            "fields": list(self.fields),
            "vocabulary": self.vocabulary,
            "keys": [np.diff(keys, prepend=0).tolist() for keys in self.table.keys],  # differences are shorter
            "scale": None if self.scale is None else [float(f"{weight:.4g}") for weight in self.scale.tolist()],
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "NGramEncoder":
        """The encoder that `to_json` described.

        Raises:
            KeyError, TypeError, ValueError: it describes none, or a later release made it.
        """
        features = features_of(saved)
        keys = [np.cumsum(np.array(each, dtype=np.int64)) for each in saved["keys"]]
        scale = saved["scale"]
        vocabulary, fields = saved["vocabulary"], saved["fields"]
        found = cls(features, vocabulary, keys, fields, None if scale is None else np.array(scale, dtype=np.float32))
        if found.scale is not None and len(found.scale) != found.width:
            raise ValueError(f"{len(found.scale)} weights for {found.width} columns")
        if features.spelling:  # now, and not while somebody waits for an answer
            found._speller = Speller(found.vocabulary)
        return found


def heard_in(ids: Ids) -> NDArray[np.bool_]:
    """Which words of a text n-grams are made of: all but pauses and full stops."""
    heard: NDArray[np.bool_] = (ids >= _SILENT) | (ids == UNKNOWN)
    return heard


def inverse_share(counts: NDArray[np.int64], texts: int) -> NDArray[np.float32]:
    """(width,) weights of columns that so many of the texts have, as scikit-learn's TfidfTransformer has it."""
    return np.asarray(np.log((1 + texts) / (1 + counts)) + 1, dtype=np.float32)


def rounded(scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights with four digits, as `preprocessing.json` keeps them."""
    return np.array([float(f"{weight:.4g}") for weight in scale.tolist()], dtype=np.float32)


def sentences(ids: Ids) -> list[Ids]:
    """The sentences of a text that has several, those with a few words at least."""
    ends = np.flatnonzero((ids > FIRST_WORD) & (ids < _FIRST)) + 1
    parts = [part for part in np.split(ids, ends) if np.count_nonzero(part >= _FIRST) >= FEWEST_WORDS]
    return parts if len(parts) > 1 else []


def _sorted(columns: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The columns ascending, the placeholder first, and where each of them is for the first time."""
    found = np.empty(len(columns) + 1, dtype=np.int32)
    found[0] = PLACEHOLDER
    found[1:] = columns
    found.sort()
    changes = (found[1:] != found[:-1]).nonzero()[0]
    firsts = np.empty(len(changes) + 1, dtype=np.int64)
    firsts[0] = 0
    np.add(changes, 1, out=firsts[1:])
    return found, firsts


def _taken_apart(codes: Ids) -> Ids:
    """Codes of one word or two as one id each."""
    seconds = codes >> SHIFT
    places = seconds.nonzero()[0]
    found = np.repeat(codes & (2**SHIFT - 1), 1 + (seconds > 0))
    found[places + np.arange(1, len(places) + 1)] = seconds[places]
    return found
