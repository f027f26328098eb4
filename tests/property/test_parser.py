"""Whatever is sent to `/predict` is either a valid form or one of our errors."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.api.contracts import Contracts
from app.errors import InvalidInput
from tests.support.strategies import json_values, predict_bodies
from tests.support.tasks import TASKS

EVERY = TASKS.all
PARSER = Contracts(EVERY).parser
EXAMPLES = {name: task.example for name, task in EVERY.items()}
FORMS = {f"{name.capitalize()}{kind}" for name in EVERY for kind in ("Request", "BatchRequest")}


def parsed(body: bytes) -> BaseModel | None:
    """The form, or None where the body is refused in good order; every other error fails the test."""
    try:
        form = PARSER.parse(body)
    except InvalidInput:  # MalformedBody is one too
        return None
    assert isinstance(form, BaseModel)
    assert type(form).__name__ in FORMS
    return form


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    parsed(body)


@given(json_values)
@settings(max_examples=300, deadline=None)
def test_any_json_is_answered(value: Any) -> None:
    parsed(json.dumps(value).encode())


@given(predict_bodies(EXAMPLES))
@settings(max_examples=200, deadline=None)
def test_anything_like_a_request_is_answered(body: dict[str, Any]) -> None:
    """A form that comes out holds what went in."""
    form = parsed(json.dumps(body).encode())

    if form is not None:
        sent = {name: value for name, value in body.items() if name in type(form).model_fields}
        assert set(body) == set(sent)
        assert body["task"] == form.model_dump()["task"]


@given(predict_bodies(EXAMPLES), st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_request_is_answered(body: dict[str, Any], data: st.DataObject) -> None:
    """One byte is replaced, or the rest is missing."""
    whole = json.dumps(body).encode()
    place = data.draw(st.integers(0, len(whole) - 1))

    parsed(whole[:place])
    parsed(whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :])


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=50), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_text_with_something_in_it_arrives_unchanged(text: str, escaped: bool) -> None:
    body = json.dumps({"task": "sentiment", "text": text}, ensure_ascii=escaped).encode()
    form = parsed(body)

    # Unlike Unicode, Python counts four separators among control characters as white space.
    assert (form is None) == all(c.isspace() and c not in "\x1c\x1d\x1e\x1f" for c in text)
    if form is not None:
        assert text == form.model_dump()["text"]
