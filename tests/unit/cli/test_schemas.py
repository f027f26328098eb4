"""Words of the command line as values of a table's columns."""

from typing import Any

import pytest

from app.cli.schemas import fields_of, types_of, value_of

SCHEMA: dict[str, Any] = {
    "properties": {"features": {"$ref": "#/$defs/Columns"}},
    "$defs": {
        "Columns": {
            "properties": {
                "size": {"type": "number"},
                "rooms": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "town": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "garden": {"type": "boolean"},
                "built": {"type": "string", "format": "date"},
            }
        }
    },
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("size", "1.5", 1.5), ("size", "-3", -3.0), ("rooms", "3", 3.0), ("rooms", "", None), ("town", "Ulm", "Ulm"),
        ("town", "12", "12"), ("town", "", None), ("garden", "true", True), ("garden", "No", False),
        ("built", "1970-01-01", "1970-01-01"), ("unknown", "7", 7.0),
    ],
)  # fmt: skip
def test_a_word_means_what_its_column_holds(name: str, text: str, value: Any) -> None:
    found = value_of(types_of(SCHEMA, fields_of(SCHEMA).get(name, {})), text)

    assert (value, type(value)) == (found, type(found))


@pytest.mark.parametrize(("name", "text"), [("size", ""), ("size", "big"), ("garden", "maybe"), ("garden", "")])
def test_a_word_of_another_type_is_none(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=text or "$"):
        value_of(types_of(SCHEMA, fields_of(SCHEMA)[name]), text)


def test_the_fields_of_other_inputs_are_their_own() -> None:
    assert {"text": {"type": "string"}} == fields_of({"properties": {"text": {"type": "string"}}})
