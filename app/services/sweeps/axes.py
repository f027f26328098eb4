"""What may be wrong with one field of a space, by itself."""

import json

from app.domain.fields import forms_of, is_number, takes_whole, why_not
from app.domain.spaces import Axis, Choice, LogRange, NumberRange
from app.errors import InvalidInput

MOST_STEPS = 1_000_000  # of a range


def check_axis(path: str, axis: Axis) -> None:
    """
    Raises:
        InvalidInput: no recipe has the field, or it does not take these values.
    """
    try:
        forms_of(path)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=f"space.{path}") from error
    if isinstance(axis, Choice):
        _check_choice(path, axis)
    else:
        _check_numbers(path, axis)


def _check_choice(path: str, axis: Choice) -> None:
    seen: dict[str, str | int] = {}
    for name, value in axis.named:
        field = f"space.{path}.values.{name}"
        if reason := why_not(path, value):
            raise InvalidInput(reason, field=field)
        content = json.dumps(value, sort_keys=True)
        if content in seen:
            raise InvalidInput(f"is the same as {seen[content]}", field=field)
        seen[content] = name


def _check_numbers(path: str, axis: NumberRange | LogRange) -> None:
    field = f"space.{path}"
    if not is_number(path):
        raise InvalidInput(f"{path} is not a number: only a choice fits", field=f"{field}.kind")
    if axis.high <= axis.low:
        raise InvalidInput(f"must be above low, {axis.low:g}; got {axis.high:g}", field=f"{field}.high")
    step = axis.step if isinstance(axis, NumberRange) else None
    whole = takes_whole(path)
    for name, value in (("low", axis.low), ("high", axis.high), ("step", step)):
        if whole and value is not None and not float(value).is_integer():
            raise InvalidInput(f"must be a whole number, as {path} is; got {value:g}", field=f"{field}.{name}")
    for name, value in (("low", axis.low), ("high", axis.high)):
        if reason := why_not(path, int(value) if whole else float(value)):
            raise InvalidInput(f"{reason}; got {value:g}", field=f"{field}.{name}")
    length = axis.high - axis.low
    if step is not None and not length / MOST_STEPS <= step <= length:
        told = f"must be {length / MOST_STEPS:g} to {length:g}: at least one step, and at most {MOST_STEPS:,}"
        raise InvalidInput(f"{told}; got {step:g}", field=f"{field}.step")
