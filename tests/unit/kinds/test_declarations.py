"""A declaration is refused where its parts do not fit together, or what it will meet."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.errors import Unusable
from app.tasks import catalog
from app.tasks.catalog import task_of
from app.wire.declarations import Declaration
from tests.support import sixth
from tests.support.tasks import TASKS

TEXT = {"kind": "text", "columns": [{"name": "text", "title": "Text"}]}

BASELINE = sixth.DECLARATION["presets"]["baseline"]
GUESSES_A_NUMBER = {**BASELINE, "recipe": {**BASELINE["recipe"], "head": "regression", "loss": "mse"}}


def declared(**changes: Any) -> Declaration:
    return Declaration.model_validate({**sixth.DECLARATION, **changes})


def columns(*names: str) -> dict[str, Any]:
    return {"kind": "table", "columns": [{"name": name} for name in names]}


@pytest.mark.parametrize("task", TASKS.all.values(), ids=TASKS.all)
def test_those_that_come_with_densely_can_be_told_again(task: Any) -> None:
    """As JSON, too: only who makes rows that have no file stands beside it."""
    again = Declaration.model_validate_json(task.declaration.model_dump_json())

    assert task.declaration == again
    assert task_of(again, task.makers).name == task.name


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Iris"}, "name"),
        ({"kind": columns("a", "a")}, "stands for two things"),
        ({"kind": columns("a", "species")}, "stands for two things"),
        ({"kind": columns("a", "split")}, "is taken"),
        ({"kind": columns("a", "_b")}, "is taken"),
        ({"kind": {"kind": "text", "columns": [{"name": "model", "title": "Model"}]}}, "is taken"),
        ({"kind": {"kind": "text", "columns": [{"name": "task", "title": "Task"}]}}, "is taken"),
        ({"answer": {"kind": "one_of", "labels": ["1", 1]}}, "labels"),
        ({"answer": {"kind": "one_of", "labels": ["a", "a"]}}, "names a label twice"),
        ({"answer": {"kind": "one_of", "labels": ["a"]}}, "labels"),
        ({"presets": {}}, "presets"),
        ({"presets": {"other": sixth.DECLARATION["presets"]["baseline"]}}, "baseline"),
        ({"presets": {"baseline": GUESSES_A_NUMBER}}, "presets.baseline: its head is none of"),
        ({"datasets": [{**sixth.DECLARATION["datasets"][0], "name": "../iris"}]}, "datasets"),
        ({"datasets": sixth.DECLARATION["datasets"] * 2}, "same name"),
        ({"kind": {"kind": "plane", "range": {"least": 0, "greatest": 1, "step": 0.1}}}, "one of two labels"),
        ({"kind": {"kind": "plane", "range": {"least": 1, "greatest": 0, "step": 0.1}}}, "least must be below"),
        ({"kind": {"kind": "plane", "range": {"least": 0, "greatest": 1, "step": 0}}}, "step"),
        ({"more": 1}, "more"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        declared(**changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"examples": [{"title": "One", "input": {"features": {"sepal_length": 1}}}]}, "features.sepal_width"),
        ({"kind": TEXT, "examples": [{"title": "One", "input": {"text": "a"}}]}, "presets.baseline"),
    ],
)
def test_what_its_kind_does_not_take_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        task_of(declared(**changes))


@pytest.mark.parametrize(
    ("is_built_in", "makers"), [(True, {}), (False, {"iris": sixth.rows}), (False, {"x": sixth.rows})]
)
def test_rows_without_a_file_need_who_makes_them(is_built_in: bool, makers: Any) -> None:
    dataset = {**sixth.DECLARATION["datasets"][0], "is_built_in": is_built_in}

    with pytest.raises(ValueError, match="maker of its rows"):
        task_of(declared(datasets=[dataset]), makers)


def test_a_file_that_declares_no_task_is_named(tmp_path: Path) -> None:
    broken = {**sixth.DECLARATION, "presets": {}}
    (tmp_path / "iris.json").write_text(json.dumps(broken))

    with pytest.raises(Unusable, match=r"iris\.json in the folder of tasks declares no task.*presets"):
        catalog._declared(tmp_path / "iris.json")
