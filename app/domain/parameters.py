"""What a trial has of a space: its values, put into the recipe."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError

from app.domain.fields import SEED, complete
from app.domain.recipes import Recipe
from app.domain.spaces import Axis, Choice, Parameters, Space
from app.errors import InvalidInput

_MISSING = object()


class Asked(NamedTuple):
    """A trial's recipe and seed."""

    recipe: Recipe
    seed: int


def value_of(axis: Axis, parameter: Any) -> JsonValue:
    """What a parameter stands for: of a choice with names, the value of this name."""
    if isinstance(axis, Choice) and isinstance(axis.values, dict):
        return axis.values[parameter]
    found: JsonValue = parameter
    return found


def apply(base: Recipe, seed: int, space: Space, parameters: Parameters) -> Asked:
    """The base with these values in place of its own; whole parts first, then what is within them.

    Raises:
        InvalidInput: together they make no recipe; it names the path that cannot be set, or the recipe's field.
    """
    content: dict[str, Any] = base.model_dump(mode="json")
    for path in sorted(parameters, key=lambda path: path.count(".")):
        value = value_of(space[path], parameters[path])
        if path == SEED:
            assert isinstance(value, int | float)
            seed = int(value)
        else:
            _set(content, path, value)
    content["layers"] = [layer for layer in content["layers"] if layer is not None]
    return Asked(_recipe(content), seed)


def _set(content: dict[str, Any], path: str, value: JsonValue) -> None:
    *way, last = path.split(".")
    part: Any = content
    for place, name in enumerate(way):
        part = _member(part, name)
        if part is _MISSING or part is None:
            raise InvalidInput(f"{'.'.join(way[: place + 1])} is not there; `when` can tell where it is", field=path)
    known = last in part if isinstance(part, dict) else _member(part, last) is not _MISSING
    if not known:
        of_kind = f" of kind {part['kind']}" if isinstance(part, dict) and "kind" in part else ""
        where = ".".join(way) or "the recipe"
        raise InvalidInput(f"{where}{of_kind} has no field {last!r}; `when` can tell where it has", field=path)
    # A copy: what is within it may be set too.
    part[int(last) if isinstance(part, list) else last] = complete(path, value)


def _member(part: Any, name: str) -> Any:
    if isinstance(part, dict):
        return part.get(name, _MISSING)
    if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
        return part[int(name)]
    return _MISSING


def _recipe(content: Mapping[str, Any]) -> Recipe:
    try:
        return Recipe.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(_way(content, first["loc"]))
        raise InvalidInput(str(first["msg"]).removeprefix("Value error, "), field=field) from error


def _way(content: Any, loc: tuple[int | str, ...]) -> list[str]:
    """The path of a field, without the names of kinds that Pydantic puts between."""
    found = []
    for name in loc:
        if isinstance(content, dict) and name not in content and content.get("kind") == name:
            continue
        found.append(str(name))
        content = _member(content, str(name))
    return found
