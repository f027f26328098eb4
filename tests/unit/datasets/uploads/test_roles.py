"""What columns are taken for, and what overrules it."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.datasets.uploads.categories import MOST_IN_ALL, limited
from app.datasets.uploads.roles import Input
from app.wire.declarations import (
    CategoryColumn,
    DateColumn,
    FlagColumn,
    ImageKind,
    NumberAnswer,
    NumberColumn,
    OneOf,
    RatingAnswer,
    SeveralOf,
    TableKind,
    TextKind,
)
from tests.support.small_pictures import base64_of
from tests.support.uploads import brought_in, csv_of, measured, parquet_of, refused, tickets, written

ROWS = tickets()


def _with(**columns: Any) -> bytes:
    """The tickets with other columns instead of the team."""
    rows = [
        {"message": row["message"], **{name: make(place) for name, make in columns.items()}}
        for place, row in enumerate(ROWS)
    ]
    return csv_of(rows).encode()


def test_a_table_has_its_columns_kinds_and_its_gaps(tmp_path: Path) -> None:
    result, rows = written(tmp_path, csv_of(measured()).encode())

    assert isinstance(result.kind, TableKind)
    size, town, is_new, built = result.kind.columns
    assert isinstance(size, NumberColumn)
    assert ("Size_m2", "Size m2", True) == (size.name, size.description, size.required)
    assert size.range
    assert 15 <= size.range.least < size.range.greatest <= 205
    assert isinstance(town, CategoryColumn)
    assert {"Bonn", "Kiel", "Ulm"} == set(town.values)
    assert isinstance(is_new, FlagColumn)
    assert isinstance(built, DateColumn)
    assert not built.required
    assert NumberAnswer(title="price", unit="", column="price") == result.answer
    assert [row["is_new"] == "true" for row in measured()] == rows["is_new"]
    assert [row["built"] or None for row in measured()] == rows["built"]
    assert [row["Size m2"] for row in measured()] == rows["Size_m2"]
    assert set(result.examples[0]["features"]) <= {"Size_m2", "town", "is_new", "built"}


def test_categories_are_most_frequent_first() -> None:
    rows = [{"colour": "red" if n % 3 else "blue", "x": n % 17, "y": n % 2} for n in range(60)]

    result = brought_in(csv_of(rows).encode())

    assert isinstance(result.kind, TableKind)
    colour = result.kind.columns[0]
    assert isinstance(colour, CategoryColumn)
    assert ("red", "blue") == colour.values


def test_columns_are_counted() -> None:
    found = brought_in(csv_of(measured()).encode()).findings
    by_name = {column.name: column for column in found.columns}

    size, built, price = by_name["Size_m2"], by_name["built"], by_name["price"]
    assert size.histogram
    assert (200, 0) == (sum(size.histogram.counts), size.missing)
    assert sum(row["built"] == "" for row in measured()) == built.missing
    assert built.least
    assert 14_000 < built.least < 21_000  # days since 1970
    assert ("label", min(row["price"] for row in measured())) == (price.role, price.least)
    assert 3 == len(by_name["town"].common)


@pytest.mark.parametrize(
    ("name", "make", "answer"),
    [
        ("label", lambda n: "ab"[n % 2], OneOf(labels=("a", "b"), column="label")),
        ("class", lambda n: n % 3, OneOf(labels=(0, 1, 2), column="class")),
        ("class", lambda n: f"0{n % 3}", OneOf(labels=("00", "01", "02"), column="class")),
        ("spam", lambda n: ["yes", "no"][n % 2], OneOf(labels=("no", "yes"), column="spam")),
        ("stars", lambda n: n % 5 + 1, RatingAnswer(title="stars", column="stars", least=1, greatest=5)),
        ("Rating", lambda n: n % 5 / 4, RatingAnswer(title="Rating", column="Rating", least=0, greatest=1)),
        ("rating", lambda n: n % 10 + 1, RatingAnswer(title="rating", column="rating", least=1, greatest=10)),
        ("price", lambda n: n % 12, NumberAnswer(title="price", unit="", column="price")),
        ("target", lambda n: n * 1.5, NumberAnswer(title="target", unit="", column="target")),
        ("tags", lambda n: ["a;b", "b;c", "a", "c;a;b"][n % 4], SeveralOf(labels=("a", "b", "c"), column="tags")),
        ("tags", lambda n: ["x|y", "y|z", "z", "x|z"][n % 4], SeveralOf(labels=("x", "y", "z"), column="tags")),
    ],
)
def test_an_answer_is_guessed_from_its_name_and_its_values(name: str, make: Any, answer: Any) -> None:
    result = brought_in(_with(**{name: make}))

    assert answer == result.answer
    assert isinstance(result.kind, TextKind)


def test_the_answers_column_is_known_by_name_before_place() -> None:
    assert "label" == brought_in(_with(label=lambda n: "ab"[n % 2], region=lambda n: "ns"[n % 2])).answer.column
    assert "last" == brought_in(_with(first=lambda n: "ab"[n % 2], last=lambda n: "ns"[n % 2])).answer.column


def test_an_ordered_label_is_sorted_as_numbers() -> None:
    answer = brought_in(_with(label=lambda n: n % 12)).answer

    assert isinstance(answer, OneOf)
    assert tuple(range(12)) == answer.labels


def test_lists_of_labels_are_kept_as_lists(tmp_path: Path) -> None:
    labels = [["a", "b"], [], ["c"], ["b", "a"]]
    rows = [{"text": row["message"], "topics": labels[n % 4]} for n, row in enumerate(ROWS)]

    result, found = written(tmp_path, json.dumps(rows).encode())

    assert SeveralOf(labels=("a", "b", "c"), column="topics") == result.answer
    assert [row["topics"] for row in rows] == found["topics"]
    assert [60, 60, 30] == [label.train + label.test for label in result.findings.labels]
    assert all(label.train and label.test for label in result.findings.labels)
    columns = {name: [row[name] for row in rows] for name in ("text", "topics")}
    assert found == written(tmp_path, parquet_of(columns))[1]


def test_the_plan_overrules_guesses(tmp_path: Path) -> None:
    rows = [{**row, "priority": n % 3} for n, row in enumerate(ROWS)]
    plan = {
        "kind": {"kind": "table", "columns": ["ID", "Priority"], "roles": {"priority": "category"}},
        "answer": {"kind": "one_of", "column": "TEAM", "labels": ["support", "sales", "billing"]},
    }

    result, found = written(tmp_path, csv_of(rows).encode(), **plan)

    assert isinstance(result.kind, TableKind)
    assert [("id", "number"), ("priority", "category")] == [(each.name, each.kind) for each in result.kind.columns]
    assert OneOf(labels=("support", "sales", "billing"), column="team") == result.answer
    assert {"id", "priority", "team", "split"} == set(found)


def test_columns_are_mapped(tmp_path: Path) -> None:
    result, found = written(tmp_path, csv_of(ROWS).encode(), mapping={"body": "message", "label": "team"})

    assert isinstance(result.kind, TextKind)
    assert [("body", "message")] == [(column.name, column.title) for column in result.kind.columns]
    assert ("label", "team") == (result.answer.column, result.title)
    assert [row["message"] for row in ROWS] == found["body"]


def test_other_labels_than_those_given_are_faults() -> None:
    problem = refused(
        csv_of(ROWS).encode(), answer={"kind": "one_of", "column": "team", "labels": ["sales", "support"]}
    )

    assert problem.faults[0].message == "'billing' is none of the labels 'sales', 'support'"


def test_a_rating_out_of_its_bounds_is_a_fault() -> None:
    problem = refused(
        _with(stars=lambda n: n % 6), answer={"kind": "rating", "column": "stars", "from": 1, "to": 5}, faulty_share=0.1
    )

    assert "0 is not within 1 and 5" == problem.faults[0].message


def test_bounds_of_a_rating_are_found_if_not_given() -> None:
    answer = brought_in(_with(stars=lambda n: n % 5 + 1), answer={"kind": "rating", "column": "stars"}).answer

    assert isinstance(answer, RatingAnswer)
    assert (1, 5) == (answer.least, answer.greatest)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Größe (m²)", "Grosse_m2"),
        ("top_k", "top_k_2"),
        ("a/b c", "a_b_c"),
        ("_x", "x"),
        ("消息", "column"),
        ("Task", "Task"),
    ],
)
def test_columns_of_tables_get_names_that_a_request_can_have(source: str, name: str) -> None:
    rows = [{source: n % 7, "b": n % 5, "label": "xy"[n % 2]} for n in range(60)]

    kind = brought_in(csv_of(rows).encode(), kind={"kind": "table"}).kind

    assert isinstance(kind, TableKind)
    assert name == kind.columns[0].name


@pytest.mark.parametrize(
    ("source", "name"), [("Ticket Text", "ticket_text"), ("task", "task_2"), ("2nd", "text_2nd"), ("文", "text")]
)
def test_columns_of_texts_get_names_that_a_request_can_have(source: str, name: str) -> None:
    rows = [{source: row["message"], "team": row["team"]} for row in ROWS]

    kind = brought_in(csv_of(rows).encode()).kind

    assert isinstance(kind, TextKind)
    assert (name, source) == (kind.columns[0].name, kind.columns[0].title)


def test_names_never_collide() -> None:
    rows = [{"a b": n % 7, "a-b": n % 5, "a_b": n % 3, "label": "xy"[n % 2]} for n in range(60)]

    kind = brought_in(csv_of(rows).encode()).kind

    assert isinstance(kind, TableKind)
    assert ["a_b", "a_b_2", "a_b_3"] == [column.name for column in kind.columns]


@pytest.mark.parametrize("day_first", [True, False])
def test_dates_with_slashes_are_read_as_all_of_them_can_be(tmp_path: Path, day_first: bool) -> None:
    days = [(n % 28 + 1, n % 12 + 1) for n in range(60)]
    texts = [f"{day}/{month}/2025" if day_first else f"{month}/{day}/2025" for day, month in days]
    rows = [{"when": text, "x": n % 7, "label": "xy"[n % 2]} for n, text in enumerate(texts)]

    result, found = written(tmp_path, csv_of(rows).encode())

    assert [f"2025-{month:02}-{day:02}" for day, month in days] == found["when"]
    assert isinstance(result.kind, TableKind)
    assert [day_first] == [column.day_first for column in result.kind.columns if isinstance(column, DateColumn)]


def _numbers_as_days(texts: list[str]) -> bytes:
    return csv_of([{"day of": text, "x": n % 7, "label": "xy"[n % 2]} for n, text in enumerate(texts)]).encode()


AS_DATES = {"kind": {"kind": "table", "roles": {"day of": "date"}}}


@pytest.mark.parametrize(
    "texts", [[f"202601{n % 31 + 1:02}" for n in range(60)], [f"{1769860800 + 86_400 * n}" for n in range(60)]]
)
def test_numbers_that_look_like_dates_are_told(texts: list[str]) -> None:
    """With what makes dates of them; who says that they are numbers is not told."""
    (told,) = [each for each in brought_in(_numbers_as_days(texts)).findings.warnings if "look like dates" in each]

    assert f"'day of' holds numbers that look like dates, such as {texts[0]};" in told
    assert """--role 'day of=date', or {"roles": {"day of": "date"}}""" in told
    as_numbers = {"kind": {"kind": "table", "roles": {"day of": "number"}}}
    for asked in (AS_DATES, as_numbers):
        warnings = brought_in(_numbers_as_days(texts), **asked).findings.warnings
        assert not [each for each in warnings if "dates" in each]


@pytest.mark.parametrize("texts", [["20261301"] * 60, [f"{20260101 + n}" for n in range(60)], ["1"] * 60, ["0.5"] * 60])
def test_other_numbers_look_like_none(texts: list[str]) -> None:
    texts = [*texts[:-1], "3"]

    assert not [each for each in brought_in(_numbers_as_days(texts)).findings.warnings if "look like" in each]


def test_a_column_that_is_said_to_hold_dates_may_have_them_as_numbers(tmp_path: Path) -> None:
    texts = ["20260131", "1769860800", "1769860800000", "2026-01-31", "20260131.0"] * 12

    assert {"2026-01-31"} == set(written(tmp_path, _numbers_as_days(texts), **AS_DATES)[1]["day_of"])


def test_dates_that_were_numbers_are_spread_as_dates() -> None:
    result = brought_in(_numbers_as_days(["20260131"] * 59 + ["20260201"]), **AS_DATES)

    (column,) = [each for each in result.findings.columns if each.name == "day_of"]
    assert ("date", 20484.0, 20485.0) == (column.role, column.least, column.greatest)
    assert column.histogram is not None
    assert (59, 1) == (column.histogram.counts[0], column.histogram.counts[-1])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:30:00Z", "2026-01-31"),
        ("31.01.2026", "2026-01-31"),
        ("2026/1/31", "2026-01-31"),
        ("Jan 31, 2026", "2026-01-31"),
        ("31 January 2026", "2026-01-31"),
        ("31-Jan-2026", "2026-01-31"),
    ],
)
def test_usual_forms_of_dates(tmp_path: Path, text: str, day: str) -> None:
    rows = [{"when": text, "x": n % 7, "label": "xy"[n % 2]} for n in range(60)]

    plan = {"kind": {"kind": "table", "columns": ["when", "x"]}}

    assert {day} == set(written(tmp_path, csv_of(rows).encode(), **plan)[1]["when"])


def test_a_split_that_is_given_is_kept(tmp_path: Path) -> None:
    rows = [{**row, "split": ["train", "Train", "validation", "TEST"][n % 4]} for n, row in enumerate(ROWS)]

    result, found = written(tmp_path, csv_of(rows).encode())

    assert ["train", "train", "train", "test"] * 30 == found["split"]
    assert ("given", 90, 30) == (result.findings.split, result.findings.train_rows, result.findings.test_rows)


def test_a_split_without_test_rows_is_refused() -> None:
    rows = [{**row, "split": "train"} for row in ROWS]

    assert "names no rows of the test split" in refused(csv_of(rows).encode()).message


WARNINGS: dict[str, tuple[bytes, str]] = {
    "few rows": (csv_of(ROWS[:40]).encode(), "there are 40 rows"),
    "few of a label": (
        _with(label=lambda n: "rare" if n < 4 else "ab"[n % 2]),
        "fewer than 10 rows have the label 'rare'",
    ),
    "unbalanced": (_with(label=lambda n: "rare" if n < 2 else "often"), "unbalanced: 'often' has 118 rows, 'rare' 2"),
    "case": (_with(label=lambda n: ["Yes", "yes "][n % 2] if n % 3 else "no"), "differ in case or blanks alone"),
    "text says it": (_with(label=lambda n: ROWS[n]["message"].split()[1]), "'message' alone gives the answer away"),
    "same column": (
        csv_of([{"a": n % 7, "copy": "uv"[n * n % 5 % 2], "label": "xy"[n * n % 5 % 2]} for n in range(90)]).encode(),
        "'copy' alone gives the answer away",
    ),
    "same number": (
        csv_of([{"a": n % 7, "twice": 2 * n * n, "price": n * n} for n in range(90)]).encode(),
        "'twice' alone gives the answer away",
    ),
    "constant": (
        csv_of([{"a": n % 7, "one": 1, "label": "xy"[n % 2]} for n in range(90)]).encode(),
        "'one' has one value",
    ),
    "numbered": (
        csv_of([{"id": n, "a": n % 7, "label": "xy"[n % 2]} for n in range(90)]).encode(),
        "'id' tells rows apart",
    ),
    "nearly empty": (
        csv_of([{"a": n % 7, "b": n if n < 5 else "", "label": "xy"[n % 2]} for n in range(90)]).encode(),
        "'b' is empty in 94% of the rows",
    ),
    "given split": (
        csv_of(
            [
                {"text": f"text number {n // 2}", "label": "xy"[n // 2 % 2], "split": ["train", "test"][n % 2]}
                for n in range(90)
            ]
        ).encode(),
        "45 inputs of the test split are trained on as well",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_speaks_against_training_is_told(name: str) -> None:
    content, part = WARNINGS[name]

    warnings = brought_in(content).findings.warnings

    assert any(part in warning for warning in warnings), warnings


def test_sound_data_has_no_warnings() -> None:
    assert [] == brought_in(csv_of(measured(400)).encode()).findings.warnings
    assert [] == brought_in(csv_of(tickets(400)).encode()).findings.warnings


def test_pictures_in_a_column_are_a_task_of_pictures() -> None:
    rows = [{"image": base64_of(n), "label": "ab"[n % 2]} for n in range(30)]

    result = brought_in(csv_of(rows).encode(), kind={"kind": "image", "size": 16, "colours": "rgb"})

    assert ImageKind(size=16, colours="rgb", scaling="fit") == result.kind
    assert isinstance(brought_in(csv_of(rows).encode()).kind, ImageKind)


def test_what_is_asked_for_as_an_input_is_not_taken_for_the_answer() -> None:
    rows = [{"label": row["message"], "message": row["team"]} for row in ROWS]

    result = brought_in(csv_of(rows).encode(), kind={"kind": "text", "columns": ["label"]})

    assert "message" == result.answer.column


def test_labels_that_only_faulty_rows_have_are_none() -> None:
    rows = [*ROWS, {"id": 1_000, "message": "", "team": "nobody"}]

    result = brought_in(csv_of(rows).encode())

    assert OneOf(labels=("billing", "sales", "support"), column="team") == result.answer
    assert 3 == len(result.findings.labels)


def _wide(columns: int = 30, values: int = 500) -> list[dict[str, Any]]:
    """Categories of 190 letters each; of each column the first is the most frequent one."""
    rows: list[dict[str, Any]] = []
    for number in range(2 * values):
        place = number % values if number % 7 else 0
        rows.append({f"c{column}": f"{place:04}_{column:04}".ljust(190, "x") for column in range(columns)})
        rows[-1]["label"] = "ab"[number % 2]
    return rows


def test_categories_of_all_columns_are_limited_together(tmp_path: Path) -> None:
    """The rarer ones count as unseen; the rows keep them."""
    result, rows = written(tmp_path, csv_of(_wide()).encode(), kind={"kind": "table"})

    assert isinstance(result.kind, TableKind)
    kept = [column.values for column in result.kind.columns if isinstance(column, CategoryColumn)]
    assert 1_500_000 < 190 * sum(map(len, kept)) <= 2_000_000
    assert 1 == len({len(values) for values in kept})
    assert all(values[0].startswith("0000") for values in kept)
    assert len(set(rows["c0"])) > len(kept[0])
    (warning,) = [each for each in result.findings.warnings if "in all" in each]
    assert f"all but the {len(kept[0])} most frequent count as unseen" in warning


def test_categories_that_a_task_has_stay_when_others_come() -> None:
    column, other = (Input(name, 0, name, "category", values=[f"{n}" for n in range(1_000)]) for name in "ab")
    many = [Input(f"c{n}", 0, f"c{n}", "category", values=[f"{n}" for n in range(1_000)]) for n in range(150)]

    warnings = limited([column, other, *many], {"a": 1_000})

    assert 1_000 == len(column.values)
    assert len(other.values) == len(many[0].values) < 1_000
    assert sum(len(each.values) for each in [column, other, *many]) <= MOST_IN_ALL
    assert 1 == len(warnings)


def test_values_too_long_for_a_category_are_told() -> None:
    rows = [{**row, "town": row["town"] * 60} for row in measured()]

    problem = refused(csv_of(rows).encode(), kind={"kind": "table", "roles": {"town": "category"}})

    assert ("town", True) == (problem.field, "values of more than 200 characters" in problem.message)
