"""Texts as hashed n-grams (Weinberger et al. 2009): columns are told by a hash, and no vocabulary is kept.

What is kept besides the weights are the numbers of the words that the training split has, so that an unknown word is
told as such; with words of other numbers no n-gram counts.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.texts import NGrams
from app.domain.word_ids import FIRST_WORD, UNKNOWN
from app.encoding import tokens
from app.encoding.encoder import Columns
from app.encoding.multi_hot import joined
from app.encoding.n_gram_table import PLACEHOLDER
from app.encoding.n_grams import (
    FEWEST_TEXTS,
    MARKS,
    MOST_WORDS,
    SHIFT,
    Keys,
    NGramEncoder,
    heard_in,
    inverse_share,
    rounded,
)
from app.encoding.normalization import LOSSLESS
from app.encoding.saved_n_grams import VERSION, features_of

NAMED = (*MARKS, tokens.CONTRAST, *sorted(tokens.NEGATIONS))  # words whose numbers are theirs alone
_FIRST = FIRST_WORD + len(NAMED)
_LOWEST = 2**SHIFT - 1
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # of splitmix64 (Steele et al. 2014)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


class HashedTable:
    """The column of each n-gram: a hash of its key, of which none says anything of an unknown word."""

    def __init__(self, size: int, mark_bits: int) -> None:
        """`size`: a power of two."""
        self._shift = np.uint64(64 - (size.bit_length() - 1))
        self._mark_bits = mark_bits

    def columns(self, keys: Keys) -> NDArray[np.int32]:
        """The column of each n-gram, of any length; the placeholder's of those with unknown words."""
        found = keys.view(np.uint64)
        found = (found ^ (found >> _SHIFTS[0])) * _MULTIPLIERS[0]
        found = (found ^ (found >> _SHIFTS[1])) * _MULTIPLIERS[1]
        found = (found ^ (found >> _SHIFTS[2])) >> self._shift
        columns = found.astype(np.int32) + np.int32(PLACEHOLDER + 1)
        for place in range(3):
            words = (keys >> (place * SHIFT) & _LOWEST) >> self._mark_bits
            columns[words == UNKNOWN] = PLACEHOLDER
        return columns


class HashedNGramEncoder(NGramEncoder):
    """Texts to rows of weights for the hashes of their n-grams, each of length one."""

    def __init__(
        self,
        features: NGrams,
        known: NDArray[np.bool_] | None,
        fields: Sequence[str],
        scale: NDArray[np.float32] | None = None,
    ) -> None:
        """`known`: for each word's number whether the training split has it; None: all do."""
        self.known = known
        super().__init__(features, NAMED, [], fields, scale)
        self.table: Any = HashedTable(features.max_features, self.mark_bits)
        self.width = features.max_features + 1

    @property
    def words(self) -> int:
        """Numbers of words."""
        return MOST_WORDS // 2

    @property
    def columns_of_words(self) -> tuple[int, int]:
        """All of them: words share columns with longer n-grams."""
        return PLACEHOLDER + 1, self.width

    def tokens(self, columns: Columns) -> list[tuple[str, int]]:
        """The words of the first row with their columns, the placeholder's for unknown ones; pauses have none.

        The columns are those of the words as they stand there: after `not` a word may have another one.
        """
        found = super().tokens(columns)
        ids = np.array([number for _, number in found], dtype=np.int64)
        words = [found[place][0] for place in np.flatnonzero(heard_in(ids)).tolist()]
        return list(zip(words, self.table.columns(self.keys_of(ids)[0]).tolist(), strict=True))

    def words_at(self, ids: Sequence[int]) -> list[str | None]:
        """None: words share columns, and no word is kept."""
        return [None] * len(ids)

    def ids_for(self, words: Sequence[str]) -> list[int]:
        """The number of each word, or of what it is with no letter twice in a row."""
        return [self._number(word) or self._number(tokens.simpler(word)) or UNKNOWN for word in words]

    def with_scale(self, scale: NDArray[np.float32]) -> "HashedNGramEncoder":
        """The same columns with these weights, (width,)."""
        return HashedNGramEncoder(self.features, self.known, self.fields, rounded(scale))

    def _number(self, word: str) -> int:
        """0 of a word that is not known."""
        number = self.ids.get(word)
        if number is None:
            number = _FIRST + zlib.crc32(word.encode("utf-8", LOSSLESS)) % (self.words - _FIRST)
        return number if self.known is None or number < _FIRST or self.known[number] else 0

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        known = np.flatnonzero(self.known if self.known is not None else np.zeros(0))
        return {
            **self.features.model_dump(mode="json"),
            "version": VERSION,
            "fields": list(self.fields),
            "known": np.diff(known, prepend=0).tolist(),
            "scale": None if self.scale is None else [float(f"{weight:.4g}") for weight in self.scale.tolist()],
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "HashedNGramEncoder":
        """The encoder that `to_json` described.

        Raises:
            KeyError, TypeError, ValueError: it describes none, or a later release made it.
        """
        features = features_of(saved)
        known = np.zeros(MOST_WORDS // 2, dtype=bool)
        known[np.cumsum(np.array(saved["known"], dtype=np.int64))] = True
        scale = None if saved["scale"] is None else np.array(saved["scale"], dtype=np.float32)
        if scale is not None and len(scale) != features.max_features + 1:
            raise ValueError(f"{len(scale)} weights for {features.max_features + 1} columns")
        return cls(features, known, saved["fields"], scale)


def fitted(features: NGrams, columns: Columns, fields: Sequence[str]) -> HashedNGramEncoder:
    """The encoder of a training split: as `choosing.fitted`, with nothing to choose."""
    texts = joined(columns, fields)
    every = HashedNGramEncoder(features, None, fields)
    having = np.zeros(every.words, dtype=np.int64)
    for text in texts:
        having[np.unique(every.ids_of(text))] += 1
    encoder = HashedNGramEncoder(features, having >= FEWEST_TEXTS, fields)
    if features.weights == "naive_bayes":
        return encoder
    if features.weights == "presence":
        return encoder.with_scale(np.ones(encoder.width, dtype=np.float32))
    counts = np.zeros(encoder.width, dtype=np.int64)
    for text in texts:
        counts[np.unique(encoder.table.columns(np.concatenate(encoder.keys_of(encoder.ids_of(text)))))] += 1
    counts[PLACEHOLDER] = len(texts)
    return encoder.with_scale(inverse_share(counts, len(texts)))
