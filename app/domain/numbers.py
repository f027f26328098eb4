"""Numbers as JSON has them."""

from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Integer:
    """Makes an `Annotated[int, Integer(1, 100)]` take what JSON Schema calls an integer: 1 and 1.0, not true nor "1".

    Pydantic's strict integers refuse 1.0, its others take true and "1". Whatever does not fit has one message. The
    common case, an integer, is tried first, and none of it calls Python.
    """

    def __init__(self, least: int, most: int | None = None) -> None:
        """The limits, which are allowed values themselves."""
        self._least = least
        self._most = most

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        whole = core_schema.union_schema(
            [
                core_schema.int_schema(strict=True),
                core_schema.chain_schema([core_schema.float_schema(strict=True), core_schema.int_schema()]),
            ],
            mode="left_to_right",
            custom_error_type="int_type",  # "Input should be a valid integer", once
        )
        return core_schema.chain_schema([whole, core_schema.int_schema(ge=self._least, le=self._most)])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core_schema.int_schema(ge=self._least, le=self._most))


class OneMessage:
    """Makes a union say once what it takes, instead of why each of its members was refused."""

    def __init__(self, message: str) -> None:
        self._message = message

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        union = handler(source)
        assert union["type"] == "union"
        return {**union, "custom_error_type": "none_of", "custom_error_message": self._message}
