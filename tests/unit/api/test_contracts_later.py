"""Contracts of tasks that come later: made when they are asked for, told apart by the name in the body."""

import json
from typing import Any

import pytest

from app.api.contracts import Contracts
from app.errors import InvalidInput
from tests.support import sixth
from tests.support.tasks import TASKS

INPUT = {"features": sixth.EXAMPLE}


@pytest.fixture
def contracts() -> Contracts:
    """Of the five, and of three more that came later."""
    made = Contracts(TASKS.all)
    made.follow({**TASKS.all, **{name: sixth.task(name=name) for name in ("one", "two", "a-three")}})
    return made


@pytest.mark.parametrize("name", ["one", "two", "a-three", "planar"])
@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda body: json.dumps(body, separators=(",", ":")),
        lambda body: json.dumps(body, indent=3),
        lambda body: json.dumps(dict(reversed(body.items()))),
    ],
)
def test_the_task_is_found_however_the_body_is_written(contracts: Contracts, name: str, write: Any) -> None:
    body = {"task": name, **(TASKS.get("planar").example if name == "planar" else INPUT)}

    assert name == contracts.parser.parse(write(body).encode()).task
    batch = {"task": name, "instances": [{key: value for key, value in body.items() if key != "task"}]}
    assert 1 == len(contracts.parser.parse(write(batch).encode()).instances)


def test_it_is_made_when_it_is_asked_for(contracts: Contracts) -> None:
    body = json.dumps({"task": "one", **INPUT}).encode()
    assert contracts.parser.takes_long(body)
    contracts.parser.parse(body)

    assert not contracts.parser.takes_long(body)
    assert not contracts.is_made("two")
    assert contracts["one"] is contracts["one"]


def test_what_only_looks_like_a_name_is_none(contracts: Contracts) -> None:
    """The name of another task within a text, or one that there is not."""
    text = 'he said "task": "one" and left'
    assert "sentiment" == contracts.parser.parse(json.dumps({"task": "sentiment", "text": text}).encode()).task
    with pytest.raises(InvalidInput) as caught:
        contracts.parser.parse(json.dumps({"task": "four", **INPUT}).encode())
    assert "task" == caught.value.errors[0].field
    with pytest.raises(InvalidInput):
        contracts.parser.parse(json.dumps({"features": {"task": "one"}, "task": "two"}).encode())


def test_what_is_as_it_was_stays_and_what_has_gone_is_gone(contracts: Contracts) -> None:
    one, two = contracts["one"], contracts["two"]

    contracts.follow({**TASKS.all, "one": one.task, "two": sixth.task(name="two", title="Another")})

    assert contracts["one"] is one
    assert contracts["two"] is not two
    assert contracts.get("a-three") is None
    assert all(contracts[each.task.name] is each for each in contracts.first)


def test_of_very_many_tasks_a_message_names_the_first() -> None:
    contracts = Contracts({"planar": TASKS.get("planar")})
    contracts.follow({"planar": TASKS.get("planar"), **{f"t{number}": TASKS.get("planar") for number in range(500)}})

    with pytest.raises(InvalidInput, match="and 481 more"):
        contracts.parser.parse(b'{"task": "none"}')


def test_a_task_that_goes_while_its_body_is_read_is_one_of_no_more(
    contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed between the look at its name and the one at its form."""
    parser = contracts.parser
    find = parser._other

    def gone(body: bytes) -> str | None:
        name = find(body)
        contracts.follow({task: each for task, each in contracts._tasks.items() if task != "one"})
        return name

    monkeypatch.setattr(parser, "_other", gone)
    with pytest.raises(InvalidInput, match="must be one of"):
        parser.parse(json.dumps({"task": "one", **INPUT}).encode())
