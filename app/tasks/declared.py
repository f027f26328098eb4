"""Tasks of the user's own, declared from what was found in a file: presets by kind, answer and number of rows."""

from collections.abc import Sequence
from typing import Any

from app.tasks.presets.declared import presets_of
from app.wire.datasets import Findings
from app.wire.declarations import (
    Answer,
    AnyColumn,
    CategoryColumn,
    Declaration,
    DeclaredKind,
    ImageKind,
    NumberColumn,
    OneOf,
    SeveralOf,
    TableKind,
    TextKind,
)
from app.wire.pieces import Example, Range

MOST_EXAMPLES = 5
MOST_CATEGORIES = 1_000  # of a column


def declare(
    name: str,
    title: str,
    description: str,
    kind: DeclaredKind,
    answer: Answer,
    findings: Findings | None,
    examples: Sequence[dict[str, Any]],
) -> Declaration:
    """A new task; `findings` and `examples` (inputs as `POST /predict` takes them) are those of its first dataset.

    Raises:
        ValueError: the parts do not fit each other.
    """
    return Declaration(
        name=name,
        title=title,
        description=description,
        kind=kind,
        answer=answer,
        examples=_examples(kind, examples),
        presets=presets_of(kind, answer, findings.train_rows if findings else 0),
    )


def extend(
    declaration: Declaration,
    kind: DeclaredKind,
    answer: Answer,
    findings: Findings | None,
    examples: Sequence[dict[str, Any]],
    most_rows: int = 0,
) -> Declaration:
    """A task with a further dataset, in which `kind` and `answer` were found.

    `most_rows` are those of the largest training split that the task has: its presets suit that one.

    Its columns and its question stay. Labels and categories that are new come after the known ones, ranges get wider,
    and a column that some rows miss may be left out from now on.

    Raises:
        ValueError: the parts do not fit each other.
    """
    kind, answer = _extended_kind(declaration.kind, kind), _extended_answer(declaration.answer, answer)
    rows = max(most_rows, findings.train_rows if findings else 0)
    return declare(
        declaration.name, declaration.title, declaration.description, kind, answer, None, examples
    ).model_copy(
        update={
            "presets": presets_of(kind, answer, rows),
            "notice": declaration.notice,
            "datasets": declaration.datasets,
            **({} if examples else {"examples": declaration.examples}),
        }
    )


def _extended_kind(known: DeclaredKind, found: DeclaredKind) -> DeclaredKind:
    if not (isinstance(known, TableKind) and isinstance(found, TableKind)):
        return known
    others = {column.name: column for column in found.columns}
    columns = [_extended_column(column, others.get(column.name, column)) for column in known.columns]
    return known.model_copy(update={"columns": tuple(columns)})


def _extended_column(known: AnyColumn, found: AnyColumn) -> AnyColumn:
    changes: dict[str, Any] = {"required": known.required and found.required}
    if isinstance(known, CategoryColumn) and isinstance(found, CategoryColumn):
        changes["values"] = _joined(known.values, found.values)[:MOST_CATEGORIES]
    if isinstance(known, NumberColumn) and isinstance(found, NumberColumn):
        changes["range"] = _wider(known.range, found.range)
    return known.model_copy(update=changes)


def _extended_answer(known: Answer, found: Answer) -> Answer:
    if isinstance(known, OneOf | SeveralOf) and isinstance(found, OneOf | SeveralOf):
        return known.model_copy(update={"labels": _joined(known.labels, found.labels)})
    return known


def _joined(known: Sequence[Any], found: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys([*known, *found]))


def _wider(known: Range | None, found: Range | None) -> Range | None:
    if known is None or found is None:
        return known or found
    least, greatest = min(known.least, found.least), max(known.greatest, found.greatest)
    return Range(least=least, greatest=greatest, step=min(known.step, found.step))


def _examples(kind: DeclaredKind, inputs: Sequence[dict[str, Any]]) -> tuple[Example, ...]:
    """Of a task without rows there is one that nobody has seen yet."""
    shown = list(inputs[:MOST_EXAMPLES]) or [_made_up(kind)]
    return tuple(
        Example(title=f"Example {place}" if len(shown) > 1 else "Example", input=each)
        for place, each in enumerate(shown, 1)
    )


def _made_up(kind: DeclaredKind) -> dict[str, Any]:
    if isinstance(kind, TextKind):
        return {column.name: f"A {column.title.lower()} to try." for column in kind.columns if column.required} or {
            kind.columns[0].name: "A text to try."
        }
    if isinstance(kind, ImageKind):
        return {"pixels": [0] * (kind.size**2 * (3 if kind.colours == "rgb" else 1))}
    if isinstance(kind, TableKind):
        return {"features": {column.name: _value(column) for column in kind.columns}}
    return {"point": [kind.range.least, kind.range.greatest]}


def _value(column: AnyColumn) -> Any:
    if isinstance(column, NumberColumn):
        return (column.range.least + column.range.greatest) / 2 if column.range else 0
    if isinstance(column, CategoryColumn):
        return column.values[0] if column.values else "a"
    return False if column.kind == "flag" else "2025-01-01"
