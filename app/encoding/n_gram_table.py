"""Where n-grams have their columns: a hash table of NumPy arrays, asked for all n-grams of a text at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PLACEHOLDER = 0  # a column that every row has, with nothing in it: no row is empty
ROOM = 4  # slots for each n-gram: most that are not in use meet an empty one at once
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio (Knuth, vol. 3, 6.4)

Keys = NDArray[np.int64]
Columns = NDArray[np.int32]


class NGramTable:
    """The n-grams in use, by length; their columns follow each other from the placeholder's on.

    Keys of different lengths differ. Each slot has one key; the few that find theirs taken are in a dictionary. That
    takes a third of the time of a binary search.
    """

    def __init__(self, keys: Sequence[Keys]) -> None:
        """`keys` of each length, ascending."""
        self.keys = tuple(keys)
        self.firsts = tuple(np.cumsum([PLACEHOLDER + 1, *map(len, keys)]).tolist()[:-1])
        self._all = np.concatenate([np.full(PLACEHOLDER + 1, -1, dtype=np.int64), *keys])  # by column
        bits = max(4, (ROOM * len(self._all)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(2**bits, dtype=np.int32)  # the placeholder's column: empty
        columns = np.arange(PLACEHOLDER + 1, len(self._all), dtype=np.int32)
        slots, first = np.unique(self._slots_of(self._all[columns]), return_index=True)
        self._slots[slots] = columns[first]
        others = np.delete(columns, first)
        self._others = dict(zip(self._all[others].tolist(), others.tolist(), strict=True))

    def columns(self, keys: Keys) -> Columns:
        """The column of each n-gram, of any length; the placeholder's of those that are not in use."""
        found: Columns = self._slots.take(self._slots_of(keys))
        places = ((self._all.take(found) != keys) & (found != PLACEHOLDER)).nonzero()[0]
        if len(places):
            found[places] = [self._others.get(key, PLACEHOLDER) for key in keys.take(places).tolist()]
        return found

    def _slots_of(self, keys: Keys) -> NDArray[np.int64]:
        return ((keys.view(np.uint64) * _MIXER) >> self._shift).view(np.int64)
