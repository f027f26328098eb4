"""What another release has written: while processes are replaced one by one, a newer one may have added fields."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import NewerRelease, Unavailable

T = TypeVar("T", bound=BaseModel)

ADDED = "extra_forbidden"  # pydantic's name for a field that a form does not have


def read(form: type[T], values: Mapping[str, Any], what: str) -> T:
    """Such values as far as this release knows them: fields that it does not know are left out.

    `what` names them to whoever reads the error.

    Raises:
        Unavailable: more than fields was added.
    """
    try:
        return form.model_validate(values)
    except ValidationError as error:
        known = deepcopy(dict(values))
        for each in error.errors():
            if each["type"] != ADDED or not _leave_out(known, each["loc"]):
                raise Unavailable(_told(what, error)) from error
    try:
        return form.model_validate(known)
    except ValidationError as error:
        raise Unavailable(_told(what, error)) from error


def read_any(form: type[T], values: Mapping[str, Any]) -> T | None:
    """The same for one of many, of which the others are read all the same; None: more than fields was added."""
    try:
        return read(form, values, form.__name__)
    except Unavailable:
        return None


def read_whole(form: type[T], values: Mapping[str, Any], what: str) -> T:
    """Such values, for whoever acts upon them: nothing is left out, but by forms within this one that forbid nothing.

    Raises:
        NewerRelease: there is something that this release does not know.
    """
    if further := values.keys() - form.model_fields.keys():  # which a form may overlook
        raise NewerRelease(_more(what, min(further)))
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise NewerRelease(_told(what, error)) from error


def _told(what: str, error: ValidationError) -> str:
    return _more(what, *error.errors()[0]["loc"])


def _more(what: str, *field: str | int) -> str:
    return f"{what} is of a release that knows more than this one: {'.'.join(map(str, field))}"


def _leave_out(values: Any, where: tuple[int | str, ...]) -> bool:
    """Remove one field; whether it was found. Between its parts `where` has the kinds of what a field may hold."""
    *parts, last = where
    for part in parts:
        if (isinstance(values, list) and isinstance(part, int)) or (isinstance(values, dict) and part in values):
            values = values[part]  # type: ignore[index]  # a list's is a number
    return isinstance(values, dict) and values.pop(last, values) is not values
