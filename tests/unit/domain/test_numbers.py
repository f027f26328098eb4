"""What JSON Schema counts as an integer is one, and nothing else is; every whole number that a client sends is such."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from app.api.contracts import contract_of
from app.domain.numbers import Integer, OneMessage
from app.kinds.base import Task
from app.wire.models import ActivateRequest
from app.wire.predictions import ModelChoice
from app.wire.runs import TrainRequest
from tests.support.tasks import TASKS

NUMBER: TypeAdapter[int] = TypeAdapter(Annotated[int, Integer(1, 100), Field(description="a number")])
GOOD = [("1", 1), ("1.0", 1), ("100", 100), ("1e2", 100), ("10.000", 10)]
BAD = ["1.5", "true", '"1"', "null", "1e300", "NaN", "Infinity", "[1]", "{}"]
BEYOND = [("0", 1), ("-1", 1), ("-0.0", 1), ("101", 100), ("101.0", 100), (str(10**40), 100)]


@pytest.mark.parametrize(("sent", "expected"), GOOD)
def test_an_integer_of_json_schema_is_taken(sent: str, expected: int) -> None:
    found = NUMBER.validate_json(sent)

    assert expected == found
    assert type(found) is int
    assert str(expected).encode() == NUMBER.dump_json(found)


@pytest.mark.parametrize("sent", BAD)
def test_what_is_no_whole_number_is_refused_with_one_message(sent: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NUMBER.validate_json(sent)

    assert ["Input should be a valid integer"] == [error["msg"] for error in caught.value.errors()]


@pytest.mark.parametrize(("sent", "limit"), BEYOND)
def test_a_whole_number_beyond_a_limit_is_told_that_limit(sent: str, limit: int) -> None:
    with pytest.raises(ValidationError) as caught:
        NUMBER.validate_json(sent)

    (error,) = caught.value.errors()
    assert error["msg"].endswith(f"than or equal to {limit}")


def test_the_schema_is_that_of_an_integer() -> None:
    expected = {"type": "integer", "minimum": 1, "maximum": 100, "description": "a number"}

    assert expected == NUMBER.json_schema()
    assert expected == NUMBER.json_schema(mode="serialization")


def test_a_union_with_one_message_says_it_once_at_its_own_place() -> None:
    class Form(BaseModel):
        value: Annotated[Annotated[int, Integer(1, 2)] | Annotated[str, Field(max_length=1)], OneMessage("1, 2, a")]

    assert 1 == Form.model_validate_json('{"value": 1.0}').value
    with pytest.raises(ValidationError) as caught:
        Form.model_validate_json('{"value": 3}')
    assert [(("value",), "1, 2, a")] == [(error["loc"], error["msg"]) for error in caught.value.errors()]


@pytest.mark.parametrize(("sent", "expected"), [("1", 1), ("1.0", 1), ('"active"', "active"), ('"m-1"', "m-1")])
def test_a_models_version_may_be_written_with_a_point(sent: str, expected: Any) -> None:
    assert expected == ModelChoice.model_validate_json(f'{{"model": {sent}}}').model


@pytest.mark.parametrize("sent", ["1.5", "true", "0", "null", '"M"', '""', "[1]"])
def test_a_wrong_model_has_one_message(sent: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModelChoice.model_validate_json(f'{{"model": {sent}}}')

    (error,) = caught.value.errors()
    assert ("model",) == error["loc"]
    assert "`active`, a version number from 1 to 2147483647, or a model id" in error["msg"]


def forms(task: Task) -> list[type[BaseModel]]:
    contract = contract_of(task)
    return [contract.single, contract.batch, task.Codes]


def integers(schema: Any) -> Iterator[dict[str, Any]]:
    """The schemas of whole numbers in one of Pydantic's that are not made by `Integer`."""
    if isinstance(schema, dict):
        if schema.get("custom_error_type") == "int_type":
            return
        if schema.get("type") == "int":
            yield schema
        if schema.get("type") == "chain" and not list(integers(schema["steps"][0])):
            return  # the limits come after it
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from integers(part)


@pytest.mark.parametrize(
    "form",
    [TrainRequest, ActivateRequest, *(form for task in TASKS.all.values() for form in forms(task))],
    ids=lambda form: form.__name__,
)
def test_every_whole_number_in_a_body_is_one_of_these(form: type[BaseModel]) -> None:
    assert [] == list(integers(form.__pydantic_core_schema__))
