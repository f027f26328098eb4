"""The words of texts, as Keras' Tokenizer finds them; of one text as strings, of many at once as their ids alone."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.encoding.normalization import LOSSLESS, is_plain, lowered, placed, plain

CHUNK = 2**16  # bytes that are gone through at once: they stay in the processor's cache

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_MIXERS = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB)
_MODULUS = 2**64

Numbers = NDArray[np.uint64]
Span = tuple[str, int, int]  # a word, its first character, and the one after the last

# The filter of Keras' Tokenizer: the apostrophe is not in it, so "don't" is one word. All of it is ASCII, which UTF-8
# leaves alone: `bytes.translate` goes by a table of 256 entries, `str.translate` takes twice as long. White space and
# control characters separate too.
SEPARATORS = b'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~ \x7f' + bytes(range(32))
_SPACES = bytes(ord(" ") if code in SEPARATORS else code for code in range(256))
_IS_SEPARATOR = np.array([code in SEPARATORS for code in range(256)])


def words_of(text: str) -> list[str]:
    """The words of a text: in lower case and as `plain` spells them."""
    return words_in(plain(text).encode("utf-8", LOSSLESS))


def spans_of(text: str) -> list[Span]:
    """The words of a text with their places: first character, and the one after the last, in code points."""
    source = None if is_plain(text) else placed(text)
    if source:
        text = source.text
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", LOSSLESS), dtype=np.uint32)
    separates = _IS_SEPARATOR.take(codes, mode="clip")  # which no character beyond ASCII is
    edges = np.flatnonzero(separates[1:] != separates[:-1])
    starts, ends = edges[0::2], edges[1::2]
    if source:
        starts, ends = source.starts[starts], source.ends[ends - 1]
    words = words_in(lowered(text).encode("utf-8", LOSSLESS))
    return list(zip(words, starts.tolist(), ends.tolist(), strict=True))


def spans_within(texts: Mapping[str, str]) -> Iterator[tuple[str, list[Span]]]:
    """The words of each of a row's texts with their places there, as all of them say together, a blank between.

    What is a tag in one of them may be known by the next.
    """
    spans, first = deque(spans_of(" ".join(texts.values()))), 0
    for name, text in texts.items():
        inside = []
        while spans and spans[0][2] <= first + len(text):
            word, start, end = spans.popleft()
            inside.append((word, max(0, start - first), end - first))  # a mark joins with the blank before it
        yield name, inside
        first += len(text) + 1


def set_apart(text: str) -> bytes:
    """The same for `WordTable`: every separator one byte, and one at either end."""
    return b" " + plain(text).encode("utf-8", LOSSLESS) + b" "


def words_in(apart: bytes) -> list[str]:
    """The words of what `set_apart` gave."""
    return apart.translate(_SPACES).decode("utf-8", LOSSLESS).split()


class WordTable:
    """Word ids, found for many texts at once by NumPy, with no Python object for any word.

    A word's bytes b_0, b_1, … make the number sum (b_i + 1) P^i modulo 2^64, a polynomial hash (Karp and Rabin 1987):
    with running sums of all bytes of many texts, each word's is a difference. Two different words have the same number
    with a probability of 2^-64.
    """

    def __init__(self, words: Sequence[bytes], ids: Sequence[int], otherwise: int) -> None:
        """`words` get these `ids`; any other word the id `otherwise`.

        Raises:
            ValueError: two words cannot be told apart by their hashes, or one is empty or holds a separator.
        """
        # A separator weighs nothing: the running sum stays as it was at the word's end.
        self._weights = np.where(_IS_SEPARATOR, 0, np.arange(1, 257)).astype(np.uint64)
        self._otherwise = otherwise
        texts = [b" " + word + b" " for word in words]
        hashes = np.concatenate([np.zeros(0, np.uint64), *(self._hashes(b"".join(c))[0] for c in _chunks(texts))])
        if len(hashes) != len(words):
            raise ValueError("a word is empty, or holds a separator")
        if len(np.unique(hashes)) != len(words):
            raise ValueError("two words have the same hash")
        self._levels = list(self._distribute(hashes, np.array(ids, dtype=np.int32)))

    def find(self, texts: Sequence[bytes]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """The ids of all words of some texts, in order, and how many words each text has; a part of them at a time.

        The texts are as `set_apart` gives them, and no longer than `CHUNK`.
        """
        for chunk in _chunks(texts):
            hashes, starts = self._hashes(b"".join(chunk))
            bounds = np.cumsum([0, *map(len, chunk)])
            yield self._ids(hashes), np.diff(np.searchsorted(starts, bounds))

    def _hashes(self, joined: bytes) -> tuple[Numbers, NDArray[np.int64]]:
        """The hash of each word, and where it begins."""
        codes = np.frombuffer(joined, dtype=np.uint8)
        powers, inverses = _powers()
        separates = _IS_SEPARATOR.take(codes)
        edges = np.flatnonzero(separates[1:] != separates[:-1])
        starts, ends = edges[0::2] + 1, edges[1::2] + 1
        sums = self._weights.take(codes)
        sums *= powers[: len(codes)]
        np.cumsum(sums, out=sums)
        hashes = sums.take(ends)
        hashes -= sums.take(starts - 1)
        hashes *= inverses.take(starts)
        return hashes, starts

    def _ids(self, hashes: Numbers) -> NDArray[np.int32]:
        ids = np.full(len(hashes), self._otherwise, dtype=np.int32)
        left = np.arange(len(hashes))
        for mixer, shift, keys, values in self._levels:
            sought = hashes.take(left)
            slots = ((sought * mixer) >> shift).view(np.int64)
            hit = keys.take(slots) == sought
            ids[left[hit]] = values.take(slots[hit])
            left = left[~hit]
        return ids

    def _distribute(
        self, hashes: Numbers, ids: NDArray[np.int32]
    ) -> Iterator[tuple[np.uint64, np.uint64, Numbers, NDArray[np.int32]]]:
        """Tables of slots: what finds its slot taken goes into the next one, which is smaller."""
        for mixer in map(np.uint64, _MIXERS):
            if not len(hashes):
                return
            bits = max(8, len(hashes).bit_length() + 3)
            shift = np.uint64(64 - bits)
            slots, first = np.unique(((hashes * mixer) >> shift).view(np.int64), return_index=True)
            keys, values = np.zeros(2**bits, dtype=np.uint64), np.full(2**bits, self._otherwise, dtype=np.int32)
            keys[slots], values[slots] = hashes[first], ids[first]
            yield mixer, shift, keys, values
            hashes, ids = np.delete(hashes, first), np.delete(ids, first)
        if len(hashes):
            raise ValueError(f"{len(hashes)} words cannot be told apart")


def _chunks(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start, length = 0, 0
    for place, text in enumerate(texts):
        if length + len(text) > CHUNK:
            yield texts[start:place]
            start, length = place, 0
        length += len(text)
    if start < len(texts):
        yield texts[start:]


@cache
def _powers() -> tuple[Numbers, Numbers]:
    """The powers of the base and of its inverse, (CHUNK,) each; 1 MB."""
    found = []
    for base in (_BASE, pow(_BASE, -1, _MODULUS)):
        powers = np.ones(CHUNK, dtype=np.uint64)
        known = 1
        while known < CHUNK:
            powers[known : 2 * known] = powers[:known] * np.uint64(pow(base, known, _MODULUS))
            known *= 2
        found.append(powers)
    return found[0], found[1]
