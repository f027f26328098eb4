"""What a sweep varies, as `--vary` and `--space` tell it: by dotted path of a recipe's field, what it may be."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.files import text_of

Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        help="PATH=A,B,C or PATH=LOW..HIGH or PATH=log:LOW..HIGH, with /POINTS or :STEP for a grid, or PATH=JSON of an "
        "axis; any number of times",
    ),
]
SpaceFile = Annotated[Path | None, typer.Option("--space", help="a file of JSON with the space; - is standard input")]

FORMS = "A,B,C, LOW..HIGH or log:LOW..HIGH"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(log:)?({_NUMBER})\.\.({_NUMBER})(?:/(\d{{1,9}})|:({_NUMBER}))?")
_AXES = {"choice", "range", "log_range"}


def space_of(file: Path | None, varied: Sequence[str]) -> dict[str, Any]:
    """The file's space, and what is varied beside it or in its place.

    Raises:
        typer.BadParameter: one of them cannot be read; it is named.
        OSError: the file cannot be read.
    """
    space = _from_file(file) if file is not None else {}
    for each in varied:
        path, equals, given = each.partition("=")
        if not equals or not path or not given:
            raise typer.BadParameter(f"--vary {each}: must be PATH={FORMS}")
        space[path.strip()] = _axis(each, given.strip())
    return space


def _from_file(file: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"--space {file}: is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter(f"--space {file}: must be a JSON object of axes by path")
    inside = found.get("space")  # as `densely sweep --around RUN --propose` prints it
    return inside if isinstance(inside, dict) and "kind" not in inside else found


def _axis(option: str, given: str) -> dict[str, Any]:
    if given[0] in "[{":
        return _from_json(option, given)
    found = _RANGE.fullmatch(given)
    if found:
        return _range(option, *found.groups())
    if ".." in given or given.startswith("log:"):
        raise typer.BadParameter(f"--vary {option}: {given!r} is no range; write LOW..HIGH, or log:LOW..HIGH")
    return {"kind": "choice", "values": [_value(option, part.strip()) for part in given.split(",")]}


def _range(option: str, log: str | None, low: str, high: str, points: str | None, step: str | None) -> dict[str, Any]:
    if log and step:
        raise typer.BadParameter(f"--vary {option}: a range by its logarithm has no step; say how many points: /POINTS")
    least, greatest = _number(low), _number(high)
    if not (math.isfinite(least) and math.isfinite(greatest) and least <= greatest):
        raise typer.BadParameter(f"--vary {option}: {low} must be at most {high}, and both finite numbers")
    if log and least <= 0:
        raise typer.BadParameter(f"--vary {option}: of log:LOW..HIGH, LOW must be more than 0")
    axis: dict[str, Any] = {"kind": "log_range" if log else "range", "low": least, "high": greatest}
    if points:
        axis["points"] = int(points)
    if step:
        axis["step"] = float(step)
    return axis


def _from_json(option: str, given: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"--vary {option}: is not JSON: {error}") from error
    if isinstance(found, list):
        return {"kind": "choice", "values": found}
    if found.get("kind") not in _AXES:
        raise typer.BadParameter(f"--vary {option}: its kind must be one of {', '.join(sorted(_AXES))}")
    return dict(found)


def _value(option: str, part: str) -> Any:
    """A number, true, false or null as JSON has them; else a text."""
    if not part:
        raise typer.BadParameter(f"--vary {option}: a value is empty; write A,B,C")
    try:
        found = json.loads(part)
    except ValueError:
        return part
    return part if isinstance(found, float) and not math.isfinite(found) else found


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)
