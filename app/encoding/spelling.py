"""Misspelt words: the most frequent known word that is one edit away (Damerau 1964).

An edit is a letter too many, one too few, another one, or two neighbours in the wrong order. A word and one that is an
edit away have something in common once a letter is taken out of one of them or of both (Mor & Fraenkel 1982): so a word
is looked up by itself and without each of its letters, not as all that it could have been.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

SHORTEST = 5  # letters of a word that may be misspelt: a shorter one has too many neighbours


class Speller:
    """Known words by what is left of them without a letter: a hash table, 130 bytes for each word."""

    def __init__(self, words: Sequence[str]) -> None:
        """`words`: the most frequent first."""
        self._words = words
        self._longest = 1 + max(map(len, words), default=0)  # letters of what may be one of them with an edit
        meant = [word if _may_be_meant(word) else "" for word in words]
        # Python's are others in each process, which decides nothing: what is found is looked at letter by letter.
        # None of the parts is kept: they would take ten times the memory of all that is.
        hashes = np.fromiter(map(hash, chain.from_iterable(_parts(word) for word in meant if word)), dtype=np.int64)
        self._mask = (1 << (2 * len(hashes)).bit_length()) - 1
        slots = hashes & self._mask
        places = np.repeat(
            np.arange(len(words), dtype=np.int32), list(map(len, meant))
        )  # a word has as many parts as letters
        order = np.argsort(slots, kind="stable")  # in a slot the most frequent comes first
        starts = np.concatenate([[0], np.cumsum(np.bincount(slots, minlength=self._mask + 1))]).astype(np.int32)
        self._places, self._starts = places[order].data, starts.data  # read faster than arrays are

    def find(self, word: str) -> int | None:
        """The place of the word that is meant; None if none is near, or it is none that may be misspelt.

        The first letter is taken to be right: of misspelt words it is wrong in one of twenty or so (Pollock & Zamora
        1984), and of names more often than not.
        """
        if not SHORTEST <= len(word) <= self._longest or not word.isalpha():
            return None
        words, starts, places, first = self._words, self._starts, self._places, word[0]
        best = len(words)
        for part in _parts(word):
            slot = hash(part) & self._mask
            for at in range(starts[slot], starts[slot + 1]):
                place = places[at]
                if place >= best:
                    break
                if words[place][0] == first and is_one_edit(word, words[place]):
                    best = place
        return None if best == len(words) else best


def is_one_edit(word: str, other: str) -> bool:
    """Whether two different words are one edit apart (optimal string alignment)."""
    if abs(len(word) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    if len(word) > len(other):
        return word[at + 1 :] == other[at:]
    if len(word) < len(other):
        return word[at:] == other[at + 1 :]
    if word[at + 1 :] == other[at + 1 :]:
        return at < len(word)
    return word[at : at + 2] == other[at : at + 2][::-1] and word[at + 2 :] == other[at + 2 :]


def _may_be_meant(word: str) -> bool:
    return len(word) >= SHORTEST - 1 and word.isalpha()


def _parts(word: str) -> Iterator[str]:
    """A word, and what is left of it without any one letter but the first."""
    yield word
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]
