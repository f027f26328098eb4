"""What a body can cost is bounded, however much of it is wrong."""

import json
import time
from typing import Any

import pytest

from app.api.contracts import MAX_FIELDS, SMALL_BODY, Contracts
from app.errors import InvalidInput
from tests.support.tasks import TASKS

PARSER = Contracts(TASKS.all).parser
REVIEW = {"task": "sentiment", "text": "good"}


def refused(body: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        PARSER.parse(json.dumps(body).encode())
    return caught.value


def test_of_many_wrong_instances_only_the_first_wrong_value_is_told() -> None:
    """Each error is an object of a kilobyte: 235,200 of them took 285 MB."""
    error = refused({"task": "digits", "instances": [{"pixels": [""] * 784}] * 300})

    assert ["instances.0.pixels.0"] == [e.field for e in error.errors]


@pytest.mark.parametrize("count", [MAX_FIELDS, SMALL_BODY])
@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("body", lambda many: {**REVIEW, **many}),
        ("instances.1", lambda many: {"task": "sentiment", "instances": [{"text": "good"}, {"text": "bad", **many}]}),
        ("features", lambda many: {"task": "housing", "features": many}),
    ],
)
def test_an_object_of_many_fields_is_refused_by_their_number(place: str, body: Any, count: int) -> None:
    started = time.process_time()
    error = refused(body({f"field{number}": 1 for number in range(count + 1)}))

    assert [place] == [e.field for e in error.errors]
    assert f"the limit is {MAX_FIELDS}" in error.message
    assert time.process_time() - started < 5


def test_a_large_good_body_is_parsed_as_a_small_one() -> None:
    texts = [f"good film number {number}" for number in range(5_000)]
    body = json.dumps({"task": "sentiment", "instances": [{"text": text} for text in texts]}).encode()

    assert len(body) > SMALL_BODY
    assert texts == [item.text for item in PARSER.parse(body).instances]
