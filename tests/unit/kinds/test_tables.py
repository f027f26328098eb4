"""Tables of all kinds of columns: what they take, how it is seen, warned of and explained."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from app.datasets.catalog import DatasetCatalog
from app.domain.tables import MixedColumns, Raw, Standardized
from app.encoding.encoder import Columns
from app.errors import DatasetInvalid
from app.kinds.table import WIDEST
from app.tasks.catalog import task_of
from app.tasks.declared import declare
from app.wire.declarations import DatasetInfo, OneOf, TableKind
from app.wire.encodings import NamedValues, Restored, Values

COLUMNS: list[dict[str, Any]] = [
    {"name": "age", "range": {"least": 0, "greatest": 100, "step": 1}},
    {"name": "team", "kind": "category", "values": ["red", "green"]},
    {"name": "member", "kind": "flag", "required": False},
    {"name": "since", "kind": "date", "required": False},
]
ROWS: Columns = {
    "age": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
    "team": ["red", "green", "red", "green", "red", "red"],
    "member": [True, False, None, True, True, False],
    "since": ["2020-01-01", None, "2021-06-30", "2020-03-01", "2020-09-30", "2020-05-05"],
}
FEATURES: dict[str, Any] = {"age": 20, "team": "green", "member": True, "since": "2020-03-01"}


def table(*columns: dict[str, Any], **changes: Any) -> Any:
    kind = TableKind.model_validate({"columns": [*(columns or COLUMNS)]})
    return task_of(declare("own", "Own", "", kind, OneOf(labels=("a", "b"), **changes), None, []))


TASK = table()
ENCODER = TASK.fit_encoder(MixedColumns(), ROWS)


def item(**changes: Any) -> Any:
    given = {name: value for name, value in {**FEATURES, **changes}.items() if value != "left out"}
    return TASK.Input.model_validate({"features": given})


def warned(**changes: Any) -> list[str]:
    columns = TASK.columns([item(**changes)])
    found = TASK.warnings(ENCODER, ENCODER.encode(columns), columns)
    return [f"{warning.field}: {warning.message}" for warning in found.get(0, [])]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"age": None}, "age"),
        ({"age": "left out"}, "age"),
        ({"age": "20"}, "age"),
        ({"age": 1e8}, "age"),
        ({"team": ["red"]}, "team"),
        ({"team": {"red": 1}}, "team"),
        ({"team": "r" * 1_001}, "team"),
        ({"team": None}, "team"),
        ({"member": 2}, "member"),
        ({"member": "maybe"}, "member"),
        ({"member": [True]}, "member"),
        ({"since": 2020}, "since"),
        ({"since": True}, "since"),
        ({"since": "1 March"}, "since"),
        ({"since": "2020-02-30"}, "since"),
        ({"more": 1}, "more"),
    ],
)
def test_what_a_column_does_not_hold_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        item(**changes)

    assert [("features", field)] == [error["loc"] for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("column", "values", "meant"),
    [
        ("member", [True, "true", "Yes", "y", "T", " yes ", 1, 1.0, "1", "1.0"], True),
        ("member", [False, "false", "No", "n", 0, "0.0"], False),
        ("member", [None, "", "NA", "?"], None),
        (
            "since",
            ["2020-03-01", "2020-03-01T10:00:00Z", "2020/3/1", "01.03.2020", "3/1/2020", "1 March 2020"],
            date(2020, 3, 1),
        ),
        ("since", [20200301, "20200301", 20200301.0, 1583020800], date(2020, 3, 1)),
        ("since", [None, "", " ", "n/a"], None),
        ("team", ["red", " red "], "red"),
        ("team", [3, 3.0, "3"], "3"),
        ("team", [True, "true"], "true"),
    ],
)
def test_a_column_takes_what_is_read_from_files(column: str, values: list[Any], meant: Any) -> None:
    """Rows of a CSV as they are there can be asked about."""
    assert [meant] * len(values) == [getattr(item(**{column: value}).features, column) for value in values]


def test_an_empty_category_is_missing_where_it_may_be() -> None:
    optional = table({"name": "team", "kind": "category", "required": False})

    assert optional.Input.model_validate({"features": {"team": " "}}).features.team is None


def test_days_with_slashes_are_read_as_the_file_has_them() -> None:
    task = table({"name": "since", "kind": "date", "day_first": True})

    assert date(2020, 3, 1) == task.Input.model_validate({"features": {"since": "1/3/2020"}}).features.since


def test_what_is_taken_too_is_not_in_the_schema() -> None:
    """It tells the one form that is best."""
    columns = TASK.Input.model_json_schema()["$defs"]["OwnFeatures"]["properties"]

    assert "string" == columns["team"]["type"]
    assert ["boolean", "null"] == [each["type"] for each in columns["member"]["anyOf"]]
    assert {"type": "string", "format": "date"} == columns["since"]["anyOf"][0]


@pytest.mark.parametrize("changes", [{"member": None}, {"since": "left out"}, {"since": "2020-03-01T10:00"}])
def test_what_is_not_needed_may_be_left_out(changes: dict[str, Any]) -> None:
    assert item(**changes)


def test_names_that_every_form_has_are_columns_too() -> None:
    task = table({"name": "json"}, {"name": "model_config"}, {"name": "model"})
    found = task.Input.model_validate({"features": {"json": 1, "model_config": 2, "model": 3}})

    assert {"json": [1], "model_config": [2], "model": [3]} == task.columns([found])
    assert {"json", "model_config", "model"} == set(
        task.Input.model_json_schema()["$defs"]["OwnFeatures"]["properties"]
    )


def test_numbers_that_are_large_in_the_rows_are_taken() -> None:
    task = table({"name": "income", "range": {"least": 0, "greatest": 5e7, "step": 1}})

    assert task.Input.model_validate({"features": {"income": 4e7}})


def test_what_no_training_row_has_is_warned_of() -> None:
    assert [] == warned()
    assert ["features.age: lies outside the training rows' range, 10 to 60"] == warned(age=61)
    assert ["features.team: is a value that no training row has, or next to none"] == warned(team="blue")
    assert ["features.since: lies outside the training rows' range, 2020-01-01 to 2021-06-30"] == warned(
        since="2024-01-01"
    )
    assert [] == warned(member=None, since=None)


def test_an_input_is_seen_and_turned_back() -> None:
    asked = item(member=None)
    encoding = TASK.encoding(ENCODER, asked, ENCODER.encode(TASK.columns([asked])))
    assert isinstance(encoding, NamedValues)
    assert ["age", "team=red", "team=green", "team:unseen", "member", "member:missing"] == encoding.columns[:6]
    assert [0, 1, 0] == encoding.values[1:4]
    restored = TASK.decoding(ENCODER, Values(values=encoding.values))
    assert isinstance(restored, Restored)

    assert {**FEATURES, "member": None} == {
        **restored.input["features"],
        "age": pytest.approx(20, abs=1e-4),  # of six decimals of a deviation
    } | {"age": 20}


def test_effects_are_those_of_whole_columns() -> None:
    found = TASK.explanation(ENCODER, item(), np.array([0.1, 0.2, 0.3, 0.4]), "b")

    assert {"age": 0.1, "team": 0.2, "member": 0.3, "since": 0.4} == found.effects


@pytest.mark.parametrize("features", [Standardized(), Raw()])
def test_plain_numbers_must_be_numbers_and_needed(features: Any) -> None:
    assert "column 'team'" in TASK.check_features(features)[1]
    only = features.model_copy(update={"exclude": ("team", "member", "since")})
    assert TASK.check_features(only) is None
    assert 1 == TASK.fit_encoder(only, ROWS).width


def test_a_row_can_be_too_wide() -> None:
    values = [str(place) for place in range(1_000)]
    task = table(*({"name": f"c{place}", "kind": "category", "values": values} for place in range(20)))

    assert f"{WIDEST:,}" in task.check_features(MixedColumns())[1]
    assert task.check_features(MixedColumns(categories=100)) is None
    assert task.check_features(task.presets["baseline"].recipe.features) is None


def test_a_number_that_was_needed_once_is_its_mean_where_it_is_missing() -> None:
    needed, optional = table({"name": "a"}), table({"name": "a", "required": False})
    saved = needed.fit_encoder(Standardized(), {"a": [1.0, 3.0]}).to_json()

    assert 0 == optional.load_encoder(saved).encode({"a": [None]})


def test_columns_of_a_file_may_be_empty_where_they_are_not_needed(tmp_path: Path) -> None:
    """Whatever type of Parquet's holds them."""
    task = table(*[{**column, "required": False} for column in COLUMNS])
    info = DatasetInfo("own", "", 3, 1)
    rows: Any = {
        "age": pa.array([1, None, 3, 4], pa.int64()),
        "team": pa.array(["red", None, "red", "green"]).dictionary_encode(),
        "member": pa.array([True, None, False, True]),
        "since": pa.array([date(2020, 1, 1), None, date(2020, 5, 1), date(2021, 1, 1)], pa.date32()),
        "label": ["a", "b", "a", "b"],
        "split": ["train", "train", "train", "test"],
    }
    pq.write_table(pa.table(rows), tmp_path / "own.parquet")
    dataset = DatasetCatalog(tmp_path).read(task, info)
    encoder = task.fit_encoder(MixedColumns(), dataset.train.columns)

    assert [0, 1, 0] == encoder.encode(dataset.train.columns)[:, 1].tolist()
    assert {"age": None, "team": None, "member": None, "since": None} == encoder.restore(
        encoder.encode(dataset.train.columns)[1]
    )
    needed = table()
    with pytest.raises(DatasetInvalid, match="rows without age"):
        DatasetCatalog(tmp_path).read(needed, info)
