"""Python's values as JSON: besides its own, what callers have at hand, such as NumPy's numbers, paths and times."""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from densely_client.errors import InvalidArgument


def as_json(body: Any) -> bytes:
    """A request's body.

    Raises:
        InvalidArgument: something in it has no form in JSON; its `errors` name the field.
    """
    try:
        text = json.dumps(body, default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"a text is not Unicode: it holds {error.object[error.start]!r}") from error
    except RecursionError as error:
        raise InvalidArgument("a value is nested too deeply") from error
    except (TypeError, ValueError) as error:
        field, reason = next(_faults(body, ""), ("", str(error))) if "Circular" not in str(error) else ("", str(error))
        raise InvalidArgument(f"{field or 'a value'}: {reason}", field=field or None) from error


def is_unicode(text: str) -> bool:
    """Whether it can be sent at all: no halves of pairs, as bytes that are not UTF-8 become in arguments."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (  # the first that fits
    (BaseModel, lambda value: value.model_dump(mode="json", exclude_unset=True)),
    (date | time, lambda value: value.isoformat()),
    (os.PathLike, os.fsdecode),
    (UUID, str),
    (Enum, lambda value: value.value),
    (Integral, int),
    (Real | Decimal, float),
    (Mapping, dict),
    (AbstractSet | Sequence | Iterator, list),
)


def _plain(value: Any) -> Any:
    """The nearest that JSON has. NumPy, pandas and others are known by their `tolist`, without importing them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if not isinstance(value, bytes | bytearray | memoryview):
        for kind, form in FORMS:
            if isinstance(value, kind):
                return form(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _faults(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Where something has no form in JSON, as a dotted path, and why."""
    if isinstance(value, float):
        if not math.isfinite(value):
            yield place, f"must be a finite number; got {value}"
    elif isinstance(value, dict | list | tuple):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            yield from _faults(part, f"{place}.{name}" if place else str(name))
    elif value is not None and not isinstance(value, str | int):
        try:
            yield from _faults(_plain(value), place)
        except TypeError as error:
            yield place, str(error)
