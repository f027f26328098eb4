"""Bodies of JSON: what they hold is counted before they are parsed, and texts do not count."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.api.bodies import MOST_CONTAINERS, MOST_VALUES, _count, _outside_of_texts, parsed
from app.errors import TooLarge

VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec="utf-8") | st.sampled_from('[]{}",\\')),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.sampled_from('[{"\\a'), max_size=4), inner),
    max_leaves=20,
)


class Form(BaseModel):
    """Anything."""

    text: Any


def containers(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + sum(map(containers, value.values() if isinstance(value, dict) else value))
    return 0


@given(VALUES, st.booleans())
def test_what_is_outside_of_texts_has_as_many_lists_and_objects_as_the_value(value: Any, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert containers(value) == _count(_outside_of_texts(body), b"[{")


def test_texts_of_brackets_are_texts() -> None:
    text = '["\\' * MOST_CONTAINERS

    assert text == parsed(json.dumps({"text": text}).encode(), Form).text


def test_more_lists_and_objects_than_anybody_needs_are_refused_before_they_are_made() -> None:
    most: dict[str, Any] = {"text": [[]] * (MOST_CONTAINERS - 2)}
    assert most["text"] == parsed(json.dumps(most).encode(), Form).text

    with pytest.raises(TooLarge, match="more than 20,000 lists and objects") as caught:
        parsed(b'{"text": [' + b"[]," * (MOST_CONTAINERS - 1) + b"[]]}", Form)
    assert ["body"] == [each.field for each in caught.value.errors]
    assert MOST_VALUES < MOST_CONTAINERS
