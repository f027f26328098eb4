"""Compares the client's forms with the service's `/openapi.json`, field by field; exit code 1 where they differ.

A form has every field that the service describes and no other, requires none that may be missing, takes each of its
types, and says None only where that can come, or where a service of before knows no such field. Where the service
describes one of several objects, the client has one form with the fields of all of them; then a field may be None that
only some of them have.
"""

import sys
import types
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from clients.python.scripts.form_tables import ANSWERS, KEYWORDS, LATER, UPLOADS
from pydantic import BaseModel

from app.main import create_app
from app.settings import Settings
from densely_client import forms
from densely_client.calls import Options
from densely_client.forms.predictions import form_of

Schema = dict[str, Any]

SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


class Description:
    """An OpenAPI description, with its references followed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def answer(self, call: str) -> Schema:
        """The schema of what a call answers if all is well."""
        return next(iter(self.answers(call).values()))

    def answers(self, call: str) -> dict[str, Schema]:
        """The schemas of all that it answers then, by their status."""
        method, path = call.split()
        told = self._document["paths"][path][method.lower()]["responses"]
        found = {status: each["content"] for status, each in told.items() if status[0] == "2" and "content" in each}
        return {status: content["application/json"]["schema"] for status, content in found.items()}

    def body(self, call: str) -> Schema:
        """The schema of what a call takes."""
        method, path = call.split()
        body: Any = self._document["paths"][path][method.lower()]["requestBody"]
        return body["content"]["application/json"]["schema"]  # type: ignore[no-any-return]

    def paths(self, end: str) -> list[str]:
        """All paths with this end."""
        return [path for path in self._document["paths"] if path.endswith(end)]

    def members(self, schema: Schema) -> list[Schema]:
        """What it may be: the schema itself, or each of several."""
        if "$ref" in schema:
            found: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return self.members(found)
        several = schema.get("anyOf") or schema.get("oneOf")
        return [member for each in several for member in self.members(each)] if several else [schema]


class Comparison:
    """What was found to differ."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self.differences: list[str] = []
        self.compared = 0  # fields

    def value(self, place: str, annotation: Any, schema: Schema) -> None:
        """A value of any type."""
        kinds = list(_members(annotation))
        if Any in kinds:
            return
        schemas = self._description.members(schema)
        objects = [each for each in schemas if _is_object(each)]
        form = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if form is not None and objects:
            self.form(place, form, objects)
        for each in schemas:
            if not (form is not None and _is_object(each)) and not any(self._fits(place, kind, each) for kind in kinds):
                self._tell(place, f"the service sends {each.get('type', each)}, the form has {annotation}")

    def form(
        self, place: str, form: type[BaseModel], schemas: list[Schema], ignored: frozenset[str] = frozenset()
    ) -> None:
        """An object, or one of several: all their fields are the form's."""
        described = {name for schema in schemas for name in schema.get("properties", {})} - ignored
        fields = {field.alias or name: field for name, field in form.model_fields.items()}
        for name in described ^ (set(fields) - ignored):
            self._tell(place, f"`{name}` is only {'in the description' if name in described else 'in the form'}")
        for name, field in fields.items():
            if name in described:
                later = (form, name) in LATER
                if later and field.is_required():
                    self._tell(f"{place}.{name}", "the form requires it, and a service of before does not send it")
                self._field(
                    f"{place}.{name}", name, field.annotation, schemas, required=field.is_required(), later=later
                )

    def keys(self, place: str, typed: type, schemas: list[Schema]) -> None:
        """The keywords of a call: the fields of the request, which takes what they may be."""
        keywords = get_type_hints(typed)
        for schema in schemas:
            properties = schema["properties"]
            for name in set(keywords) ^ set(properties):
                self._tell(
                    place, f"`{name}` is only {'in the description' if name in properties else 'in the keywords'}"
                )
            for name in set(keywords) & set(properties):
                self.compared += 1
                taken = self._members_of(schema, name)
                for kind in set(_members(keywords[name])) - {type(None)}:  # None is left out
                    if not any(_takes(kind, each) for each in taken):
                        self._tell(place, f"`{name}` may be {kind}, which the service does not take")

    def _field(
        self, place: str, name: str, annotation: Any, schemas: list[Schema], *, required: bool, later: bool
    ) -> None:
        self.compared += 1
        having = [schema for schema in schemas if name in schema["properties"]]
        always = len(having) == len(schemas) and all(_is_sent(schema, name) for schema in having)
        if required and not always:
            self._tell(place, "the form requires it, and the service may leave it out")
        for schema in having:
            self.value(place, annotation, schema["properties"][name])
        can_be_none = any(_is_null(each) for schema in having for each in self._members_of(schema, name))
        insists = all(name in schema.get("required", ()) for schema in having) and len(having) == len(schemas)
        if type(None) in _members(annotation) and insists and not can_be_none and not later:
            self._tell(place, "the form may have None, which the service never sends")

    def _members_of(self, schema: Schema, name: str) -> list[Schema]:
        return self._description.members(schema["properties"][name])

    def _fits(self, place: str, kind: Any, schema: Schema) -> bool:
        """Whether a value of this schema is one of this type; what is inside is compared too."""
        if kind is type(None) or _is_null(schema):
            return kind is type(None) and _is_null(schema)
        origin, arguments = get_origin(kind) or kind, get_args(kind)
        if origin is dict:
            return self._mapping(place, arguments[1], schema)
        if origin in (list, tuple):
            return self._sequence(place, arguments, schema)
        return _is_plain(kind, schema)

    def _mapping(self, place: str, value: Any, schema: Schema) -> bool:
        if not _is_object(schema):
            return False
        inside = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
        if isinstance(inside, dict):
            self.value(f"{place}.*", value, inside)
        return value is Any or isinstance(inside, dict)

    def _sequence(self, place: str, arguments: tuple[Any, ...], schema: Schema) -> bool:
        if schema.get("type") != "array":
            return False
        items = schema.get("prefixItems") or [schema.get("items", {})]
        for annotation, item in zip(arguments, items, strict=True):
            self.value(f"{place}[]", annotation, item)
        return True

    def _tell(self, place: str, what: str) -> None:
        self.differences.append(f"{place}: {what}")


def main() -> int:
    """The process's exit code."""
    with TemporaryDirectory() as home:
        document = create_app(Settings(home=Path(home))).api.openapi()
    comparison = compare(document)
    for difference in comparison.differences:
        sys.stderr.write(f"{difference}\n")
    sys.stdout.write(f"{comparison.compared} fields of the client compared with /openapi.json\n")
    return 1 if comparison.differences else 0


def compare(document: Mapping[str, Any]) -> Comparison:
    """All forms and keywords with a description."""
    description = Description(document)
    comparison = Comparison(description)
    for call, form in ANSWERS.items():
        comparison.value(f"{call}", form, description.answer(call))
    for way, form in (("encode", forms.Encoded), ("decode", forms.Decoded)):
        for path in description.paths(f"/{way}"):
            comparison.value(f"POST {path}", form, description.answer(f"POST {path}"))
    _predictions(description, comparison)
    _uploads(description, comparison)
    for call, (typed, named) in KEYWORDS.items():
        comparison.keys(call, typed, [_without(each, named) for each in description.members(description.body(call))])
    return comparison


def _uploads(description: Description, comparison: Comparison) -> None:
    """Calls that answer 201 with what was made, and with `dry_run` 200 with what would be."""
    for call, form in UPLOADS.items():
        answers = description.answers(call)
        comparison.value(f"{call} 200", forms.Look, answers["200"])
        made = description.members(answers["201"])  # of a task also the answer without a file, which has no dataset
        comparison.form(f"{call} 201", form, [each for each in made if {"dataset", "findings"} & {*each["properties"]}])


def _predictions(description: Description, comparison: Comparison) -> None:
    """The answers of `/predict` by their fields; `model` is beside them. Only own tasks answer with several labels."""
    found: dict[type[BaseModel], list[Schema]] = defaultdict(list)
    for answer in description.members(description.answer("POST /predict")):
        if "prediction" in answer["properties"]:
            comparison.value("POST /predict model", forms.ModelRef, answer["properties"]["model"])
            for each in description.members(answer["properties"]["prediction"]):
                found[form_of(each["properties"])].append(each)
    # A number of a text would have `known_words` too: the field is that of all predictions.
    shared = frozenset({"model", "known_words"})
    comparison.form("number", forms.NumberPrediction, found[forms.NumberPrediction], shared)
    comparison.form("label", forms.LabelPrediction, found[forms.LabelPrediction], frozenset({"model"}))
    bodies = description.members(description.body("POST /predict"))
    batches = [_without(each, {"task", "instances"}) for each in bodies if "instances" in each["properties"]]
    comparison.keys("POST /predict", Options, batches)


def _without(schema: Schema, names: set[str]) -> Schema:
    return {**schema, "properties": {name: each for name, each in schema["properties"].items() if name not in names}}


def _members(annotation: Any) -> Iterator[Any]:
    """A type, or each of a union."""
    if get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _members(each)
    else:
        yield annotation


def _takes(kind: Any, schema: Schema) -> bool:
    """Whether a field of a request takes a keyword of this type: what is not plain is a mapping, or a form."""
    plain = kind in SCALARS or get_origin(kind) is Literal
    return _is_plain(kind, schema) if plain else _is_object(schema)


def _is_plain(kind: Any, schema: Schema) -> bool:
    """Whether it is a plain value of this type."""
    if get_origin(kind) is Literal:
        return set(get_args(kind)) == set(schema.get("enum", [schema.get("const")]))
    if kind is datetime:
        return bool(schema.get("format") == "date-time")
    return kind in SCALARS and _scalar(schema) == SCALARS[kind]


def _is_object(schema: Schema) -> bool:
    return schema.get("type") == "object"


def _is_null(schema: Schema) -> bool:
    return schema.get("type") == "null"


def _is_sent(schema: Schema, name: str) -> bool:
    """Whether it is there in every answer: defaults are sent too."""
    return name in schema.get("required", ()) or "default" in schema["properties"][name]


def _scalar(schema: Schema) -> str | None:
    """The type of a plain value; one of several has that of the first."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return schema.get("type") or (SCALARS.get(type(values[0])) if values else None)


if __name__ == "__main__":
    sys.exit(main())
