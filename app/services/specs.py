"""What a client asks for, as a declaration has it: for tasks that are made before there are rows."""

from typing import Any

from pydantic import ValidationError

from app.errors import FieldError, InvalidInput
from app.services.limits import Limits
from app.wire.datasets import (
    AnswerSpec,
    ImageSpec,
    KindSpec,
    NumberSpec,
    OneOfSpec,
    RatingSpec,
    SeveralOfSpec,
    TextSpec,
)
from app.wire.declarations import (
    Answer,
    DeclaredKind,
    ImageKind,
    NumberAnswer,
    OneOf,
    RatingAnswer,
    SeveralOf,
    TableKind,
    TextColumn,
    TextKind,
)

NEEDED = "is needed for a task without rows"


def declared_kind(spec: KindSpec | None, limits: Limits) -> DeclaredKind:
    """
    Raises:
        InvalidInput: it is missing, lacks its columns, or has too many.
    """
    if spec is None:
        raise InvalidInput(NEEDED, field="kind")
    try:
        if isinstance(spec, ImageSpec):
            return ImageKind(size=spec.size, colours=spec.colours, scaling=spec.scaling)
        if spec.columns is None:
            raise InvalidInput(NEEDED, field="kind.columns")
        if len(spec.columns) > limits.columns:
            told = f"are {len(spec.columns):,}; the limit is {limits.columns:,} (DENSELY_MAX_COLUMNS)"
            raise InvalidInput(told, field="kind.columns")
        if isinstance(spec, TextSpec):
            return TextKind(columns=tuple(TextColumn(name=name, title=_title(name)) for name in spec.columns))
        if unknown := sorted(set(spec.roles) - set(spec.columns)):
            raise InvalidInput(f"there is no column {unknown[0]!r}", field="kind.roles")
        columns = [{"name": name, "kind": spec.roles.get(name, "number")} for name in spec.columns]
        return TableKind.model_validate({"columns": columns})
    except ValidationError as error:
        raise nested("kind", error) from error


def declared_answer(spec: AnswerSpec | None, limits: Limits) -> Answer:
    """
    Raises:
        InvalidInput: it is missing, or has too many labels.
    """
    if spec is None:
        raise InvalidInput(NEEDED, field="answer")
    try:
        if isinstance(spec, NumberSpec | RatingSpec):
            column = spec.column or "value"
            if isinstance(spec, NumberSpec):
                return NumberAnswer(title=_title(column), unit=spec.unit, column=column)
            return RatingAnswer(title=_title(column), column=column, least=spec.least, greatest=spec.greatest)
        labels = tuple(spec.labels or ())
        if len(labels) > limits.labels:
            told = f"are {len(labels):,}; the limit is {limits.labels:,} (DENSELY_MAX_LABELS)"
            raise InvalidInput(told, field="answer.labels")
        if isinstance(spec, OneOfSpec):
            return OneOf(labels=labels, column=spec.column or "label", shows=("top",))
        assert isinstance(spec, SeveralOfSpec)
        return SeveralOf(labels=labels, column=spec.column or "labels")
    except ValidationError as error:
        raise nested("answer", error) from error


def _title(name: str) -> str:
    return name.replace("_", " ").strip().capitalize() or name


def nested(prefix: str, error: ValidationError) -> InvalidInput:
    """Pydantic's findings about a part of the request, as ours."""
    mistakes = error.errors(include_url=False, include_input=False)[:20]
    return InvalidInput.of([FieldError(".".join([prefix, *map(str, each["loc"])]), _reason(each)) for each in mistakes])


def _reason(item: Any) -> str:
    if item["type"] == "string_pattern_mismatch" and item["loc"][-1:] == ("name",):
        return "must be 1 to 40 small letters, digits and hyphens, a letter first"
    message: str = item["msg"]
    return message.removeprefix("Value error, ")
