"""What cannot be used is told with its line, its column and the limit; nothing is kept of it."""

import gzip
import json
import pickle
import random
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from app.datasets.uploads.problems import Problem
from app.wire.datasets import Fault
from tests.support.uploads import brought_in, csv_of, measured, parquet_of, plan_of, refused, tickets

ROWS = tickets()
TEXT = csv_of(ROWS)


def _replaced(line: int, text: str) -> bytes:
    """The tickets with another line."""
    lines = TEXT.splitlines()
    lines[line - 1] = text
    return "\n".join(lines).encode()


def _measured(number: int, **cells: Any) -> bytes:
    """The table with other cells in one row."""
    rows = measured()
    rows[number] |= cells
    return csv_of(rows).encode()


def _zip(*names: str) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return target.getvalue()


FILES: dict[str, tuple[bytes, str]] = {  # content, part of the message
    "empty": (b"", "the file is empty"),
    "white space": (b" \n\n\t\n", "white space alone"),
    "byte order mark alone": (b"\xef\xbb\xbf", "the file is empty"),
    "header alone": (b"message,team\n", "columns, and no rows"),
    "one column": (b"message\nhello\nbye\n", "the file has one column, 'message'"),
    "one label": (csv_of([{**row, "team": "sales"} for row in ROWS]).encode(), "'sales' in every row"),
    "twice the same column": (b"text,team,text\na,b,c\n", "line 1, column 'text': two columns have this name"),
    "no name at the end": (
        b"message,team,\nhello,a,\nbye,b,c\n",
        "line 1: column 3 has no name, and line 3 a value for it: the line of names ends with a comma",
    ),
    "no names at the end": (
        b"message;team;;\nhello;a; ;x\n",
        "line 1: column 4 has no name, and line 2 a value for it",
    ),
    "no names": (b"1,2,3\n4,5,6\n", "line 1: holds values"),
    "too long a name": (("x" * 300 + ",team\na,b\n").encode(), "line 1, column"),
    "control characters in a name": (b"a\x07b,team\na,b\n", "holds control characters"),
    "zero bytes": (b"text,team\n" + b"\0\1\2" * 100, "line 2: holds a zero byte: the file is binary"),
    "control characters": (b"text,team\na,b\n" + b"\1\2" * 100, "line 3: the file is binary data"),
    "random bytes": (b"\x01" + random.Random(1).randbytes(5_000), "binary data"),
    "zero byte further down": (TEXT.encode() * 200 + b"a,b,c\0\n", "holds a zero byte"),
    "pickle": (pickle.dumps({"a": 1}), "a pickle, which is never read"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"a" * 50, "a picture"),
    "pdf": (b"%PDF-1.7\n", "a PDF"),
    "excel": (_zip("[Content_Types].xml", "xl/workbook.xml"), "Excel"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "Excel"),
    "zipped table": (_zip("a.csv"), "holds tables"),
    "damaged gzip": (gzip.compress(TEXT.encode())[:-30], "damaged .gz"),
    "gzip twice": (gzip.compress(gzip.compress(b"a")), "within an archive"),
    "zip in gzip": (gzip.compress(_zip("a/b.png")), "within an archive"),
    "damaged utf-8": (
        csv_of([{**row, "message": "ä" + row["message"]} for row in ROWS]).encode() + b"1,\xe4\xff,sales\n",
        "line 122: byte 0xe4 is not UTF-8",
    ),
    "no windows-1252 either": (TEXT.encode() + b"1,\x81\x8d,sales\n", "line 122: byte 0x81 is neither"),
    "nine thousand labels": (
        "".join(["text,label\n", *(f"some words {n} of a text,label {n % 9_000}\n" for n in range(12_000))]).encode(),
        "different values",
    ),
    "an object over several lines": (b'{\n"a": 1\n}\n', "on one line"),
    "cut json": (json.dumps(ROWS).encode()[:-20], "line 1: is no JSON"),
    "json without a comma": (b'[{"a": 1} {"a": 2}]', "a comma or the array's end is missing"),
    "json of numbers": (b"[1, 2, 3]", "no rows that can be read"),
    "deep json": (b"[" * 100_000, "line 1: is no JSON"),
    "damaged parquet": (parquet_of({"a": [1, 2], "b": ["x", "y"]})[:-9], "damaged Parquet"),
    "parquet's first letters": (b"PAR1", "damaged Parquet"),
    "nested parquet": (parquet_of({"a": [{"b": 1}], "label": ["x"]}), "column 'a': is a nested column"),
    "parquet, the year 20000": (
        parquet_of({"when": pa.array([6_600_000, 1], pa.date32()), "label": ["x", "y"]}),
        "column 'when': holds dates or times that are none, or beyond the years 1 to 9999",
    ),
    "parquet, a moment of the year 300000": (
        parquet_of({"when": pa.array([2**63 - 1, 1], pa.timestamp("us")), "label": ["x", "y"]}),
        "column 'when': holds dates or times that are none, or beyond the years 1 to 9999",
    ),
    "lists of lists": (parquet_of({"a": [[["b"]]], "label": ["x"]}), "column 'a': is a column of list"),
}


@pytest.mark.parametrize("name", FILES)
def test_nothing_can_be_made_of(tmp_path: Path, name: str) -> None:
    content, part = FILES[name]

    problem = refused(content, out=str(tmp_path / "rows.parquet"), filename="data")

    assert part in problem.message
    assert [] == list(tmp_path.iterdir())


CELLS: dict[str, tuple[bytes, Fault]] = {
    "decimal comma": (
        _measured(3, **{"Size m2": "81,5"}),
        Fault(line=5, column="Size m2", message="'81,5' has a comma; decimals come after a point"),
    ),
    "nan": (_measured(4, **{"Size m2": "NaN"}), Fault(line=6, column="Size m2", message="'NaN' is no finite number")),
    "infinity": (_measured(5, price="-inf"), Fault(line=7, column="price", message="'-inf' is no finite number")),
    "number out of bounds": (_measured(5, price="1e300"), Fault(line=7, column="price", message="'1e300' is beyond")),
    "word": (_measured(6, price="cheap"), Fault(line=8, column="price", message="'cheap' is no number")),
    "date as a number": (
        _measured(7, built=45321),
        Fault(line=9, column="built", message="'45321' is a number, not a date"),
    ),
    "no such day": (
        _measured(8, built="2026-02-30"),
        Fault(line=10, column="built", message="'2026-02-30' is no date"),
    ),
    "neither": (
        _measured(9, is_new="maybe"),
        Fault(line=11, column="is_new", message="'maybe' is neither true nor false"),
    ),
    "no answer": (_measured(10, price=""), Fault(line=12, column="price", message="is empty")),
    "more cells": (_replaced(5, "3,hello,sales,more"), Fault(line=5, message="has 4 cells; there are 3 columns")),
    "one cell": (_replaced(5, "3"), Fault(line=5, message="has 1 cell; there are 3 columns")),
    "fewer cells": (_replaced(5, "3,hello"), Fault(line=5, message="has 2 cells; there are 3 columns")),
    "odd quotes": (_replaced(5, '3,"a "b" c",sales'), Fault(line=5, message="its quotes cannot be read")),
    "no text": (_replaced(5, "3,   ,sales"), Fault(line=5, column="message", message="is empty")),
    "long text": (
        _replaced(5, f"3,{'a ' * 60_000},sales"),
        Fault(line=5, column="message", message="has 120,000 characters; the limit is 100,000"),
    ),
    "half a character": (
        "\n".join(json.dumps(row | ({"message": "\ud800"} if row["id"] == 3 else {})) for row in ROWS).encode(),
        Fault(line=4, column="message", message="holds half a character"),
    ),
    "no json": (
        "\n".join(json.dumps(row) if row["id"] != 3 else "{'a': 1}" for row in ROWS).encode(),
        Fault(line=4, message="is no JSON"),
    ),
    "a name twice": (
        "\n".join(json.dumps(row) if row["id"] != 3 else '{"a": 1, "a": 2}' for row in ROWS).encode(),
        Fault(line=4, message="has two values named 'a'"),
    ),
    "an object in a cell": (
        json.dumps([row | ({"message": {"a": 1}} if row["id"] == 3 else {}) for row in ROWS]).encode(),
        Fault(line=1, column="message", message="is no text"),
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_faulty_cell_is_told_with_its_line_and_column(name: str) -> None:
    """Of 120 or 200 rows one is more than the share that may be skipped by default."""
    content, fault = CELLS[name]

    problem = refused(content, faulty_share=0.0)

    assert (fault.line, fault.column) == (problem.faults[0].line, problem.faults[0].column)
    assert problem.faults[0].message.startswith(fault.message)
    assert 1 == len(problem.faults)
    assert "1 of" in problem.message


@pytest.mark.parametrize("name", CELLS)
def test_few_faulty_rows_are_skipped_and_counted(name: str) -> None:
    content, fault = CELLS[name]

    found = brought_in(content, faulty_share=0.01).findings

    assert 1 == found.skipped
    assert [fault.line] == [each.line for each in found.faults]
    assert found.rows == found.train_rows + found.test_rows


def test_ten_megabytes_in_one_cell_are_refused() -> None:
    content = csv_of([row | ({"message": "a" * 10_000_000} if row["id"] == 70 else {}) for row in ROWS]).encode()

    problem = refused(content)

    assert Fault(line=72, column="message", message=problem.faults[0].message) == problem.faults[0]
    assert "more than 1,000,000 characters, which is the limit" in problem.message


def test_a_line_without_an_end_is_refused() -> None:
    problem = refused(TEXT.encode() + b"," * 9_000_000)

    assert "line 122: has more than 8,000,000 characters, which is the limit of a line" == problem.message


def test_a_quote_that_is_never_closed_is_told_with_its_line() -> None:
    content = csv_of(ROWS).replace("\n", "\r\n").encode() + b'500,"and so on\n' + b"more,lines\n" * 20

    assert "line 122: a quote is opened here and never closed" == refused(content).message


def test_only_the_first_twenty_faults_are_listed() -> None:
    rows = [{**row, "Size m2": "much"} if place % 2 else row for place, row in enumerate(measured())]

    problem = refused(csv_of(rows).encode(), kind={"kind": "table", "roles": {"Size m2": "number"}})

    assert list(range(3, 43, 2)) == [fault.line for fault in problem.faults]
    assert "100 of 200 rows cannot be used, more than 1.00%" in problem.message


def test_lines_are_counted_as_an_editor_does() -> None:
    """Cells may hold line ends, and empty lines are lines."""
    content = b'text,label\n"a\nb",x\n\n"c\r\nd",y\n,x\n'

    problem = refused(content, faulty_share=0.0, answer={"kind": "one_of", "labels": ["x", "y"]})

    assert [7] == [fault.line for fault in problem.faults]


LIMITS: dict[str, tuple[dict[str, int], str]] = {
    "bytes": ({"most_bytes": 1_000}, "DENSELY_MAX_UPLOAD_MIB"),
    "rows": ({"most_rows": 100}, "100 (DENSELY_MAX_ROWS)"),
    "columns": ({"most_columns": 2}, "2 (DENSELY_MAX_COLUMNS)"),
    "labels": ({"most_labels": 2}, "2 (DENSELY_MAX_LABELS)"),
}


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_named_with_its_setting(limit: str, form: str) -> None:
    fields, part = LIMITS[limit]
    contents = {
        "csv": TEXT.encode(),
        "jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
        "json": json.dumps(ROWS).encode(),
        "parquet": parquet_of({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    }

    assert part in refused(contents[form], answer={"kind": "one_of", "column": "team"}, **fields).message


def test_a_gzip_that_unpacks_to_too_much_is_refused() -> None:
    bomb = gzip.compress(b"0" * 30_000_000)

    problem = refused(bomb, most_bytes=20_000_000)

    assert "the file unpacks to too many bytes; the limit is 19 MiB (DENSELY_MAX_UPLOAD_MIB)" == problem.message


def test_a_label_column_of_many_texts_is_taken_if_asked_for_with_enough_rows() -> None:
    rows = [{"text": f"some words {n} of a text", "label": f"label {n % 3_000}"} for n in range(9_000)]
    content = csv_of(rows).encode()
    asked = {"answer": {"kind": "one_of", "column": "label"}}

    assert "3,000 different values" in refused(content).message
    assert 3_000 == len(brought_in(content, **asked).findings.labels)
    assert "labels need two rows each" in refused(csv_of(rows[:4_000]).encode(), **asked).message


def test_nan_of_parquet_is_no_number() -> None:
    columns = {"x": [float("nan"), *range(99)], "y": [1.5, *range(99)]}

    problem = refused(parquet_of(columns), faulty_share=0.0)

    assert [Fault(line=1, column="x", message=problem.faults[0].message)] == problem.faults


def test_a_value_that_is_no_list_of_numbers_in_parquet() -> None:
    duration = pa.array([1, 2], pa.duration("s"))

    assert "which is not read" in refused(parquet_of({"a": duration, "label": ["x", "y"]})).message


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"mapping": {"text": "nothing"}}, "text: there is no column 'nothing'; the file has 'id', 'message', 'team'"),
        ({"answer": {"kind": "one_of", "column": "nothing"}}, "answer.column: there is no column 'nothing'"),
        ({"kind": {"kind": "text", "columns": ["nothing"]}}, "kind.columns: there is no column 'nothing'"),
        ({"mapping": {"top_k": "message"}}, "'top_k' cannot be a column's name"),
        ({"mapping": {"a b": "message"}}, "'a b' cannot be a column's name; 'a_b' could"),
        (
            {"kind": {"kind": "text", "columns": ["team"]}, "mapping": {"label": "team"}},
            "cannot be an input and the answer",
        ),
        ({"kind": {"kind": "image"}}, "a task of pictures needs one column of them"),
        ({"answer": {"kind": "number", "column": "message"}}, "cannot be used"),
    ],
)
def test_what_the_plan_asks_for_must_be_there(fields: dict[str, Any], part: str) -> None:
    assert part in refused(TEXT.encode(), **fields).message


def test_a_problem_says_what_it_is() -> None:
    assert "why" == str(Problem("why"))
    assert "own" == plan_of().dataset


NESTED = {"kind": {"kind": "table"}, "answer": {"kind": "one_of", "column": "team"}}


@pytest.mark.parametrize(("name", "asked"), [("team", NESTED), ("message", NESTED), ("team", {})])
def test_objects_in_a_column_are_told_with_the_line_of_the_first(name: str, asked: dict[str, Any]) -> None:
    rows = [row | ({name: {"a": 1}} if row["id"] else {}) for row in ROWS]

    problem = refused("\n".join(map(json.dumps, rows)).encode(), **asked)

    assert [Fault(line=2, column=name, message="is an object, not one value")] == problem.faults


def test_a_column_of_objects_that_is_not_used_is_told() -> None:
    rows = [row | {"meta": {"a": 1}} for row in ROWS]

    found = brought_in("\n".join(map(json.dumps, rows)).encode()).findings

    assert "line 1: the column 'meta' holds objects, which are not read: left out" in found.warnings
