"""A large body that is read in pieces is what it is when it is read at once."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_core import from_json

from app.api import pieces

TEXTS = ["fine", 'a "quoted" }, { one', "}, {", "\\", '\\"}, {\\"', "é ]}, {[", "", "x" * 300]


def row(chance: random.Random) -> dict[str, Any]:
    """An input with everything that may look like its end."""
    nested = [{"a": chance.random()}, {"b": [chance.choice(TEXTS)]}]
    return {"text": chance.choice(TEXTS), "features": {"x": chance.random()}, "more": nested}


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 120)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("loads", [from_json, json.loads])
@pytest.mark.parametrize("seed", range(20))
def test_any_inputs_are_read_as_at_once(seed: int, loads: Callable[[bytes], Any]) -> None:
    chance = random.Random(seed)
    given = {"task": "a", "instances": [row(chance) for _ in range(chance.randint(0, 40))], "top_k": 3}
    items = list(given.items())
    chance.shuffle(items)
    body = json.dumps(dict(items), indent=chance.choice([None, 1])).encode()

    assert given == pieces.read(body, loads)


@pytest.mark.usefixtures("small_pieces")
def test_it_is_read_in_pieces() -> None:
    sizes = []

    def loads(body: bytes) -> Any:
        sizes.append(len(body))
        return from_json(body)

    body = json.dumps({"task": "a", "instances": [{"text": "fine"}] * 500}).encode()

    assert 500 == len(pieces.read(body, loads)["instances"])
    assert max(sizes) < 300


ROWS = ", ".join(['{"text": "fine"}'] * 60)
STRANGE = [
    '{"instances": [%s], "instances": [1]}',
    '{"instances": [%s], "\\u0069nstances": [1]}',
    '{"task": "a", "instances": [%s], "task": "b"}',
    '{"note": {"instances": [%s]}, "task": "a"}',
    '[{"instances": [%s]}]',
    '{"note": "\\"instances\\": [", "instances": [%s]}',
    '{"instances": [%s, 5, [1], null]}',
    '{"instances": [%s], "more": [1]}',
]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("form", STRANGE)
def test_what_has_another_form_is_read_as_at_once(form: str) -> None:
    body = form.replace("%s", ROWS).encode()

    assert from_json(body) == pieces.read(body, from_json)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "form",
    ['{"instances": [%s]', '{"instances": [%s}', '{"instances": [%s]} 1', '{"instances": [%s,]}', '"instances": [%s]}'],
)
def test_what_is_no_json_is_not_read(form: str) -> None:
    with pytest.raises(ValueError, match=r"expected|EOF|trailing"):
        pieces.read(form.replace("%s", ROWS).encode(), from_json)
