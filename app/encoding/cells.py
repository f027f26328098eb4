"""What a single cell says: nothing, a number, a day, true or false, or a text."""

import math
import re
from datetime import date, datetime
from typing import Any

EPOCH = date(1970, 1, 1).toordinal()
ABSENT = frozenset(["NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "none", "?", "-"])  # in columns of no texts
TRUE, FALSE = frozenset(["true", "yes", "y", "t"]), frozenset(["false", "no", "n", "f"])
NONFINITE = frozenset(["nan", "inf", "infinity", "-inf", "-infinity", "+inf", "+infinity", "-nan"])
LEAST_DATE = len("1/1/2026")
LEAST_SECONDS, MOST_SECONDS = 1_000_000_000, 2_100_000_000  # since 1970 of what is taken for a time: 2001 to 2036
MOST_SHORT = 60  # characters of a number or a date, with room to spare

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:[. ']\d{3})+|\d*),\d+|[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,15})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}.{0,24})?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ,]+\d{1,2}:\d{2}.{0,24})?", re.ASCII)
_NAMED = re.compile(r"(?:(\d{1,2})[. -]+)?([A-Za-z]{3,9})[. -]+(?:(\d{1,2}),? +)?(\d{4})", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def kind_of(value: Any) -> tuple[str, float]:
    """What a cell is, and its number: blank, absent, number, comma, nonfinite, date, flag, list, bytes, nested, text.

    A date's number is its days since 1970.
    """
    if isinstance(value, str):
        return _kind_of_text(value)
    if value is None:
        return "blank", 0.0
    if isinstance(value, bool):
        return "flag", float(value)
    if isinstance(value, int | float):
        number = float_of(value)
        return ("number", number) if math.isfinite(number) else ("nonfinite", 0.0)
    if isinstance(value, date):
        return "date", float(days_of(value) or 0)
    return {list: "list", bytes: "bytes"}.get(value.__class__, "nested"), 0.0


def _kind_of_text(text: str) -> tuple[str, float]:
    if len(text) > MOST_SHORT:
        return ("blank" if text.isspace() else "text"), 0.0
    text = text.strip()
    if not text:
        return "blank", 0.0
    if text in ABSENT:
        return "absent", 0.0
    return (text[0] in "+-.0123456789," and _kind_of_digits(text)) or _kind_of_word(text)


def _kind_of_digits(text: str) -> tuple[str, float] | None:
    if _NUMBER.fullmatch(text):
        number = float(text)
        return ("number", number) if math.isfinite(number) else ("nonfinite", 0.0)
    return ("comma", 0.0) if _COMMA.fullmatch(text) else None


def _kind_of_word(text: str) -> tuple[str, float]:
    lower = text.lower()
    if lower in NONFINITE:
        return "nonfinite", 0.0
    if lower in TRUE or lower in FALSE:
        return "flag", float(lower in TRUE)
    days = days_of(text)
    return ("text", 0.0) if days is None else ("date", float(days))


def is_plain_comma(text: str) -> tuple[bool, bool]:
    """Whether a comma may be a decimal one with nothing between thousands, and whether it can be nothing else."""
    whole, _, rest = text.strip().lstrip("+-").partition(",")
    is_plain = rest.isdigit() and (whole.isdigit() or not whole)
    return is_plain, is_plain and (len(rest) != 3 or not 0 < len(whole) <= 3 or whole == "0")


def float_of(value: float) -> float:
    """As a float; what is too large is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def number_of(value: Any) -> float:
    """The number of a cell that is not missing.

    Raises:
        ValueError: it is none; the message says what it is instead.
    """
    kind, number = kind_of(value)
    if kind == "number":
        return number
    if kind == "flag" and isinstance(value, bool):
        return float(value)
    reasons = {
        "comma": "has a comma; decimals come after a point, and nothing stands between thousands",
        "nonfinite": "is no finite number; where there is none the cell is left empty",
        "date": "is a date, not a number",
    }
    raise ValueError(reasons.get(kind, "is no number"))


def days_in(value: Any, *, day_first: bool = False) -> int | None:
    """The same of a column that holds dates for certain: 20260131 and seconds since 1970 are some there, too."""
    days = days_of(value, day_first=day_first)
    if days is not None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return days
    kind, number = kind_of(value)
    return days_of_number(number) if kind == "number" else None


def days_of_number(number: float) -> int | None:
    """Days since 1970 of a number such as 20260131, or of so many seconds or milliseconds; None if it is neither."""
    if not number.is_integer():
        return None
    for unit in (1, 1_000):
        if LEAST_SECONDS * unit <= number <= MOST_SECONDS * unit:
            return int(number) // (86_400 * unit)
    if not 1900_01_01 <= number <= 2100_12_31:
        return None
    rest, day = divmod(int(number), 100)
    try:
        return date(rest // 100, rest % 100, day).toordinal() - EPOCH
    except ValueError:
        return None


def days_of(value: Any, *, day_first: bool = False) -> int | None:
    """Days since 1970 of a date, ISO 8601 or in one of the usual forms; None if it is none."""
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).toordinal() - EPOCH
    if not isinstance(value, str) or not LEAST_DATE <= len(value) <= MOST_SHORT:
        return None
    try:
        parts = _day(value.strip(), day_first=day_first)
        return date(*parts).toordinal() - EPOCH if parts else None
    except ValueError:  # no such day, or no month's name
        return None


def _day(text: str, *, day_first: bool) -> tuple[int, int, int] | None:
    """Year, month, day."""
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _YEAR_LAST.fullmatch(text):
        one, other = int(found[1]), int(found[3])
        return (int(found[4]), one, other) if found[2] == "/" and not day_first else (int(found[4]), other, one)
    if (found := _NAMED.fullmatch(text)) and (found[1] is None) != (found[3] is None):
        return int(found[4]), _MONTHS.index(found[2][:3].lower()) + 1, int(found[1] or found[3])
    return None


def is_slashed(text: str) -> bool:
    """Whether it is a date such as 1/2/2026, in which day and month could be either."""
    found = _YEAR_LAST.fullmatch(text.strip()) if "/" in text else None
    return bool(found and found[2] == "/")


def flag_of(value: Any) -> bool | None:
    """True or false; None if it is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value) if value in {0, 1} else None
    if not isinstance(value, str):
        return None
    lower = value.strip().lower()
    if lower in TRUE or lower in {"1", "1.0"}:
        return True
    return False if lower in FALSE or lower in {"0", "0.0"} else None


def is_missing(value: Any, *, words: bool = True) -> bool:
    """Whether a cell is empty; with `words` also if it says so, as NA does."""
    if value is None:
        return True
    if not isinstance(value, str):
        return False
    text = value.strip() if len(value) <= MOST_SHORT else value
    return not text or text.isspace() or (words and text in ABSENT)


def whole_of(value: Any) -> int | None:
    """A label that is an integer; None if it is none. "01" is none: it is written otherwise than 1."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**16 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else None
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix(".0")
    return int(text) if WHOLE.fullmatch(text) else None


def label_of(value: Any) -> str:
    """A label as a text: true and false in JSON's spelling, a float that is whole without its point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
