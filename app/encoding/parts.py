"""One column of a table as network inputs: numbers, categories, flags, dates."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from app.domain.tables import MixedColumns
from app.encoding import scales
from app.encoding.rows import FloatMatrix
from app.encoding.scales import Numbers
from app.encoding.table import FARTHEST

FEW = 2  # training rows of a value, below which it shares the place of unseen ones
DAY = date(1970, 1, 1)
YEAR = 365.2425  # days
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ColumnSpec(NamedTuple):
    """What is declared of a column."""

    name: str
    kind: Literal["number", "category", "flag", "date"]
    required: bool = True
    values: Sequence[str] = ()  # of a category; none: all that occur


class ColumnPart(Protocol):
    """A column's values, none of them missing, as (rows, width) places."""

    kind: str
    told: str  # of values that no training row is like

    @property
    def bounds(self) -> tuple[Any, Any] | None:
        """Least and most of the first places, float32, that training rows have."""

    @property
    def names(self) -> list[str]:
        """Of the places, after the column's name."""

    def encode(self, values: Sequence[Any]) -> Numbers:
        """(rows, width).

        Raises:
            TypeError, ValueError: a value is of another kind.
        """

    def restore(self, places: Numbers) -> Any:
        """The value whose places, (width,), these are; None if it cannot be told."""

    def encode_one(self, value: Any, places: FloatMatrix) -> None:
        """The same of a single value into places, (width,), that are zeros; the same errors."""

    def to_json(self) -> dict[str, Any]:
        """What was learnt."""


class NumberPart:
    """A number, on one of the scales."""

    kind = "number"

    def __init__(self, scale: scales.Scale) -> None:
        self._scale = scale
        self.names = [""] if scale.width == 1 else [f":{place + 1}" for place in range(scale.width)]
        ends = (scale.undo(scale.low), scale.undo(scale.high))
        self.told = "lies outside the training rows' range, {:.6g} to {:.6g}".format(*ends)
        # As encoded rows have them, so that a training row's own number lies within.
        self.bounds = (scale.low.astype(np.float32), scale.high.astype(np.float32))
        self.lines = scale.lines

    @classmethod
    def fit(cls, features: MixedColumns, values: Sequence[Any]) -> "NumberPart":
        """
        Raises:
            ValueError: a number is infinite.
        """
        return cls(scales.fitted(features, _numbers(values)))

    def encode(self, values: Sequence[Any]) -> Numbers:
        """The places of the scale."""
        return self._scale.encode(_numbers(values))

    def encode_one(self, value: Any, places: FloatMatrix) -> None:
        """The places of the scale."""
        places[:] = np.clip(self.encode([value])[0], -FARTHEST, FARTHEST)

    def restore(self, places: Numbers) -> float:
        """The number."""
        return round(self._scale.undo(places), 6)

    def to_json(self) -> dict[str, Any]:
        """The scale."""
        return self._scale.to_json()


class CategoryPart:
    """A value out of a list, one-hot, and a place for all that are not in it.

    Where no training row has that place, nothing was learnt of it: then an unseen value is the mean of all rows.
    """

    kind = "category"
    told = "is a value that no training row has, or next to none"
    bounds = None

    def __init__(self, values: Sequence[str], shares: Sequence[float], *, rest: bool) -> None:
        """`shares` of the training rows that have each value; `rest`: whether some have others."""
        if len(values) != len(shares):
            raise ValueError("values and shares differ in length")
        self._values, self._shares, self._rest = list(values), [float(share) for share in shares], rest
        self._places = {value: place for place, value in enumerate(self._values)}
        self.names = [*(f"={value}" for value in self._values), ":unseen"]
        self._unseen = np.array([*([0.0] * len(values) if rest else self._shares), float(rest)])

    @classmethod
    def fit(cls, features: MixedColumns, values: Sequence[Any], declared: Sequence[str]) -> "CategoryPart":
        """The values that are frequent enough, in the order in which they are declared."""
        counts = Counter(map(text_of, values))
        order = {value: place for place, value in enumerate(declared)}
        known = [value for value, rows in counts.items() if rows >= FEW and (value in order or not declared)]
        kept = sorted(known, key=lambda value: (-counts[value], value))[: features.categories]
        kept.sort(key=lambda value: (order.get(value, len(order)), -counts[value], value))
        shares = [counts[value] / len(values) for value in kept]
        return cls(kept, shares, rest=sum(counts[value] for value in kept) < len(values))

    def encode(self, values: Sequence[Any]) -> Numbers:
        """Zeros and a one."""
        width = len(self.names)
        places = np.array([self._places.get(text_of(value), -1) for value in values], dtype=np.int64)
        found = np.zeros((len(places), width))
        known = places >= 0
        found[known, places[known]] = 1.0
        found[~known] = self._unseen
        return found

    def encode_one(self, value: Any, places: FloatMatrix) -> None:
        """A one among zeros."""
        place = self._places.get(text_of(value))
        if place is None:
            places[:] = self._unseen
        else:
            places[place] = 1.0

    def restore(self, places: Numbers) -> str | None:
        """The value."""
        best = int(places.argmax())
        return self._values[best] if best < len(self._values) and places[best] > 0.5 else None

    def to_json(self) -> dict[str, Any]:
        """The list."""
        return {"values": self._values, "shares": self._shares, "rest": self._rest}


class FlagPart:
    """True or false."""

    kind = "flag"
    names: ClassVar = [""]
    told = ""  # there is no other value
    bounds = None

    def encode(self, values: Sequence[Any]) -> Numbers:
        """1 or 0."""
        if odd := [value for value in values if value not in (True, False)]:
            raise ValueError(f"{odd[0]!r} is neither true nor false")
        return np.array([float(value) for value in values])[:, None]

    def encode_one(self, value: Any, places: FloatMatrix) -> None:
        """1 or 0."""
        if value not in (True, False):
            raise ValueError(f"{value!r} is neither true nor false")
        places[0] = float(value)

    def restore(self, places: Numbers) -> bool:
        """Whichever is nearer."""
        return bool(places[0] > 0.5)

    def to_json(self) -> dict[str, Any]:
        """Nothing is learnt."""
        return {}


class DatePart:
    """A day: how late it is, where in the year, and which of the week."""

    kind = "date"
    names: ClassVar = [":day", ":year_sine", ":year_cosine", *(f":{day}" for day in WEEK)]

    def __init__(self, scale: scales.Standard) -> None:
        self._scale = scale
        ends = [_day(scale.undo(bound)).isoformat() for bound in (scale.low, scale.high)]
        self.told = f"lies outside the training rows' range, {ends[0]} to {ends[1]}"
        self.bounds = (scale.low.astype(np.float32), scale.high.astype(np.float32))

    @classmethod
    def fit(cls, values: Sequence[Any]) -> "DatePart":
        """Mean and deviation of the days."""
        days = _days(values)
        return cls(scales.Standard.fit(days) if len(days) else scales.Standard(0.0, 1.0, (0.0, 0.0)))

    def encode(self, values: Sequence[Any]) -> Numbers:
        """Ten places."""
        days = _days(values)
        angle = days * (2 * math.pi / YEAR)
        week = np.eye(7)[(days.astype(np.int64) + DAY.weekday()) % 7]
        return np.column_stack([self._scale.encode(days), np.sin(angle), np.cos(angle), week])

    def encode_one(self, value: Any, places: FloatMatrix) -> None:
        """Ten places."""
        days = (_date(value) - DAY).days
        angle = np.float64(days) * (2 * math.pi / YEAR)
        late = self._scale.encode(np.array([float(days)]))[0, 0]
        places[0] = min(max(late, -FARTHEST), FARTHEST)
        places[1], places[2] = np.sin(angle), np.cos(angle)
        places[3 + (days + DAY.weekday()) % 7] = 1.0

    def restore(self, places: Numbers) -> str:
        """The day as ISO 8601 has it."""
        return _day(self._scale.undo(places[:1])).isoformat()

    def to_json(self) -> dict[str, Any]:
        """The scale of the days."""
        return self._scale.to_json()


def fitted(features: MixedColumns, spec: ColumnSpec, values: Sequence[Any]) -> ColumnPart:
    """The part that a column's values, none of them missing, teach.

    Raises:
        TypeError, ValueError: one is of another kind.
    """
    if spec.kind == NumberPart.kind:
        return NumberPart.fit(features, values)
    if spec.kind == CategoryPart.kind:
        return CategoryPart.fit(features, values, spec.values)
    return DatePart.fit(values) if spec.kind == DatePart.kind else FlagPart()


def width_of(features: MixedColumns, spec: ColumnSpec) -> int:
    """The most places that a column may need."""
    if spec.kind == NumberPart.kind:
        return scales.most_places(features)
    if spec.kind == CategoryPart.kind:
        return min(len(spec.values), features.categories) + 1
    return len(DatePart.names if spec.kind == DatePart.kind else FlagPart.names)


def loaded(saved: Mapping[str, Any]) -> ColumnPart:
    """The part that `kind` and `to_json` described.

    Raises:
        KeyError, TypeError, ValueError: they describe none.
    """
    if saved["kind"] == NumberPart.kind:
        return NumberPart(scales.loaded(saved))
    if saved["kind"] == CategoryPart.kind:
        return CategoryPart(saved["values"], saved["shares"], rest=saved["rest"])
    if saved["kind"] == FlagPart.kind:
        return FlagPart()
    if saved["kind"] == DatePart.kind:
        return DatePart(scales.Standard(saved["mean"], saved["std"], saved["bounds"]))
    raise ValueError(f"unknown column kind {saved['kind']!r}")


def text_of(value: Any) -> str:
    """A category as it is written: 3.0 is 3, as clients and files may have it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def _numbers(values: Sequence[Any]) -> Numbers:
    return np.clip(np.asarray(values, dtype=np.float64), -scales.LARGEST, scales.LARGEST)


def _days(values: Sequence[Any]) -> Numbers:
    return np.array([(_date(value) - DAY).days for value in values], dtype=np.float64)


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else datetime.fromisoformat(value).date()


def _day(days: float) -> date:
    return DAY + timedelta(days=min(max(round(days), (date.min - DAY).days), (date.max - DAY).days))
