"""Every format that is read gives the same rows."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from app.datasets.catalog import DatasetCatalog
from app.wire.declarations import OneOf, TextKind
from tests.support.uploads import brought_in, csv_of, measured, parquet_of, refused, tickets, written

ROWS = tickets()
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
CSV = csv_of(ROWS)

FILES: dict[str, tuple[bytes, str, str | None]] = {  # content, format, encoding
    "comma": (CSV.encode(), "csv", "utf-8"),
    "semicolon": (csv_of(ROWS, ";").encode(), "csv", "utf-8"),
    "pipe": (csv_of(ROWS, "|").encode(), "csv", "utf-8"),
    "tab": (csv_of(ROWS, "\t").encode(), "tsv", "utf-8"),
    "windows line ends": (csv_of(ROWS, end="\r\n").encode(), "csv", "utf-8"),
    "old Macintosh line ends": (csv_of(ROWS, end="\r").encode(), "csv", "utf-8"),
    "byte order mark": (CSV.encode("utf-8-sig"), "csv", "utf-8"),
    "utf-16": (CSV.encode("utf-16"), "csv", "utf-16"),
    "utf-16 without a mark": (CSV.encode("utf-16-le"), "csv", "utf-16"),
    "utf-16, big-endian": (CSV.encode("utf-16-be"), "csv", "utf-16"),
    "no last line end": (CSV.encode().rstrip(), "csv", "utf-8"),
    "blank lines": (CSV.replace("\n", "\n\n").encode(), "csv", "utf-8"),
    "gzip": (gzip.compress(CSV.encode()), "csv", "utf-8"),
    "json lines": ("".join(json.dumps(row) + "\n" for row in ROWS).encode(), "jsonl", "utf-8"),
    "json": (json.dumps(ROWS, indent=2).encode(), "json", "utf-8"),
    "json in one line": (json.dumps(ROWS).encode(), "json", "utf-8"),
    "json lines, gzip": (gzip.compress("\n".join(map(json.dumps, ROWS)).encode()), "jsonl", "utf-8"),
    "parquet": (parquet_of(COLUMNS), "parquet", None),
    "parquet, gzip": (gzip.compress(parquet_of(COLUMNS)), "parquet", None),
}


@pytest.mark.parametrize("name", FILES)
def test_all_formats_give_the_same_rows(tmp_path: Path, name: str) -> None:
    content, kind, encoding = FILES[name]

    result, rows = written(tmp_path, content)

    assert (kind, encoding, len(content)) == (result.findings.format, result.findings.encoding, result.findings.bytes)
    assert name.endswith("gzip") == result.findings.compressed
    assert (120, 0, []) == (result.findings.rows, result.findings.skipped, result.findings.faults)
    assert {"message": COLUMNS["message"], "team": COLUMNS["team"]} == {key: rows[key] for key in ("message", "team")}
    assert {"train", "test"} == set(rows["split"])


def test_the_same_file_is_always_split_alike(tmp_path: Path) -> None:
    first = written(tmp_path, FILES["comma"][0])
    second = written(tmp_path, FILES["json"][0])

    assert first[1]["split"] == second[1]["split"]
    assert first[1]["split"] != written(tmp_path, FILES["comma"][0], seed=1)[1]["split"]


def test_what_is_found_is_a_task(tmp_path: Path) -> None:
    result, rows = written(tmp_path, CSV.encode())

    assert isinstance(result.kind, TextKind)
    assert ["message"] == [column.name for column in result.kind.columns]
    assert OneOf(labels=("billing", "sales", "support"), column="team") == result.answer
    assert "team" == result.title
    assert 3 <= len(result.examples)
    held_out = {text for text, split in zip(rows["message"], rows["split"], strict=True) if split == "test"}
    assert {example["message"] for example in result.examples} <= held_out
    assert (tmp_path / "rows.parquet").stat().st_size == result.bytes
    assert 64 == len(result.sha256 or "")


def test_nothing_is_written_when_only_looking(tmp_path: Path) -> None:
    result = brought_in(CSV.encode())

    assert (None, None) == (result.sha256, result.bytes)
    assert [] == list(tmp_path.iterdir())


def test_windows_1252_is_told() -> None:
    rows = [{**row, "message": f"Größe “{row['message']}”"} for row in ROWS]

    result = brought_in(csv_of(rows).encode("cp1252"))

    assert "windows-1252" == result.findings.encoding
    assert result.findings.first_rows[0]["message"].startswith("Größe “")
    assert any("Windows-1252" in warning for warning in result.findings.warnings)


def test_quotes_delimiters_and_line_ends_within_cells(tmp_path: Path) -> None:
    rows = [{"text": f'He said "{row["id"]}",\nthen\r\nleft; {row["message"]}', "label": row["team"]} for row in ROWS]

    _, found = written(tmp_path, csv_of(rows).encode())

    assert [row["text"] for row in rows] == found["text"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_delimiter_at_the_end_of_lines_is_told_and_makes_no_column(tmp_path: Path, delimiter: str) -> None:
    lines = csv_of(ROWS, delimiter=delimiter).splitlines()
    ended = "\n".join([line + delimiter for line in lines[:60]] + lines[60:]).encode()

    result, found = written(tmp_path, ended)

    assert found == written(tmp_path, "\n".join(lines).encode())[1]
    word = {",": "comma", ";": "semicolon", "\t": "tab"}[delimiter]
    told = f"line 1 ends with a {word}: column 4, which has neither a name nor values, is left out"
    assert told in result.findings.warnings


def test_objects_may_lack_names_and_bring_new_ones(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": row["message"], "label": row["team"], **({"title": "new"} if row["id"] > 100 else {})} for row in ROWS
    ]
    plan = {"kind": {"kind": "text", "columns": ["title", "text"]}}

    result, found = written(tmp_path, "\n".join(map(json.dumps, rows)).encode(), **plan)

    assert isinstance(result.kind, TextKind)
    assert [("title", False), ("text", True)] == [(column.name, column.required) for column in result.kind.columns]
    assert [row.get("title") for row in rows] == found["title"]


def test_names_end_and_content_types_only_help() -> None:
    """What is called .tsv and holds commas is CSV."""
    result = brought_in(CSV.encode(), filename="a.tsv", content_type="text/tab-separated-values")

    assert ("csv", ",") == (result.findings.format, result.findings.delimiter)


def test_the_catalog_reads_what_is_written(tmp_path: Path) -> None:
    from tests.support.tasks import TASKS

    labels = {"billing": "negative", "sales": "positive", "support": "positive"}
    rows = [{"text": row["message"], "label": labels[row["team"]]} for row in ROWS]
    task = TASKS.get("sentiment")
    declared = task.declaration
    written(tmp_path, csv_of(rows).encode(), declared_kind=declared.kind, declared_answer=declared.answer, fixed=True)
    (tmp_path / "rows.parquet").rename(tmp_path / "imdb.parquet")

    info = task.dataset("imdb")
    assert info
    dataset = DatasetCatalog(tmp_path).read(task, info)

    assert 120 == len(dataset.train) + len(dataset.test)
    assert {"negative", "positive"} == set(dataset.train.target)


def _semicolons(**cells: str) -> bytes:
    rows = [{**row, "Size m2": str(row["Size m2"]).replace(".", ",")} for row in measured()]
    rows[3] |= cells
    return csv_of(rows, delimiter=";").encode()


def test_decimal_commas_are_read_where_they_can_be_nothing_else(tmp_path: Path) -> None:
    plain = written(tmp_path, csv_of(measured(), delimiter=";").encode())
    result, rows = written(tmp_path, _semicolons())

    assert plain[1] == rows
    assert (plain[0].kind, plain[0].answer) == (result.kind, result.answer)
    assert "decimal commas are read in 'Size m2'" in result.findings.warnings


@pytest.mark.parametrize("other", ["81.5", "1.081,5", "1,081.5"])
def test_where_commas_and_points_are_mixed_nothing_is_guessed(other: str) -> None:
    assert "has a comma; decimals come after a point" in refused(_semicolons(**{"Size m2": other})).faults[0].message
