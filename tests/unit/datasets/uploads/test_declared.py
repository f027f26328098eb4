"""Further files for a task that has its columns already."""

from pathlib import Path
from typing import Any

from app.wire.declarations import CategoryColumn, OneOf, TableKind
from tests.support.tasks import TASKS
from tests.support.uploads import brought_in, csv_of, measured, refused, tickets, written


def _of(task: str) -> dict[str, Any]:
    declaration = TASKS.get(task).declaration
    return {"declared_kind": declaration.kind, "declared_answer": declaration.answer, "fixed": True}


REVIEWS = [{"Text": row["message"], "LABEL": ["negative", "positive"][row["id"] % 2]} for row in tickets()]


def test_columns_are_found_in_other_case(tmp_path: Path) -> None:
    result, rows = written(tmp_path, csv_of(REVIEWS).encode(), **_of("sentiment"))

    assert TASKS.get("sentiment").declaration.kind == result.kind
    assert TASKS.get("sentiment").declaration.answer == result.answer
    assert {"text", "label", "split"} == set(rows)


def test_columns_are_mapped() -> None:
    rows = [{"remark": row["Text"], "says": row["LABEL"]} for row in REVIEWS]

    assert (
        "the task needs a column 'text'"
        in refused(csv_of(rows).encode(), mapping={"label": "says"}, **_of("sentiment")).message
    )
    assert "there is no column 'label'" in refused(csv_of(rows).encode(), **_of("sentiment")).message
    assert (
        120
        == brought_in(
            csv_of(rows).encode(), mapping={"text": "remark", "label": "says"}, **_of("sentiment")
        ).findings.rows
    )
    assert (
        "has no column 'body'" in refused(csv_of(rows).encode(), mapping={"body": "remark"}, **_of("sentiment")).message
    )


def test_labels_of_a_built_in_task_are_fixed() -> None:
    rows = [{**row, "LABEL": "neutral"} if place == 7 else row for place, row in enumerate(REVIEWS)]

    problem = refused(csv_of(rows).encode(), faulty_share=0.0, **_of("sentiment"))

    assert (9, "LABEL") == (problem.faults[0].line, problem.faults[0].column)
    assert "'neutral' is none of the labels 'negative', 'positive'" == problem.faults[0].message


def test_new_labels_and_categories_of_an_own_task_come_last(tmp_path: Path) -> None:
    first = brought_in(
        csv_of([{**row, "town": "Ulm"} for row in measured()]).encode(), answer={"kind": "one_of", "column": "is_new"}
    )
    rows = [
        {**row, "is_new": "Maybe" if n % 3 == 0 else row["is_new"], "town": "Bonn"} for n, row in enumerate(measured())
    ]

    result, _ = written(
        tmp_path, csv_of(rows).encode(), declared_kind=_with_town(first.kind), declared_answer=first.answer
    )

    assert OneOf(labels=("false", "true", "Maybe"), column="is_new") == result.answer
    assert isinstance(result.kind, TableKind)
    towns = [column.values for column in result.kind.columns if isinstance(column, CategoryColumn)]
    assert [("Ulm", "Bonn")] == towns


def _with_town(kind: Any) -> TableKind:
    town = CategoryColumn(name="town", kind="category", values=("Ulm",))
    return TableKind(columns=(*(column for column in kind.columns if column.name != "town"), town))


def test_a_declaration_without_labels_gets_those_of_the_file() -> None:
    declared = {
        "declared_kind": {"kind": "text", "columns": [{"name": "message", "title": "Message"}]},
        "declared_answer": {"kind": "one_of", "labels": [], "column": "team"},
    }

    answer = brought_in(csv_of(tickets()).encode(), **declared).answer

    assert OneOf(labels=("billing", "sales", "support"), column="team") == answer


def test_optional_columns_may_be_away(tmp_path: Path) -> None:
    labels = TASKS.get("newswire").labels
    rows = [{"text": row["message"], "topic": labels[row["id"] % 2]} for row in tickets()]

    _, found = written(tmp_path, csv_of(rows).encode(), mapping={"label": "topic"}, **_of("newswire"))

    assert "title" not in found


def test_own_towns_for_housing(tmp_path: Path) -> None:
    task = TASKS.get("housing")
    rows = [
        {**{name: round(n * 0.37 % 11, 3) for name in task.input_columns}, task.target: 10 + n % 30} for n in range(80)
    ]

    result, found = written(tmp_path, csv_of(rows).encode(), **_of("housing"))

    assert {*task.input_columns, task.target, "split"} == set(found)
    assert set(task.input_columns) == set(result.examples[0]["features"])


def test_points_of_the_plane() -> None:
    task = TASKS.get("planar")
    rows = [{"x": n / 7, "y": -n / 3, task.target: task.labels[n % 2]} for n in range(60)]

    result = brought_in(csv_of(rows).encode(), **_of("planar"))

    assert {"point"} == set(result.examples[0])
