"""Which words of a text are others than they would be by themselves: negated ones, and conceded ones."""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

REACH = 4  # words after a negation that it turns round (Das & Chen 2001)

Ids = NDArray[np.int64]
Which = NDArray[np.bool_]


def negated(ids: Ids, negates: Which, ends: tuple[int, int]) -> Which | None:
    """(words,) whether a word stands in the same clause as a negation, at most so many words after it; None: none.

    `negates`: for each id whether it is a negation. `ends`: the first id of those that end a clause, and one after the
    last.
    """
    places = negates.take(ids).nonzero()[0].tolist()
    if not places:
        return None
    found = np.zeros(len(ids), dtype=bool)
    stops = _stops(ids, ends)
    for place in places:  # a few: plain numbers are faster than arrays
        end = bisect_right(stops, place)
        found[place + 1 : min(place + 1 + REACH, stops[end] if end < len(stops) else len(ids))] = True
    return found


def conceded(ids: Ids, contrast: int, ends: tuple[int, int]) -> Which | None:
    """(words,) whether a word stands before the last `contrast` of its sentence; None: there is none in the text.

    `ends`: as of `negated`, of those that end a sentence.
    """
    places = (ids == contrast).nonzero()[0].tolist()
    if not places:
        return None
    found = np.zeros(len(ids), dtype=bool)
    stops = _stops(ids, ends)
    for place in places:
        end = bisect_right(stops, place)
        found[stops[end - 1] + 1 if end else 0 : place] = True
    return found


def _stops(ids: Ids, ends: tuple[int, int]) -> list[int]:
    found: list[int] = ((ids >= ends[0]) & (ids < ends[1])).nonzero()[0].tolist()  # `flatnonzero` takes twice as long
    return found
