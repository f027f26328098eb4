"""Which n-grams a training split is seen as: those that most of its texts hold."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from app.domain.texts import NGrams
from app.domain.word_ids import FIRST_WORD, UNKNOWN
from app.encoding import tokens
from app.encoding.encoder import Columns
from app.encoding.multi_hot import joined
from app.encoding.n_grams import FEWEST_TEXTS, MARKS, MOST_WORDS, SHIFT, NGramEncoder, inverse_share

AT_ONCE = 2**23  # keys that wait to be counted, 64 MiB
LOWEST = 2**SHIFT - 1  # bits of the last word of a key

Keys = NDArray[np.int64]
Counts = NDArray[np.int64]


def fitted(features: NGrams, columns: Columns, fields: Sequence[str]) -> NGramEncoder:
    """The encoder of a training split.

    Without weights yet, if those are learnt from the rows that are trained on.
    """
    texts = joined(columns, fields)
    vocabulary = _vocabulary(texts, MOST_WORDS // 2 if features.contrast else MOST_WORDS)
    whole = NGramEncoder(features, vocabulary, [], fields)
    found = [_Counts(whole.mark_bits) for _ in range(features.max_n)]
    for text in texts:
        for counts_of_length, keys in zip(found, whole.keys_of(whole.ids_of(text)), strict=False):
            counts_of_length.add(np.unique(keys))
    chosen = _most_frequent([each.known() for each in found], features.max_features)
    words, renumbered = _compacted([keys for keys, _ in chosen], vocabulary, whole.mark_bits)
    encoder = NGramEncoder(features, words, renumbered, fields)
    if features.weights == "naive_bayes":
        return encoder
    counts = np.concatenate([[len(texts)], *(counts for _, counts in chosen)])
    is_tf_idf = features.weights == "tf_idf"
    return encoder.with_scale(inverse_share(counts, len(texts)) if is_tf_idf else np.ones(len(counts), np.float32))


def _vocabulary(texts: Sequence[str], most: int) -> list[str]:
    """The words that several texts hold, the most frequent first, after the marks; of all ids there are `most`."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(dict.fromkeys(chain.from_iterable(map(tokens.words_for, tokens.tokens_in(text))), 1))
    for mark in MARKS:
        del counts[mark]
    kept = [word for word, count in counts.most_common(most - 2 * FIRST_WORD) if count >= FEWEST_TEXTS]
    return [*MARKS, *kept]


class _Counts:
    """How many texts hold each n-gram of one length; what is counted is put together before it takes too much room."""

    def __init__(self, mark_bits: int) -> None:
        self._mark_bits = mark_bits
        self._parts: list[Keys] = []
        self._waiting = 0
        self._keys = np.zeros(0, dtype=np.int64)
        self._counts = np.zeros(0, dtype=np.int64)

    def add(self, keys: Keys) -> None:
        """Those of a text, each once."""
        self._parts.append(keys)
        self._waiting += len(keys)
        if self._waiting > AT_ONCE:
            self._settle()

    def known(self) -> tuple[Keys, Counts]:
        """The n-grams of known words that several texts hold, ascending, and how many do."""
        self._settle()
        kept = self._counts >= FEWEST_TEXTS
        rest = self._keys
        while rest.any():
            kept &= (rest & LOWEST) >> self._mark_bits != UNKNOWN
            rest = rest >> SHIFT
        return self._keys[kept], self._counts[kept]

    def _settle(self) -> None:
        keys, counts = np.unique(np.concatenate([np.zeros(0, np.int64), *self._parts]), return_counts=True)
        every, places = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
        total = np.concatenate([self._counts, counts])
        self._counts = np.bincount(places, weights=total, minlength=len(every)).astype(np.int64)
        self._keys, self._parts, self._waiting = every, [], 0


def _most_frequent(counted: Sequence[tuple[Keys, Counts]], size: int) -> list[tuple[Keys, Counts]]:
    """Of all n-grams the `size` that most texts hold; of equally frequent ones the shorter, then the first."""
    order = np.argsort(-np.concatenate([counts for _, counts in counted]), kind="stable")
    kept = np.zeros(len(order), dtype=bool)
    kept[order[:size]] = True
    parts = np.split(kept, np.cumsum([len(keys) for keys, _ in counted])[:-1])
    return [(keys[part], counts[part]) for (keys, counts), part in zip(counted, parts, strict=True)]


def _compacted(keys: Sequence[Keys], vocabulary: Sequence[str], bits: int) -> tuple[list[str], list[Keys]]:
    """Only the words that are in use, with ids without gaps; their order stays, and so does that of the n-grams."""
    used = np.zeros(FIRST_WORD + len(vocabulary), dtype=bool)
    used[FIRST_WORD : FIRST_WORD + len(MARKS)] = True
    for each in keys:
        rest = each
        while rest.any():
            used[(rest & LOWEST) >> bits] = True
            rest = rest >> SHIFT
    used[:FIRST_WORD] = True
    new = np.cumsum(used) - 1
    words = [word for number, word in enumerate(vocabulary, FIRST_WORD) if used[number]]
    return words, [_renumbered(each, new, bits) for each in keys]


def _renumbered(keys: Keys, new: NDArray[np.int64], bits: int) -> Keys:
    found, rest, shift = np.zeros_like(keys), keys, 0
    while rest.any():
        unit = rest & LOWEST
        found |= np.where(unit > 0, new[unit >> bits] << bits | (unit & (1 << bits) - 1), 0) << shift
        rest, shift = rest >> SHIFT, shift + SHIFT
    return found
