"""The fields of a table's input: one for each column."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from app.domain.numbers import Number
from app.wire.declarations import FARTHEST, AnyColumn, CategoryColumn, NumberColumn

MOST_LETTERS = 1_000  # of a category
FAR = 1_000  # times the range of a column, which is far beyond any of its numbers

Flag = Annotated[bool, Field(strict=True)]


def _day(value: Any) -> date:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            pass
    raise PydanticCustomError("date", "must be a day as ISO 8601 has it, such as 2025-12-31")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def field_names(columns: Sequence[AnyColumn]) -> Mapping[str, str]:
    """The attribute that holds each column: its own name, unless some are those of what every form has."""
    names = [column.name for column in columns]
    if any(hasattr(BaseModel, name) or name.startswith("model_") for name in names):
        return {name: f"column{place}" for place, name in enumerate(names)}
    return {name: name for name in names}


def form(name: str, columns: Sequence[AnyColumn]) -> type[BaseModel]:
    """The form of the columns; what is not required may be left out, or null."""
    names = field_names(columns)
    fields: Any = {names[column.name]: _field(column, names[column.name]) for column in columns}
    all_needed = all(column.required for column in columns)
    told = "The columns, all needed." if all_needed else "The columns; some may be left out, or null."
    made: type[BaseModel] = create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=told, **fields)
    return made


def _field(column: AnyColumn, name: str) -> tuple[Any, Any]:
    kind, told = _annotation(column), column.description
    alias = column.name if name != column.name else None
    if column.required:
        return kind, Field(description=told, alias=alias)
    return kind | None, Field(None, description=told, alias=alias)


def _annotation(column: AnyColumn) -> Any:
    if isinstance(column, NumberColumn):
        most = FARTHEST
        if column.range:
            most = max(most, FAR * max(abs(column.range.least), abs(column.range.greatest)))
        return Annotated[Number, Field(ge=-most, le=most)]
    if isinstance(column, CategoryColumn):
        return Annotated[str, StringConstraints(max_length=MOST_LETTERS)]
    return Flag if column.kind == "flag" else Day
