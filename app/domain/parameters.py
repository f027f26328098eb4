"""What a trial has of a space: its values, put into the recipe."""

import json
import math
from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError

from app.domain.conditions import holds, order_of
from app.domain.fields import SEED, complete, takes_whole
from app.domain.grids import within
from app.domain.recipes import Recipe
from app.domain.spaces import Axis, Choice, NumberRange, Parameters, Space
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


def of_base(base: Recipe, seed: int, space: Space) -> Parameters:
    """The base's own values, as a trial of the space has them; without any where one of them lies beyond it."""
    content: dict[str, Any] = {**base.model_dump(mode="json"), SEED: seed}
    found: Parameters = {}
    for path in order_of(space):
        if not holds(space, path, found):
            continue
        parameter = _parameter_of(space, path, reduce(_member, path.split("."), content))
        if parameter is _MISSING:
            return {}
        found[path] = parameter
    return found if apply(base, seed, space, found) == Asked(base, seed) else {}


def _parameter_of(space: Space, path: str, value: Any) -> Any:
    """By which a trial has this value, or `_MISSING`."""
    axis = space[path]
    if isinstance(axis, Choice):
        told = _alone(space, path, value)
        contents = [_alone(space, path, complete(path, each)) for each in axis.contents]
        return axis.parameters[contents.index(told)] if told in contents else _MISSING
    if not isinstance(value, int | float) or not axis.low <= value <= axis.high:
        return _MISSING
    step = axis.step if isinstance(axis, NumberRange) else None
    if step is None:
        return value
    nearest = within(axis, axis.low + round((value - axis.low) / step) * step, takes_whole(path))
    return nearest if math.isclose(nearest, value) else _MISSING


def _alone(space: Space, path: str, value: Any) -> str:
    """A value of a field, without the fields within it that vary by themselves."""
    if value is _MISSING:
        return ""
    found = json.loads(json.dumps(value))
    for inner in space:
        *way, last = inner.removeprefix(f"{path}.").split(".")
        part = reduce(_member, way, found) if inner.startswith(f"{path}.") else None
        if isinstance(part, dict):
            part.pop(last, None)
    return json.dumps(found, sort_keys=True)


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
