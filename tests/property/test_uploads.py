"""Files of anything at all: what is taken comes out as it went in, and all else is a problem that is told."""

import csv
import io
import json
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.datasets.uploads.csv_rows import CsvReader
from app.datasets.uploads.importing import import_file
from app.datasets.uploads.json_rows import JsonReader
from app.datasets.uploads.names import named
from app.datasets.uploads.problems import Problem
from app.datasets.uploads.sniff import Source
from app.datasets.uploads.split import held_out, on_both_sides, repeated
from app.wire.datasets import ImportPlan
from app.wire.declarations import RESERVED, NumberColumn, TextColumn

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12)
)
PLAN = ImportPlan(task="own", dataset="own")


def _rows(reader: Any) -> list[list[Any]]:
    found = []
    for batch in reader.batches(look=False):
        assert [] == batch.faults
        assert sorted(batch.lines) == batch.lines
        found += [list(row) for row in zip(*batch.columns, strict=True)]
    return found


@given(
    tables,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=300, deadline=None)
def test_any_table_comes_back_from_csv(rows: list[list[str]], delimiter: str, end: str, encoding: str) -> None:
    target = io.StringIO(newline="")
    names = [f"name {place}" for place in range(len(rows[0]))]
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    content = target.getvalue().encode(encoding)
    source = Source(io.BytesIO(content), "csv", len(content), len(content), encoding=encoding, delimiter=delimiter)

    assert rows == _rows(CsvReader(source, PLAN))


values = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False) | cells
objects = st.lists(st.dictionaries(st.sampled_from("abcd"), values, min_size=1), min_size=1, max_size=12)


@given(objects, st.sampled_from(["json", "jsonl"]), st.sampled_from([None, 2]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_objects_come_back_from_json(
    rows: list[dict[str, Any]], form: Any, indent: int | None, plain: bool
) -> None:
    one = [json.dumps(row, ensure_ascii=plain) for row in rows]
    text = json.dumps(rows, ensure_ascii=plain, indent=indent) if form == "json" else "\n".join(one)
    content = text.encode()
    reader = JsonReader(Source(io.BytesIO(content), form, len(content), len(content), encoding="utf-8"), PLAN)
    _rows(reader)  # which tells the names

    assert [[row.get(name) for name in reader.names] for row in rows] == _rows(reader)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_dataset_or_a_problem(content: bytes) -> None:
    with suppress(Problem):
        import_file(io.BytesIO(content), PLAN, lambda *_: None)


STARTS = [b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"[", b"{", b"a,b\n", b'{"a":', b"[{", b"\xff\xfe", b"\xef\xbb\xbf"]


@given(st.sampled_from(STARTS), st.binary(max_size=200), st.sampled_from([b"", b"PAR1", b"PK\x05\x06" + b"\0" * 18]))
@settings(max_examples=300, deadline=None)
def test_any_damaged_file_is_a_problem_that_is_told(start: bytes, content: bytes, end: bytes) -> None:
    test_any_bytes_are_a_dataset_or_a_problem.hypothesis.inner_test(start + content + end)  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_text", [True, False])
@given(st.lists(st.text(max_size=80), max_size=10))
@settings(deadline=None)
def test_any_names_become_names_of_a_task(is_text: bool, sources: list[str]) -> None:
    taken: set[str] = set()
    for source in sources:
        name = named(source, taken, is_field=is_text)
        assert name not in taken | RESERVED
        assert TextColumn(name=name, title="x") if is_text else NumberColumn(name=name)
        assert not name.startswith("_")
        taken.add(name)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), min_size=1, max_size=200),
    st.floats(0.05, 0.95),
    st.integers(0, 5),
)
@settings(max_examples=300, deadline=None)
def test_any_split_keeps_equal_inputs_together(rows: list[tuple[int, int]], share: float, seed: int) -> None:
    """And has rows of each label on either side, where the label has inputs of its own that differ."""
    numbers = np.random.default_rng(seed).integers(0, 2**64, 41, dtype=np.uint64)
    keys = numbers[[key for key, _ in rows]]
    strata = np.array([label for _, label in rows], dtype=np.uint16)
    known = repeated(keys)

    test = held_out(keys, strata, share, known)

    assert 0 == on_both_sides(keys, known, test)
    by_label = {label: {key for key, own in rows if own == label} for _, label in rows}
    for label, inputs in by_label.items():
        shared = inputs & {key for other, theirs in by_label.items() if other != label for key in theirs}
        if len(inputs) > 1 and not shared:
            assert {True, False} == set(test[strata == label].tolist())


@given(st.lists(st.tuples(cells, st.sampled_from("abc")), min_size=8, max_size=60), st.integers(0, 3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_texts_are_those_of_the_file(tmp_path_factory: Any, rows: list[tuple[str, str]], seed: int) -> None:
    path = tmp_path_factory.mktemp("upload") / "rows.parquet"
    content = "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows).encode()
    plan = ImportPlan.model_validate(
        {"task": "own", "dataset": "own", "seed": seed, "out": str(path), "faulty_share": 1, "kind": {"kind": "text"}}
    )
    try:
        result = import_file(io.BytesIO(content), plan, lambda *_: None)
    except Problem:
        assert not path.exists()
        return
    kept = [(text, label) for text, label in rows if text.strip()]
    table = pq.read_table(path).to_pydict()

    assert kept == list(zip(table["text"], table["label"], strict=True))
    assert len(rows) - len(kept) == result.findings.skipped
    assert result.findings.test_rows == table["split"].count("test")
