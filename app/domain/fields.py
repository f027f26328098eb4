"""The fields of a recipe by dotted path: which there are, and what they take."""

import json
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from app.domain.numbers import Integer
from app.domain.recipes import Recipe
from app.errors import InvalidInput

SEED = "seed"  # not of the recipe, but a space may vary it too
MOST_LAYERS = 16


class Form:
    """What one of the parts that may stand at a path takes there."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        plain = _plain(annotation)
        self.is_whole = plain is int
        self.is_number = plain in (int, float)

    def why_not(self, value: Any) -> str | None:
        """What is wrong with a value, as JSON has it; None: nothing."""
        if self.is_whole and isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            self._adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(each) for each in first["loc"])
            message = str(first["msg"]).removeprefix("Value error, ")
            return f"{where}: {message}" if where else message
        return None

    def complete(self, value: Any) -> Any:
        """The same with the fields that it leaves out, of a value that nothing is wrong with."""
        return self._adapter.dump_python(self._adapter.validate_json(json.dumps(value)), mode="json")


@cache
def forms_of(path: str) -> tuple[Form, ...]:
    """What a field takes, in each of the kinds of parts that have it.

    Raises:
        InvalidInput: no recipe has such a field; it names the path.
    """
    if path == SEED:
        return (Form(Annotated[int, Integer(0, 2**31 - 1)]),)
    found: list[Any] = [Recipe]
    names = path.split(".")
    for place, name in enumerate(names):
        before = [each for annotation in found for each in _parts(annotation)]
        found = [field for part in before for field in _field(part, name)]
        if not found:
            where = ".".join(names[:place]) or "a recipe"
            raise InvalidInput(f"{where} has no field {name!r}{_instead(before)}", field=path)
    return tuple(Form(annotation) for annotation in found)


def takes_whole(path: str) -> bool:
    """Whether the field takes whole numbers only."""
    return all(form.is_whole for form in forms_of(path))


def is_number(path: str) -> bool:
    """Whether the field is a number."""
    return any(form.is_number for form in forms_of(path))


def why_not(path: str, value: Any) -> str | None:
    """What is wrong with a value for a field, wherever it stands; None: some recipe has it so."""
    reasons = [form.why_not(value) for form in forms_of(path)]
    return None if None in reasons else reasons[0]


def complete(path: str, value: Any) -> Any:
    """A value for a field as recipes have it: a copy, with the fields that it leaves out."""
    return next((form.complete(value) for form in forms_of(path) if form.why_not(value) is None), value)


def _parts(annotation: Any) -> Iterator[Any]:
    """The types that an annotation stands for, one by one."""
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _parts(each)
    else:
        yield annotation


def _field(part: Any, name: str) -> list[Any]:
    """The annotation of what a part has by this name, if it has it."""
    if isinstance(part, type) and issubclass(part, BaseModel):
        return [_annotation(part.model_fields[name])] if name in part.model_fields else []
    if get_origin(part) is tuple and name.isdecimal() and str(int(name)) == name and int(name) < MOST_LAYERS:
        inner = get_args(part)[0]
        return [inner if _plain(inner) is str else inner | None]  # null leaves the layer out
    return []


def _annotation(info: FieldInfo) -> Any:
    return Annotated[(info.annotation, info)]


def _plain(annotation: Any) -> Any:
    found = list(_parts(annotation))
    return found[0] if len(found) == 1 else None


def _instead(parts: list[Any]) -> str:
    names = sorted({name for part in parts if hasattr(part, "model_fields") for name in part.model_fields})
    return f"; there are {', '.join(names)}" if names else ""
