"""Bytes of `/predict` to a validated form, or to an error that names the field."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from app.api.contracts import MAX_INSTANCES, Contracts, RequestParser, contract_of
from app.errors import InvalidInput, MalformedBody
from app.kinds.base import Task
from tests.support.tasks import TASKS

EVERY = TASKS.all
every_task = pytest.mark.parametrize("task", [pytest.param(task, id=name) for name, task in EVERY.items()])

SINGLE = b'{"task": "sentiment", "text": "a film"%s}'
ROW = "[" + "0," * 783 + "%s]"  # 784 pixels, the last one to be filled in


@pytest.fixture(scope="module")
def parser() -> RequestParser:
    return Contracts(EVERY).parser


def refusal(parser: RequestParser, body: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parser.parse(body)
    return caught.value


def fields(parser: RequestParser, body: bytes) -> list[str]:
    return [error.field for error in refusal(parser, body).errors]


def pixels(last: str) -> bytes:
    return f'{{"task": "digits", "pixels": {ROW % last}}}'.encode()


@every_task
def test_the_example_is_a_single_form(parser: RequestParser, task: Task) -> None:
    form = parser.parse(json.dumps({"task": task.name, **task.example}).encode())

    assert f"{task.name.capitalize()}Request" == type(form).__name__
    assert (task.name, "active", 5) == (form.task, form.model, form.top_k)
    assert task.example == form.model_dump(include=set(task.example))


@every_task
def test_many_examples_are_a_batch_form(parser: RequestParser, task: Task) -> None:
    form = parser.parse(json.dumps({"task": task.name, "instances": [task.example] * 3, "top_k": 2}).encode())

    assert f"{task.name.capitalize()}BatchRequest" == type(form).__name__
    assert [task.Input.model_validate(task.example)] * 3 == form.instances
    assert 2 == form.top_k


@every_task
def test_answers_have_the_documented_form(task: Task) -> None:
    contract = contract_of(task)

    assert {"task", "model", "prediction"} == set(contract.single_response.model_fields)
    assert {"task", "model", "predictions"} == set(contract.batch_response.model_fields)


def test_a_parser_of_one_task_works_too() -> None:
    """A union of one is no union."""
    parser = Contracts({"sentiment": EVERY["sentiment"]}).parser

    assert "a film" == parser.parse(SINGLE % b"").text
    assert ["task"] == fields(parser, b'{"task": "digits", "pixels": []}')


@pytest.mark.parametrize(
    "text", ["instances", '"instances"', '"instances":', '{"instances": [{"text": "x"}]}', "\\", '\\"instances\\"']
)
def test_the_word_instances_in_a_text_is_only_a_word(parser: RequestParser, text: str) -> None:
    form = parser.parse(json.dumps({"task": "sentiment", "text": text}).encode())

    assert text == form.text


def test_the_word_instances_as_a_whole_text_is_only_a_word(parser: RequestParser) -> None:
    """The bytes hold `"instances"`, quotes included."""
    body = b'{"task":"newswire","text":"instances","title":"instances"}'

    assert "NewswireRequest" == type(parser.parse(body)).__name__


def test_the_word_instances_in_a_batch_is_only_a_word(parser: RequestParser) -> None:
    form = parser.parse(b'{"task":"sentiment","instances":[{"text":"instances"}]}')

    assert ["instances"] == [instance.text for instance in form.instances]


def test_an_escaped_key_is_the_same_key(parser: RequestParser) -> None:
    form = parser.parse(b'{"task":"sentiment","\\u0069nstances":[{"text":"a film"}]}')

    assert "SentimentBatchRequest" == type(form).__name__


def test_single_and_batch_do_not_mix(parser: RequestParser) -> None:
    body = b'{"task":"sentiment","instances":[{"text":"a"}],"text":"b"}'

    found = refusal(parser, body)

    assert ["text"] == [error.field for error in found.errors]
    assert "text: belongs into each of `instances`, not beside them" == found.message


@pytest.mark.parametrize(
    ("instance", "told"),
    [
        ('"b"', "instances.0: must be an object with the input's fields (text, title), not a string"),
        ('["b"]', "instances.0: must be an object with the input's fields (text, title), not a list"),
        ("null", "instances.0: must be an object with the input's fields (text, title), not null"),
        ("1.5", "instances.0: must be an object with the input's fields (text, title), not 1.5"),
        ("true", "instances.0: must be an object with the input's fields (text, title), not true"),
        ('{"text": "a", "top_k": 2}', "instances.0.top_k: belongs beside `instances`, once for all of them"),
        ('{"text": "a", "task": "newswire"}', "instances.0.task: belongs beside `instances`, once for all of them"),
        ('{"text": "a", "mood": 2}', "instances.0.mood: there is no such field"),
    ],
)
def test_an_instance_is_an_object_of_an_inputs_fields(parser: RequestParser, instance: str, told: str) -> None:
    assert told == refusal(parser, b'{"task": "newswire", "instances": [%s]}' % instance.encode()).message


def test_a_blank_text_is_refused_in_words(parser: RequestParser) -> None:
    told = "must hold a character that is not a space"

    assert f"text: {told}" == refusal(parser, b'{"task": "sentiment", "text": " \\t"}').message
    blank = b'{"task": "sentiment", "instances": [{"text": "a"}, {"text": " "}]}'
    assert f"instances.1.text: {told}" == refusal(parser, blank).message


def test_no_class_of_ours_is_named(parser: RequestParser) -> None:
    assert "features: must be a JSON object" == refusal(parser, b'{"task": "housing", "features": [1]}').message


@pytest.mark.parametrize(
    ("instances", "field"),
    [
        ([], "instances"),
        (None, "instances"),
        ({}, "instances"),
        ([{"text": "a"}, {}], "instances.1.text"),
        ([{"text": "a"}, "b"], "instances.1"),
        ([{"text": "a"}, {"text": ""}], "instances.1.text"),
        ([{"text": "a", "top_k": 3}], "instances.0.top_k"),
        ([{"text": "a"}] * (MAX_INSTANCES + 1), "instances"),
    ],
)
def test_instances_have_limits(parser: RequestParser, instances: Any, field: str) -> None:
    assert [field] == fields(parser, json.dumps({"task": "sentiment", "instances": instances}).encode())


def test_the_largest_batch_is_accepted(parser: RequestParser) -> None:
    body = json.dumps({"task": "sentiment", "instances": [{"text": "a"}] * MAX_INSTANCES}).encode()

    assert MAX_INSTANCES == len(parser.parse(body).instances)


@pytest.mark.parametrize("task", [b'"telepathy"', b"null", b"3", b'["sentiment"]', b'{"a": 1}', b'"Sentiment"', b'""'])
def test_an_unknown_task_is_answered_with_the_known_ones(parser: RequestParser, task: bytes) -> None:
    found = refusal(parser, b'{"text": "a", "task": %s}' % task)

    assert ["task"] == [error.field for error in found.errors]
    assert f"must be one of: {', '.join(EVERY)}" == found.errors[0].message
    assert f"task: {found.errors[0].message}" == found.message


def test_a_missing_task_is_said_to_be_needed(parser: RequestParser) -> None:
    found = refusal(parser, b'{"text": "a"}')

    assert ["task"] == [error.field for error in found.errors]
    assert f"task: is needed, one of: {', '.join(EVERY)}" == found.message


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"text"', b"true", b"NaN", b"1e999"])
def test_a_body_that_is_no_object_is_refused(parser: RequestParser, body: bytes) -> None:
    assert ["body"] == fields(parser, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"task": "sentiment", "text": "a"',
        b'{"task": "sentiment", "text": "a"} {}',
        b"{'task': 'sentiment'}",
        b"task=sentiment&text=a",
        b"\xff\xfe\xfd",
        b"\x80",
        b'{"task": "sentiment", "text": "\xff"}',
        b'{"task": "sentiment", "text": "\x1f"}',
        b'{"task": "sentiment", "text": "\\x"}',
        b"\x00" * 10,
    ],
)
def test_what_is_not_json_is_malformed(parser: RequestParser, body: bytes) -> None:
    found = refusal(parser, body)

    assert MalformedBody is type(found)
    assert found.message.startswith("the body is not JSON: ")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_what_is_no_finite_number_is_refused_by_field(parser: RequestParser, value: str) -> None:
    assert ["pixels.783"] == fields(parser, pixels(value))
    features = {**EVERY["housing"].example["features"], "NOX": "?"}
    body = json.dumps({"task": "housing", "features": features}).replace('"?"', value).encode()
    assert ["features.NOX"] == fields(parser, body)


@pytest.mark.parametrize("value", ['"0"', "true", "null", "[]", "{}"])
def test_only_a_number_is_a_number(parser: RequestParser, value: str) -> None:
    assert ["pixels.783"] == fields(parser, pixels(value))


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        (b', "top_k": 0', "top_k"),
        (b', "top_k": %s' % (b"9" * 400), "top_k"),
        (b', "top_k": 1.5', "top_k"),
        (b', "model": %s' % (b"9" * 400), "model"),
        (b', "model": 0', "model"),
        (b', "model": true', "model"),
        (b', "model": "../../etc/passwd"', "model"),
        (b', "model": "%s"' % (b"m" * 65), "model"),
        (b', "explain_": true', "explain_"),
    ],
)
def test_options_have_limits(parser: RequestParser, extra: bytes, field: str) -> None:
    assert {field} == set(fields(parser, SINGLE % extra))


@pytest.mark.parametrize(("extra", "model"), [(b"", "active"), (b', "model": 7', 7), (b', "model": "m-1a"', "m-1a")])
def test_a_model_is_named_by_number_or_id(parser: RequestParser, extra: bytes, model: int | str) -> None:
    assert model == parser.parse(SINGLE % extra).model


def test_numbers_that_no_computer_needs_are_malformed(parser: RequestParser) -> None:
    """Python itself refuses to read integers beyond 4,300 digits: they take quadratic time."""
    assert MalformedBody is type(refusal(parser, SINGLE % (b', "top_k": ' + b"9" * 5000)))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (rb'{"task": "sentiment", "text": "\ud800"}', "text"),
        (rb'{"task": "sentiment", "text": "good \udfff film"}', "text"),
        (rb'{"task": "newswire", "text": "a", "title": "\ud800"}', "title"),
        (rb'{"task": "sentiment", "instances": [{"text": "a"}, {"text": "\ud800"}]}', "instances.1.text"),
        (rb'{"task": "\ud800", "text": "a"}', "task"),
        (rb'{"task": "sentiment", "text": "a", "\ud800": 1}', "body"),
    ],
)
def test_lone_surrogates_are_refused_by_field(parser: RequestParser, body: bytes, field: str) -> None:
    """They are no text: neither the log nor the answer could carry them."""
    assert [field] == fields(parser, body)


def test_pairs_of_surrogates_are_text(parser: RequestParser) -> None:
    assert "🙂" == parser.parse(rb'{"task": "sentiment", "text": "\ud83d\ude42"}').text


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_deep_nesting_is_malformed(parser: RequestParser, body: bytes) -> None:
    assert MalformedBody is type(refusal(parser, body))


@pytest.mark.parametrize("depth", [150, 250, 500])
def test_less_deep_nesting_is_refused_by_field(parser: RequestParser, depth: int) -> None:
    body = b'{"task": "sentiment", "text": %s%s}' % (b"[" * depth, b"]" * depth)

    assert ["text"] == fields(parser, body)


def test_the_message_names_the_first_fields(parser: RequestParser) -> None:
    found = refusal(parser, b'{"task": "sentiment", "colour": 1, "top_k": 0}')

    assert {"text", "colour", "top_k"} == {error.field for error in found.errors}
    assert all(f"{error.field}: {error.message}" in found.message for error in found.errors)


@every_task
def test_request_forms_are_documented(task: Task) -> None:
    """Their JSON Schema is what `/docs` shows."""
    contract = contract_of(task)
    forms: list[type[BaseModel]] = [contract.single, contract.batch, contract.single_response, contract.batch_response]

    for form in forms:
        schema = form.model_json_schema()
        assert task.name == schema["properties"]["task"]["const"]
