"""How the values that are kept are spread, column by column."""

from typing import Any

import numpy as np
import pyarrow.compute as pc

from app.datasets.uploads.profile import Profile
from app.encoding.cells import days_of_number
from app.wire.datasets import MOST_COMMON, ColumnProfile, Histogram, Role, ValueCount
from app.wire.declarations import MOST_CHARACTERS

BINS = 20  # of a histogram, at most


class Tally:
    """Counts the values of a column as they come by."""

    def __init__(self, name: str, role: Role, profile: Profile, value_role: str) -> None:
        """`role` is told, `value_role` says what the values are."""
        self._name, self._role, self._profile, self._values = name, role, profile, value_role
        self._missing = self._count = 0
        self._sum, self._least, self._greatest = 0.0, np.inf, -np.inf
        self._lengths = np.zeros(MOST_CHARACTERS + 1, dtype=np.int64) if value_role == "text" else None
        low, high = _ends(profile, value_role)
        self._edges = np.linspace(low, high, BINS + 1) if low < high and np.isfinite(high - low) else None
        self._bins = np.zeros(BINS, dtype=np.int64)

    def update(self, array: Any) -> None:
        """Some more values."""
        self._missing += array.null_count
        if self._values == "text":
            assert self._lengths is not None
            numbers = pc.utf8_length(array).drop_null().to_numpy(zero_copy_only=False)
            self._lengths += np.bincount(numbers, minlength=len(self._lengths))
        elif self._values == "number":
            numbers = array.drop_null().to_numpy(zero_copy_only=False)
        elif self._values == "date":
            days = pc.cast(pc.strptime(array.drop_null(), format="%Y-%m-%d", unit="s"), "date32")
            numbers = days.cast("int32").to_numpy(zero_copy_only=False)
        else:
            return
        if len(numbers):
            self._count += len(numbers)
            self._sum += float(numbers.sum())
            self._least = min(self._least, float(numbers.min()))
            self._greatest = max(self._greatest, float(numbers.max()))
            if self._edges is not None and self._lengths is None:
                self._bins += np.histogram(numbers.clip(self._edges[0], self._edges[-1]), self._edges)[0]

    def profile(self) -> ColumnProfile:
        """What was counted."""
        found = ColumnProfile(
            name=self._name,
            source=self._profile.name,
            role=self._role,
            missing=self._missing,
            distinct=None if self._values == "image" else self._profile.distinct or None,
            histogram=self._histogram(),
        )
        if self._count:
            found.least, found.greatest = self._least, self._greatest
            found.mean = round(self._sum / self._count, 6)
        if self._values in {"category", "flag"}:
            found.common = common(self._profile)
        return found

    def _histogram(self) -> Histogram | None:
        if self._lengths is not None:
            return self._of_lengths()
        if self._edges is None or not self._bins.any():
            return None
        return Histogram(edges=self._edges.tolist(), counts=self._bins.tolist())

    def _of_lengths(self) -> Histogram | None:
        assert self._lengths is not None
        if not self._count:
            return None
        longest = int(np.flatnonzero(self._lengths)[-1])
        width = max(1, -(-(longest + 1) // BINS))
        counts = np.add.reduceat(self._lengths[: longest + 1], np.arange(0, longest + 1, width))
        return Histogram(edges=[float(width * place) for place in range(len(counts) + 1)], counts=counts.tolist())


def _ends(profile: Profile, value_role: str) -> tuple[float, float]:
    """Least and greatest value; dates may have been numbers such as 20260131 in the file."""
    low, high = profile.least, profile.greatest
    if value_role == "date" and profile.kinds["number"] and np.isfinite((low, high)).all():
        low, high = (
            bound if days is None else days for bound, days in ((each, days_of_number(each)) for each in (low, high))
        )
    return low, high


def unused(name: str, role: Role, profile: Profile) -> ColumnProfile:
    """A column that is not kept."""
    missing = profile.kinds["blank"]
    return ColumnProfile(
        name=name,
        source=profile.name,
        role=role,
        missing=missing,
        distinct=profile.distinct or None,
        common=common(profile) if profile.values is not None and profile.distinct <= MOST_COMMON else [],
    )


def common(profile: Profile) -> list[ValueCount]:
    """The most frequent values."""
    return [ValueCount(value=str(value), rows=rows) for value, rows in profile.common(words=False)[:MOST_COMMON]]
