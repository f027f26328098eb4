"""What `densely tasks create` is told of a task, as the request has it: its kind of input and its answer."""

import re
from typing import Any, Literal

import typer

KindName = Literal["text", "image", "table"]
_RANGE = re.compile(r"(-?\d*\.?\d+)\s*(?:-|–|:|,|\.\.)\s*(-?\d*\.?\d+)")


def kind_of(
    kind: KindName | None,
    texts: list[str] | None,
    columns: list[str] | None,
    roles: dict[str, str],
    image: dict[str, Any],
) -> dict[str, Any] | None:
    """The kind and what it needs; None: it is found in the file.

    Raises:
        typer.BadParameter: options of two kinds.
    """
    told: dict[str, dict[str, Any]] = {
        "text": {"columns": texts} if texts else {},
        "image": image,
        "table": {**({"columns": columns} if columns else {}), **({"roles": roles} if roles else {})},
    }
    options = {"text": "--text", "image": "--image-size, --rgb and --scaling", "table": "--column and --role"}
    meant = [name for name, fields in told.items() if fields]
    if kind and [name for name in meant if name != kind]:
        raise typer.BadParameter(f"{options[next(name for name in meant if name != kind)]}: not with --kind {kind}")
    if len(meant) > 1:
        raise typer.BadParameter(f"{options[meant[0]]}: not with {options[meant[1]]}")
    chosen = kind or (meant[0] if meant else None)
    return {"kind": chosen, **told[chosen]} if chosen else None


def answer_of(
    label: str | None,
    labels: tuple[str | None, str | None],
    number: tuple[str | None, str | None],
    rating: tuple[str | None, str | None],
) -> dict[str, Any] | None:
    """What is asked; None: it is found in the file. Beside `labels` stands its separator, the unit, the range.

    Raises:
        typer.BadParameter: options of two answers, or one that goes with another.
    """
    given = {"--label": label, "--labels": labels[0], "--number": number[0], "--rating": rating[0]}
    meant = [option for option, column in given.items() if column is not None]
    if len(meant) > 1:
        raise typer.BadParameter(f"{meant[0]}: not with {meant[1]}")
    for option, (column, further) in {"--separator": labels, "--unit": number, "--range": rating}.items():
        if further is not None and column is None:
            other = {"--separator": "--labels", "--unit": "--number", "--range": "--rating"}[option]
            raise typer.BadParameter(f"{option} goes with {other}")
    if label is not None:
        return {"kind": "one_of", "column": label}
    if labels[0] is not None:
        return {"kind": "several_of", "column": labels[0], **({"separator": labels[1]} if labels[1] else {})}
    if number[0] is not None:
        return {"kind": "number", "column": number[0], **({"unit": number[1]} if number[1] else {})}
    if rating[0] is not None:
        return {"kind": "rating", "column": rating[0], **(_range(rating[1]) if rating[1] else {})}
    return None


def _range(given: str) -> dict[str, float]:
    found = _RANGE.fullmatch(given.strip())
    if found is None or not float(found[1]) < float(found[2]):
        raise typer.BadParameter("--range must be LEAST-GREATEST, such as 1-5")
    return {"from": float(found[1]), "to": float(found[2])}
