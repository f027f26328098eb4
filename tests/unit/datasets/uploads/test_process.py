"""The importing process: a file in, lines of JSON out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from app.wire.datasets import ImportResult
from tests.support.uploads import csv_of, plan_of, tickets


def _run(path: Path, **plan: Any) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "app.datasets.uploads", plan_of(**plan).model_dump_json(exclude_unset=True)]
    with path.open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    assert "" == done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_it_tells_its_progress_and_its_result(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.parquet"
    source.write_text(csv_of(tickets(500)))

    status, lines = _run(source, out=str(target))

    assert 0 == status
    assert {"bytes", "of", "rows"} == set(lines[0]["progress"])
    assert lines[0]["progress"]["bytes"] <= lines[0]["progress"]["of"] == source.stat().st_size
    result = ImportResult.model_validate(lines[-1]["result"])
    assert 500 == result.findings.rows == pq.read_metadata(target).num_rows
    assert target.stat().st_size == result.bytes


def test_a_problem_is_told_with_its_faults(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.parquet"
    source.write_text("text,label\na,b,c\nd,e,f\n")

    status, lines = _run(source, out=str(target))

    assert 0 == status
    assert {"message", "field", "faults"} == set(lines[-1]["problem"])
    assert [2, 3] == [fault["line"] for fault in lines[-1]["problem"]["faults"]]
    assert not target.exists()


def test_a_plan_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.datasets.uploads"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )

    assert 2 == done.returncode


def test_too_much_memory_is_a_problem_of_the_file(tmp_path: Path) -> None:
    """The limit is set on the process itself; here it is set lower from the outside."""
    source = tmp_path / "a.csv"
    source.write_text(csv_of(tickets(200)))
    code = (
        "import app.datasets.uploads.process as process, sys\n"
        "def fails(*_): raise MemoryError\n"
        "process.import_file = fails\n"
        "sys.exit(process.main())"
    )
    with source.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code, plan_of().model_dump_json()], stdin=file, capture_output=True, check=False
        )

    assert 0 == done.returncode
    assert "takes more than 2,048 MiB of memory" in json.loads(done.stdout)["problem"]["message"]


def test_half_characters_anywhere_can_be_told(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    rows = [{"text": "\ud800", "label": "a"}, {"text": "a", "label": "\udfff"}, {"\ud800": 1}, {"t": ["\ud800"]}]
    source.write_text("\n".join(map(json.dumps, [*rows, {"text": "x", "label": "y"}])))

    _, lines = _run(source)

    assert "problem" in lines[-1]
