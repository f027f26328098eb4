"""The fields of a table's input: one for each column."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.domain.numbers import Number
from app.encoding.cells import EPOCH, days_in, flag_of, is_missing, kind_of, label_of
from app.wire.declarations import FARTHEST, AnyColumn, CategoryColumn, DateColumn, FlagColumn, NumberColumn

MOST_LETTERS = 1_000  # of a category
FAR = 1_000  # times the range of a column, which is far beyond any of its numbers

Reader = Callable[[Any], Any]  # what a file may say instead; ValueError if it is none of that


_A_DAY = WithJsonSchema({"type": "string", "format": "date"})


class _OrAsInFiles:
    """A field takes what JSON has for it, without calling Python, and whatever its column was read from in a file."""

    def __init__(self, read: Reader, message: str) -> None:
        self._read = read
        self._message = message

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        others = core_schema.no_info_plain_validator_function(self._read)
        return core_schema.union_schema(
            [handler(source), others],
            mode="left_to_right",
            custom_error_type="cell",
            custom_error_message=self._message,
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        assert schema["type"] == "union"
        first = schema["choices"][0]
        assert isinstance(first, dict)
        return handler(first)


def _flag(value: Any) -> bool:
    flag = flag_of(value)
    if flag is None:
        raise ValueError
    return flag


def _category(value: Any) -> str:
    if kind_of(value)[0] not in {"number", "flag"}:
        raise ValueError
    return label_of(value)


def _day(column: DateColumn) -> Reader:
    def read(value: Any) -> date:
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value).date()
            except ValueError:
                pass
        days = days_in(value, day_first=column.day_first)
        if days is None:
            raise PydanticCustomError(
                "date", "must be a day as ISO 8601 has it, such as 2025-12-31, or in a usual form"
            )
        return date.fromordinal(days + EPOCH)

    return read


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
        least = 0 if column.required else 1  # then an empty one is a missing one
        text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=least, max_length=MOST_LETTERS)]
        told = f"must be one value, of at most {MOST_LETTERS:,} characters"
        return Annotated[text, _OrAsInFiles(_there(_category, column), told)]
    if isinstance(column, FlagColumn):
        told = "must be true or false, yes or no, 1 or 0"
        return Annotated[bool, Field(strict=True), _OrAsInFiles(_there(_flag, column), told)]
    return Annotated[Any, PlainValidator(_there(_day(column), column)), _A_DAY]


def _there(read: Reader, column: AnyColumn) -> Reader:
    """The same, and where values may be missing, None for what a file says of one that is."""
    if column.required:
        return read
    words = column.kind != "category"
    return lambda value: None if is_missing(value, words=words) else read(value)
