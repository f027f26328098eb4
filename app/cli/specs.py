"""What `densely tasks create` is told of a task, as the request has it: its kind of input and its answer."""

import re
from typing import Annotated, Any, Literal

import typer

from app.cli.uploading import pairs

KindName = Literal["text", "image", "table"]
Columns = list[str] | None

Texts = Annotated[Columns, typer.Option("--text", help="a column of texts; up to eight times")]
LabelColumn = Annotated[str | None, typer.Option("--label", help="the column of the label, one for each row")]
LabelsColumn = Annotated[str | None, typer.Option("--labels", help="the column of any number of labels")]
Separator = Annotated[str | None, typer.Option(help="between labels of --labels; default: ;")]
NumberColumn = Annotated[str | None, typer.Option("--number", help="the column of a number to predict")]
Unit = Annotated[str | None, typer.Option(help="of --number")]
RatingColumn = Annotated[str | None, typer.Option("--rating", help="the column of a number within bounds")]
Bounds = Annotated[str | None, typer.Option("--range", help="of --rating, such as 1-5; default: 0-1")]
Kind = Annotated[KindName | None, typer.Option(help="of the input; default: found in the file")]
TableColumns = Annotated[Columns, typer.Option("--column", help="a column of a table; default: all others")]
Roles = Annotated[
    Columns,
    typer.Option("--role", help="COLUMN=number, category, flag or date, where it would be guessed wrong"),
]
Size = Annotated[int | None, typer.Option("--image-size", min=8, max=96, help="pixels of a picture's side")]
Colours = Annotated[bool, typer.Option("--rgb", help="pictures in colour")]
Scaling = Annotated[Literal["fit", "centre", "crop"] | None, typer.Option(help="how pictures get that size")]
_RANGE = re.compile(r"(-?\d*\.?\d+)\s*(?:-|–|:|,|\.\.)\s*(-?\d*\.?\d+)")


def kind_of(
    kind: KindName | None,
    texts: list[str] | None,
    columns: list[str] | None,
    roles: list[str] | None,
    image: dict[str, Any],
) -> dict[str, Any] | None:
    """The kind and what it needs; None: it is found in the file.

    Raises:
        typer.BadParameter: options of two kinds.
    """
    told: dict[str, dict[str, Any]] = {
        "text": {"columns": texts},
        "image": image,
        "table": {"columns": columns, "roles": pairs(roles, "--role")},
    }
    told = {name: {field: value for field, value in fields.items() if value} for name, fields in told.items()}
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
