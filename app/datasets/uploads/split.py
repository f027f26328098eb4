"""Which rows are held out for the test: as many of each label as of all, and never one whose input is trained on."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.datasets.uploads.keys import Keys

Strata = NDArray[np.unsignedinteger]
Mask = NDArray[np.bool_]

CHUNK = 1_000_000  # rows worked on at once
PARTS = 16  # of the keys, sorted one after the other


def repeated(keys: Keys) -> Keys:
    """The keys that several rows have, in order."""
    width = 2**64 // PARTS
    found = []
    for part in range(PARTS):
        own = keys[(keys >= np.uint64(part * width)) & (keys <= np.uint64((part + 1) * width - 1))]
        own.sort()
        found.append(np.unique(own[1:][own[1:] == own[:-1]]))
    return np.concatenate(found)


def places_in(keys: Keys, known: Keys) -> Iterator[tuple[int, Mask, NDArray[np.int64]]]:
    """A part of the keys at a time: where it starts, which are among the known ones, and at which places there."""
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        places = np.searchsorted(known, part).clip(max=max(0, len(known) - 1))
        yield start, (known[places] == part) if len(known) else np.zeros(len(part), dtype=bool), places


def rows_with(keys: Keys, known: Keys) -> int:
    """How many rows have one of these keys."""
    return sum(int(same.sum()) for _, same, _ in places_in(keys, known))


def on_both_sides(keys: Keys, known: Keys, test: Mask) -> int:
    """How many of the repeated keys have rows of either split."""
    sides = np.zeros((2, len(known)), dtype=bool)
    for start, same, places in places_in(keys, known):
        own = test[start : start + len(same)]
        sides[0, places[same & ~own]] = True
        sides[1, places[same & own]] = True
    return int(sides.all(axis=0).sum())


def held_out(keys: Keys, strata: Strata, share: float, known: Keys) -> Mask:
    """True for the rows of the test: of each stratum those with the smallest keys, about `share` of its rows.

    Keys are as good as random, so it is a random draw; equal ones are on one side. A stratum of at least two different
    inputs has rows on either. `known` are the keys that several rows have: where their strata differ, the first counts.
    """
    strata = _agreed(keys, strata, known)
    test = np.zeros(len(keys), dtype=bool)
    counts = np.bincount(strata)
    for group in _groups(counts):
        member = np.zeros(len(counts), dtype=bool)
        member[group] = True
        if len(group) == 1 and counts[group[0]] > CHUNK:
            test |= (strata == group[0]) & alone(keys, share)
            continue
        rows = np.flatnonzero(member[strata])
        rows = rows[np.lexsort((keys[rows], strata[rows]))]
        bounds = np.flatnonzero(np.diff(strata[rows])) + 1
        for own in np.split(rows, bounds):
            test[own[: _first_ones(keys[own], share)]] = True
    return test


def alone(keys: Keys, share: float) -> Mask:
    """The rows of the test where each row is drawn by itself: however few come at a time, in the end it is a share."""
    drawn: Mask = keys < np.uint64(int(share * 2**64))
    return drawn


def _agreed(keys: Keys, strata: Strata, known: Keys) -> Strata:
    first = np.full(len(known), np.iinfo(strata.dtype).max, dtype=strata.dtype)
    for start, same, places in places_in(keys, known):
        np.minimum.at(first, places[same], strata[start : start + len(same)][same])
    agreed = strata.copy()
    for start, same, places in places_in(keys, known):
        agreed[start : start + len(same)][same] = first[places[same]]
    return agreed


def _groups(counts: NDArray[np.int64]) -> Iterator[list[int]]:
    """Strata that together are few enough rows to be sorted."""
    group: list[int] = []
    rows = 0
    for stratum in np.flatnonzero(counts).tolist():
        if group and rows + counts[stratum] > CHUNK:
            yield group
            group, rows = [], 0
        group.append(stratum)
        rows += int(counts[stratum])
    if group:
        yield group


def _first_ones(keys: Keys, share: float) -> int:
    """How many of the first of these sorted keys come nearest to a share of them, without parting equal ones."""
    ends = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    if not len(ends):
        return 0
    return int(ends[np.abs(ends - share * len(keys)).argmin()])
