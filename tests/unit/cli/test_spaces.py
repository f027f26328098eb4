"""What `--vary` and `--space` say, and how mistakes in them are told."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.spaces import space_of


def axis(given: str) -> dict[str, Any]:
    """What `--vary a=given` makes of the field."""
    found: dict[str, Any] = space_of(None, [f"a={given}"])["a"]
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("16,32,64", {"kind": "choice", "values": [16, 32, 64]}),
        ("relu, tanh", {"kind": "choice", "values": ["relu", "tanh"]}),
        ("true,null,1.5", {"kind": "choice", "values": [True, None, 1.5]}),
        ("NaN", {"kind": "choice", "values": ["NaN"]}),
        ("0.1..0.6", {"kind": "range", "low": 0.1, "high": 0.6}),
        ("5..20:5", {"kind": "range", "low": 5, "high": 20, "step": 5.0}),
        ("-1..1/3", {"kind": "range", "low": -1, "high": 1, "points": 3}),
        ("log:1e-4..1e-1", {"kind": "log_range", "low": 1e-4, "high": 0.1}),
        ("log:.001..1/4", {"kind": "log_range", "low": 0.001, "high": 1, "points": 4}),
        ('[null, {"kind": "dropout"}]', {"kind": "choice", "values": [None, {"kind": "dropout"}]}),
        ('{"kind": "range", "low": 1, "high": 2}', {"kind": "range", "low": 1, "high": 2}),
    ],
)
def test_a_field_may_be_told_in_few_letters(given: str, expected: dict[str, Any]) -> None:
    found = axis(given)

    assert expected == found
    assert json.dumps(expected) == json.dumps(found)  # 1 is no 1.0, and true no 1


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("optimizer.learning_rate", "must be PATH="),
        ("=1,2", "must be PATH="),
        ("a=", "must be PATH="),
        ("a=1,,2", "a value is empty"),
        ("a=1..x", "'1..x' is no range"),
        ("a=log:1,2", "'log:1,2' is no range"),
        ("a=3..2", "3 must be at most 2"),
        ("a=0..1e999", "both finite numbers"),
        ("a=log:0..1", "LOW must be more than 0"),
        ("a=log:1..2:1", "has no step"),
        ('a={"kind": "normal"}', "its kind must be one of choice, log_range, range"),
        ("a={", "is not JSON"),
        ("a=[1,", "is not JSON"),
    ],
)
def test_a_mistake_names_its_option(option: str, told: str) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        space_of(None, [option])

    assert f"--vary {option}" in caught.value.message
    assert told in caught.value.message


def test_a_file_has_a_space_and_options_come_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "space.json"
    file.write_text('{"a": {"kind": "choice", "values": [1]}, "b": {"kind": "choice", "values": [2]}}')

    assert {"a": [5], "b": [2]} == {path: each["values"] for path, each in space_of(file, ["a=5"]).items()}
    file.write_text('{"task": "t", "space": {"a": {"kind": "choice", "values": [1]}}}')
    assert ["a"] == list(space_of(file, []))


@pytest.mark.parametrize("content", ["[1]", "{", "[" * 100_000])
def test_a_file_that_is_no_space_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "space.json"
    file.write_text(content)
    with pytest.raises(typer.BadParameter, match=r"--space .*space\.json"):
        space_of(file, [])
