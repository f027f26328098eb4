"""What is told of a new task's first training: its mistakes, and the `curl` to ask it."""

import json
import re
import shlex
from typing import Any

import pytest

from app.cli import outcome
from app.cli.predict import tell
from densely_client.forms import LabelPrediction, Task
from tests.support import found


def task(**fields: Any) -> Task:
    return Task.model_validate({**found.TASK, **fields})


@pytest.mark.parametrize("message", ["It's late", 'say "no"', "line\nbreak", "$HOME `ls` \\ !", "naïve → \u200b", "%s"])
def test_the_curl_is_what_a_shell_hands_on(message: str) -> None:
    words = shlex.split(outcome.curl(task(examples=[], example={"message": message}), "http://h:1", with_key=False))

    assert ["curl", "-s", "http://h:1/predict", "-H", "Content-Type: application/json", "-d"] == words[:-1]
    assert {"task": "tickets", "message": message} == json.loads(words[-1])
    assert words[-1].isprintable()


def test_a_key_is_named_and_not_shown() -> None:
    assert '-H "Authorization: Bearer $DENSELY_API_KEY"' in outcome.curl(task(), "http://h:1", with_key=True)


def test_an_example_that_is_short_is_preferred() -> None:
    examples = [{"title": str(size), "input": {"message": "x" * size}} for size in (2_000, 900, 300, 20)]

    assert "x" * 300 in outcome.curl(task(examples=examples), "", with_key=False)
    assert "x" * 301 not in outcome.curl(task(examples=examples), "", with_key=False)
    assert "x" * 901 not in outcome.curl(task(examples=examples[:2]), "", with_key=False)


def test_a_picture_comes_from_a_file() -> None:
    told = outcome.curl(task(kind="image", name="shapes"), "http://h:1", with_key=False)

    assert told.startswith("""printf '{"task": "shapes", "image": "%s"}' "$(base64 -w 0 picture.png)" | curl -s""")


def row(target: Any, predicted: Any, number: int = 0) -> dict[str, Any]:
    return {"row": number, "target": target, "predicted": predicted}


def test_the_labels_that_are_confused_most_often_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row("a", "b")] * 3 + [row("b", "a")] + [row("a", "a")] * 7
    outcome.mistakes(rows, "one_of", {})
    outcome.mistakes(rows[4:], "one_of", {})

    told = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert [["a", "b", "3", "of", "10"], ["b", "a", "1", "of", "1"]] == told[1:3]
    assert "no test row was mistaken".split() == told[3]


def test_of_several_labels_it_is_told_which_are_missed_and_which_are_given_wrongly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome.mistakes([row(["a", "b"], ["a"]), row(["b"], ["a"]), row([], None)], "several_of", {})

    told = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert [["b", "2", "of", "2", "0"], ["a", "0", "of", "1", "1"]] == told[1:]


def test_of_numbers_the_rows_that_are_farthest_off(capsys: pytest.CaptureFixture[str]) -> None:
    outcome.mistakes([row(1.0, 1.5, 0), row(10.0, 2.0, 1), row(3.0, None, 2)], "number", {})

    told = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert [["1", "10", "2"], ["0", "1", "1.5"]] == told[1:]


def test_labels_are_shown_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"a": "Billing", "b": "Shipping"}
    outcome.mistakes([row("a", "b"), row("a", "a")], "one_of", names)
    outcome.mistakes([row(["a"], ["b"])], "several_of", names)
    answer: Any = {
        "model": {"id": "m-1", "version": 1},
        "label": "a",
        "probability": 0.9,
        "top": [{"label": "a", "probability": 0.9}],
        "warnings": [],
    }
    tell(LabelPrediction.model_validate(answer), names)
    told = capsys.readouterr().out

    assert ["Billing", "Shipping"] == re.findall("Billing|Shipping", told.split("\n\n")[0] or told)[:2]
    assert "Billing  0.900" in told
