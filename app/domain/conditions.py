"""Which fields of a space vary in a trial: those whose conditions hold."""

from collections.abc import Mapping
from typing import Any

from app.domain.spaces import Choice, Parameters, Space
from app.errors import InvalidInput


def order_of(space: Space) -> list[str]:
    """The paths of a space, each after those that its conditions name, else in the space's order.

    Raises:
        InvalidInput: a condition names what does not vary, is no choice or has no such value, or they are in a circle.
    """
    for path, axis in space.items():
        for parent, allowed in (axis.when or {}).items():
            _check(space, path, parent, allowed)
    found: dict[str, None] = {}
    while waiting := [path for path in space if path not in found]:
        ready = [path for path in waiting if all(parent in found for parent in space[path].when or {})]
        if not ready:
            circle = " -> ".join(_circle(space, waiting[0]))
            raise InvalidInput(f"conditions are in a circle: {circle}", field=f"space.{waiting[0]}.when")
        found[ready[0]] = None  # one at a time: what waited for it may come before the others in the space
    return list(found)


def holds(space: Space, path: str, parameters: Parameters) -> bool:
    """Whether a field varies in a trial, of which the parameters before it in the order are known."""
    return all(
        parent in parameters and _is_in(parameters[parent], allowed)
        for parent, allowed in (space[path].when or {}).items()
    )


def _is_in(value: Any, allowed: list[Any]) -> bool:
    """As JSON has it: true is not 1."""
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed)


def _check(space: Space, path: str, parent: str, allowed: list[Any]) -> None:
    field = f"space.{path}.when.{parent}"
    axis = space.get(parent)
    if axis is None:
        raise InvalidInput(f"{parent} does not vary: the space has {', '.join(space)}", field=field)
    if not isinstance(axis, Choice):
        raise InvalidInput(f"{parent} is a {axis.kind}; conditions are on choices", field=field)
    known = list(axis.values)
    for value in allowed:
        if not _is_in(value, known):
            called = "name" if isinstance(axis.values, Mapping) else "value"
            raise InvalidInput(f"{parent} has no {called} {value!r}; it has {_told(known)}", field=field)
    if not allowed:
        raise InvalidInput("names no value, so that the field would never vary", field=field)


def _told(values: list[Any]) -> str:
    shown = ", ".join(repr(value) for value in values[:10])
    return shown if len(values) <= 10 else f"{shown} and {len(values) - 10} more"


def _circle(space: Space, path: str) -> list[str]:
    """A circle that one comes to from a path whose conditions never come to an end."""
    way: list[str] = []
    while path not in way:
        way.append(path)
        whens = space[path].when or {}
        path = next((parent for parent in whens if not _ends(space, parent, set())), path)
    return [*way[way.index(path) :], path]


def _ends(space: Space, path: str, seen: set[str]) -> bool:
    return path not in seen and all(_ends(space, parent, seen | {path}) for parent in space[path].when or {})
