"""Text as word ids: the words by the rules of Keras' published sets, one code path for training and serving."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, groupby, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.texts import MultiHot
from app.domain.word_ids import FIRST_WORD, PAD, START, UNKNOWN
from app.encoding.encoder import Columns
from app.encoding.normalization import LOSSLESS, VERSION
from app.encoding.rows import Encoded, SparseRows, stacked
from app.encoding.words import CHUNK, WordTable, set_apart, words_in, words_of

MANY = 8  # texts from which on it is faster to go through all of them together


class TextEncoder:
    """Texts to multi-hot rows over the most frequent words of a training split."""

    def __init__(
        self, vocabulary: Sequence[str], words: int, fields: Sequence[str], *, published: bool = False
    ) -> None:
        """`vocabulary` by rank, as `published` or as counted; `words` counts ids; `fields` are the text columns."""
        if len(vocabulary) > words - FIRST_WORD:
            raise ValueError(f"{len(vocabulary)} words do not fit below id {words}")
        self.vocabulary = list(vocabulary)
        self.words = words
        self.fields = tuple(fields)
        self.published = published
        self._words: WordTable | None = None
        self._can_go_together = True
        self.ids = {word: number for number, word in enumerate(self.vocabulary, FIRST_WORD)}

    @classmethod
    def fit(cls, features: MultiHot, columns: Columns, fields: Sequence[str]) -> "TextEncoder":
        """Count the words of the training split; ties go to the word that was seen first."""
        counts = Counter(chain.from_iterable(words_of(text) for text in joined(columns, fields)))
        most_common = counts.most_common(features.words - FIRST_WORD)
        return cls([word for word, _ in most_common], features.words, fields)

    @property
    def width(self) -> int:
        """Numbers per encoded row."""
        return self.words

    def encode(self, columns: Columns) -> Encoded:
        """Multi-hot rows; column START is always one, column UNKNOWN where a word is not in the vocabulary."""
        texts = joined(columns, self.fields)
        if len(texts) < MANY or not (table := self._table()):
            return stacked([self._encode_one(words_of(text)) for text in texts], self.words)
        parts = []
        # A text of its own where it is too long for the table: the two ways differ in nothing but speed.
        for long, some in groupby(map(set_apart, texts), lambda text: len(text) > CHUNK):
            if long:
                parts += [self._encode_one(words_in(text)) for text in some]
            else:
                parts += [self._rows(ids, counts) for ids, counts in table.find(list(some))]
        return stacked(parts, self.words)

    def _encode_one(self, words: list[str]) -> SparseRows:
        found = list(map(self.ids.get, words, repeat(UNKNOWN)))
        ones = {START, *found}
        indices = np.fromiter(ones, np.int32, len(ones))
        indices.sort()
        known = (len(found) - found.count(UNKNOWN)) / len(found) if found else np.nan
        return SparseRows(indices, np.array((0, len(indices))), self.words, np.array((known,)))

    def _rows(self, ids: NDArray[np.int32], counts: NDArray[np.int64]) -> SparseRows:
        """Rows of some texts, from the ids of all their words and the number of words in each."""
        small = (len(counts) + 1) * self.words < np.iinfo(np.int32).max  # which is sorted in half the time
        firsts: NDArray[Any] = np.arange(len(counts) + 1, dtype=np.int32 if small else np.int64) * self.words
        ones = np.concatenate([np.repeat(firsts[:-1], counts) + ids, firsts[:-1] + START])
        ones.sort()
        ones = ones[np.flatnonzero(np.diff(ones, prepend=-1))]
        offsets = np.searchsorted(ones, firsts)
        unknown = np.diff(np.concatenate([[0], np.cumsum(ids == UNKNOWN)])[np.concatenate([[0], np.cumsum(counts)])])
        with np.errstate(invalid="ignore"):  # no words: NaN
            known = (counts - unknown) / counts
        indices = (ones - np.repeat(firsts[:-1], np.diff(offsets))).astype(np.int32)
        return SparseRows(indices, offsets, self.words, known)

    def _table(self) -> WordTable | None:
        """Made when many texts come for the first time, half a MB; None for a vocabulary that no text can have made."""
        if self._words is None and self._can_go_together:
            # A published index has words that no text is split into; they keep their ids.
            found = [word for word in self.ids if words_of(word) == [word]]
            ids = [self.ids[word] for word in found]
            try:
                self._words = WordTable([word.encode("utf-8", LOSSLESS) for word in found], ids, UNKNOWN)
            except ValueError:
                self._can_go_together = False
        return self._words

    def tokens(self, columns: Columns) -> list[tuple[str, int]]:
        """The words of the first row with their ids, in the order of the text."""
        text = next(iter(joined(columns, self.fields)))
        return [(word, self.ids.get(word, UNKNOWN)) for word in words_of(text)]

    def words_at(self, ids: Sequence[int]) -> list[str | None]:
        """The word of each id; None for reserved ids and those that no word has."""
        places = range(FIRST_WORD, FIRST_WORD + len(self.vocabulary))
        return [self.vocabulary[i - FIRST_WORD] if i in places else None for i in ids]

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {
            "kind": "multi_hot",
            "words": self.words,
            "fields": list(self.fields),
            "normalization": VERSION,
            "ranks": "published" if self.published else "counted",
            "reserved": {"padding": PAD, "start": START, "unknown": UNKNOWN, "first_word": FIRST_WORD},
            "vocabulary": self.vocabulary,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "TextEncoder":
        """The encoder that `to_json` described; one of a former normalisation reads texts by the present one.

        Raises:
            ValueError: a later release made it, whose words are others.
        """
        vocabulary, words, fields = saved["vocabulary"], saved["words"], saved["fields"]
        if saved.get("normalization", 1) > VERSION:
            raise ValueError(f"normalization {saved['normalization']} is of a later release")
        return cls(vocabulary, words, fields, published=saved.get("ranks") == "published")


def known_words(encoded: Encoded) -> list[float]:
    """The share of each text's words that the vocabulary holds, four decimals."""
    assert isinstance(encoded, SparseRows)
    return [round(share, 4) for share in encoded.known.tolist()]


def joined(columns: Columns, fields: Sequence[str]) -> list[str]:
    """Each row's text columns as one text; a missing title counts as empty."""
    if len(fields) == 1:
        return [text or "" for text in columns[fields[0]]]
    rows = zip(*(columns[field] for field in fields), strict=True)
    return [" ".join(part for part in row if part) for row in rows]
