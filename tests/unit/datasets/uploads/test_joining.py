"""Rows that are added to those of an earlier version."""

import io
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app.datasets.uploads.importing import import_file
from app.datasets.uploads.joining import joined
from app.wire.datasets import ImportResult
from tests.support.uploads import TEAMS, csv_of, plan_of, tickets, written

EARLIER = tickets(200)


class Dataset:
    """A dataset to which rows are added."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]] = EARLIER) -> None:
        self.folder = folder
        self.first, _ = written(folder, csv_of(rows).encode())

    def plan(self, **fields: Any) -> Any:
        about = {
            "earlier": str(self.folder / "rows.parquet"),
            "earlier_findings": self.first.findings,
            "declared_kind": self.first.kind,
            "declared_answer": self.first.answer,
        }
        return plan_of(out=str(self.folder / "both.parquet"), **about, **fields)

    def append(self, rows: list[dict[str, Any]], **fields: Any) -> ImportResult:
        plan = self.plan(**fields)
        return joined(plan, import_file(io.BytesIO(csv_of(rows).encode()), plan, lambda *_: None))

    def sides(self) -> dict[str, set[str]]:
        """The splits in which each message lies."""
        table = pq.read_table(self.folder / "both.parquet").to_pydict()
        found: dict[str, set[str]] = {}
        for message, side in zip(table["message"], table["split"], strict=True):
            found.setdefault(message, set()).add(side)
        return found


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset(tmp_path)


MORE = [{**row, "message": f"{row['message']}, again"} for row in tickets(20, seed=5)]
ONE_LABEL = [{"id": n, "message": TEAMS["sales"].format(f"new {n}"), "team": "sales"} for n in range(20)]


@pytest.mark.parametrize(
    "rows",
    [MORE[:1], ONE_LABEL, [{**row, "split": "train"} for row in MORE], [{**row, "split": "test"} for row in MORE]],
    ids=["one row", "one label", "all of them to train on", "all of them to test"],
)
def test_what_is_added_may_be_one_sided(dataset: Dataset, rows: list[dict[str, Any]]) -> None:
    found = dataset.append(rows).findings

    assert 200 + len(rows) == found.rows == found.train_rows + found.test_rows
    assert found.rows == sum(label.train + label.test for label in found.labels)
    if "split" in rows[0]:
        fresh = found.test_rows - dataset.first.findings.test_rows
        assert (20 if rows[0]["split"] == "test" else 0) == fresh
    assert not [warning for warning in found.warnings if "a network needs" in warning]


def test_rows_that_come_one_by_one_are_held_out_as_often_as_others(dataset: Dataset) -> None:
    sides = []
    for row in tickets(300, seed=9):
        plan = dataset.plan()
        content = io.BytesIO(csv_of([row]).encode())
        sides.append(import_file(content, plan, lambda *_: None).findings.test_rows)

    assert 0.12 < sum(sides) / len(sides) < 0.28


def test_inputs_that_a_given_split_puts_on_the_other_side_are_told(dataset: Dataset) -> None:
    held_out = pq.read_table(dataset.folder / "rows.parquet", filters=[("split", "==", "test")]).to_pylist()
    rows = [{"message": row["message"], "team": row["team"], "split": "train"} for row in held_out[:7]]

    found = dataset.append([*rows, {**rows[0], "message": "quite another one", "split": "test"}]).findings

    assert "7 inputs of the test split are trained on as well" in found.warnings
    assert 7 == sum(len(sides) == 2 for sides in dataset.sides().values())


def test_inputs_without_a_split_stay_where_they_were(dataset: Dataset) -> None:
    found = dataset.append(EARLIER[:50]).findings

    assert not [warning for warning in found.warnings if "trained on as well" in warning]
    assert {1} == {len(sides) for sides in dataset.sides().values()}
