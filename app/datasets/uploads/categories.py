"""How many categories all columns of a table have together: a task lists each of them."""

from collections.abc import Mapping, Sequence

from app.datasets.uploads.names import listed
from app.datasets.uploads.roles import MOST_CATEGORIES, Input

MOST_IN_ALL = 100_000
MOST_BYTES = 2_000_000  # of all of them, in UTF-8


def limited(columns: Sequence[Input], known: Mapping[str, int]) -> list[str]:
    """Leave out the rarer ones of long lists where all lists together are too long; warnings, if it was so.

    Each column keeps its first ones, as many as every other, so that none is left without. A value that is left out
    is as one that was never seen, which has a place of its own. `known`: how many a column has that were there before.
    """
    own = [column for column in columns if column.role == "category"]
    most = MOST_CATEGORIES
    while most > 1 and _are_too_many(own, known, most):
        most -= max(1, most // 10)
    if most == MOST_CATEGORIES:
        return []
    cut = [column for column in own if len(column.values) > _kept(column, known, most)]
    for column in cut:
        column.values = column.values[: _kept(column, known, most)]
    if not cut:
        return []
    names = listed([column.title for column in cut], 6)
    limit = f"{MOST_IN_ALL:,} categories, or {MOST_BYTES // 1_000_000} MB of them"
    return [
        f"the columns have more than {limit}, in all: of {names} all but the {most:,} most frequent count as unseen"
    ]


def _are_too_many(columns: Sequence[Input], known: Mapping[str, int], most: int) -> bool:
    kept = [column.values[: _kept(column, known, most)] for column in columns]
    if sum(map(len, kept)) > MOST_IN_ALL:
        return True
    return sum(len(value.encode("utf-8", "replace")) for values in kept for value in values) > MOST_BYTES


def _kept(column: Input, known: Mapping[str, int], most: int) -> int:
    return max(most, known.get(column.name, 0))
