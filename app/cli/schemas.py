"""What an input's fields hold, by the task's JSON Schema."""

from typing import Any

Schema = dict[str, Any]
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def fields_of(schema: Schema) -> dict[str, Schema]:
    """The fields of an input by name; of a table its columns."""
    fields: dict[str, Schema] = schema.get("properties", {})
    if "features" in fields:
        fields = _followed(schema, fields["features"]).get("properties", fields)
    return fields


def types_of(schema: Schema, field: Schema) -> list[str]:
    """Names of the types that a value may have; of a text that has a format, that one."""
    if several := field.get("anyOf"):
        return [name for each in several for name in types_of(schema, each)]
    found = _followed(schema, field)
    name = found.get("format") or found.get("type")
    return [str(name)] if name else []


def value_of(types: list[str], text: str) -> Any:
    """What a word of the command line means in a column of these types; nothing is null, where that is allowed.

    Raises:
        ValueError: it has none of these types.
    """
    if not text and "null" in types:
        return None
    if "boolean" in types:
        if text.lower() not in TRUTHS:
            raise ValueError(text)
        return TRUTHS[text.lower()]
    return text if {"string", "date"} & set(types) else float(text)


def _followed(schema: Schema, part: Schema) -> Schema:
    name = str(part.get("$ref", "")).rpartition("/")[2]
    found: Schema = schema.get("$defs", {}).get(name, part)
    return found
