"""Housing: standardised columns and an honest unit."""

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.domain.tables import Raw, Standardized
from app.encoding.encoder import Encoder
from app.encoding.rows import FloatMatrix
from app.encoding.table import Standardizer
from app.wire.predictions import Options
from tests.support.tasks import TASKS

TASK = TASKS.get("housing")
EXAMPLE: dict[str, float] = TASK.example["features"]


def columns_of(rows: int, **given: list[float]) -> dict[str, list[float]]:
    """Thirteen columns that vary, with those given in place of their own."""
    rng = np.random.default_rng(5)
    return {name: rng.normal(10, 3, rows).tolist() for name in TASK.input_columns} | given


def rows_of(encoder: Encoder, columns: dict[str, list[float]]) -> FloatMatrix:
    rows = encoder.encode(columns)
    assert isinstance(rows, np.ndarray)
    return rows


def test_standardised_columns_have_mean_zero_and_deviation_one() -> None:
    columns = columns_of(50)
    rows = rows_of(TASK.fit_encoder(Standardized(), columns), columns)

    assert (50, 13) == rows.shape
    np.testing.assert_allclose(0, rows.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(1, rows.std(axis=0), rtol=1e-5)


def test_the_deviation_is_the_populations() -> None:
    """As NumPy's `std` in the notebook: divided by n, not by n - 1."""
    encoder = TASK.fit_encoder(Standardized(), columns_of(2, CRIM=[1.0, 3.0]))

    assert isinstance(encoder, Standardizer)
    assert (2.0, 1.0) == (encoder.mean[0], encoder.std[0])


def test_new_rows_are_measured_by_the_training_split() -> None:
    encoder = TASK.fit_encoder(Standardized(), columns_of(2, CRIM=[1.0, 3.0]))

    assert 8.0 == rows_of(encoder, columns_of(1, CRIM=[10.0]))[0, 0]


def test_columns_are_in_the_tables_order() -> None:
    columns = columns_of(4)
    encoder = TASK.fit_encoder(Standardized(), dict(reversed(columns.items())))

    assert isinstance(encoder, Standardizer)
    assert "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT".split() == encoder.columns
    np.testing.assert_array_equal(rows_of(encoder, columns), rows_of(encoder, dict(reversed(columns.items()))))


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.5, 0.1, 396.9, 1e-3, 1e6])
@pytest.mark.parametrize("rows", [2, 3, 404])
def test_a_constant_column_becomes_zero(constant: float, rows: int) -> None:
    """Neither NaN nor, for a value that is not exact in binary, a division by rounding error."""
    columns = columns_of(rows, NOX=[constant] * rows)
    encoder = TASK.fit_encoder(Standardized(), columns)
    place = list(TASK.input_columns).index("NOX")

    np.testing.assert_allclose(0, rows_of(encoder, columns)[:, place], atol=1e-6)
    moved = rows_of(encoder, columns_of(1, NOX=[constant + 0.5]))[0, place]
    assert pytest.approx(0.5, rel=1e-3) == moved


def test_excluded_columns_are_not_seen() -> None:
    columns = columns_of(5)
    encoder = TASK.fit_encoder(Standardized(exclude=("B", "CRIM")), columns)
    whole = rows_of(TASK.fit_encoder(Standardized(), columns), columns)
    kept = [i for i, name in enumerate(TASK.input_columns) if name not in {"B", "CRIM"}]

    assert 11 == encoder.width == TASK.input_width(Standardized(exclude=("B", "CRIM")))
    np.testing.assert_array_equal(whole[:, kept], rows_of(encoder, columns))
    np.testing.assert_array_equal(
        rows_of(encoder, columns), rows_of(encoder, {**columns, "B": [9e5] * 5, "CRIM": [float("nan")] * 5})
    )


def test_a_column_cannot_be_excluded_twice() -> None:
    with pytest.raises(ValidationError, match="names a column twice"):
        Standardized(exclude=("B", "B"))


def test_unknown_columns_cannot_be_excluded() -> None:
    field, reason = TASK.check_features(Standardized(exclude=("b", "zzz"))) or ("", "")

    assert "exclude" == field
    assert "no column 'b'" in reason


def test_one_column_must_stay() -> None:
    names = tuple(TASK.input_columns)

    assert "at least one column must stay" in (TASK.check_features(Standardized(exclude=names)) or ("", ""))[1]
    assert TASK.check_features(Standardized(exclude=names[1:])) is None


def test_raw_figures_keep_their_own_scales() -> None:
    columns = columns_of(5, TAX=[187.0, 240.0, 300.0, 666.0, 711.0])
    encoder = TASK.fit_encoder(Raw(), columns)
    expected = np.column_stack([columns[name] for name in TASK.input_columns]).astype(np.float32)

    np.testing.assert_array_equal(expected, rows_of(encoder, columns))
    assert 13 == encoder.width == TASK.input_width(Raw())


def test_raw_figures_are_excluded_as_others_are() -> None:
    columns = columns_of(5)
    encoder = TASK.fit_encoder(Raw(exclude=("B", "CRIM")), columns)
    whole = rows_of(TASK.fit_encoder(Raw(), columns), columns)
    kept = [i for i, name in enumerate(TASK.input_columns) if name not in {"B", "CRIM"}]

    assert 11 == encoder.width == TASK.input_width(Raw(exclude=("B", "CRIM")))
    np.testing.assert_array_equal(whole[:, kept], rows_of(encoder, columns))
    assert "at least one column" in (TASK.check_features(Raw(exclude=tuple(TASK.input_columns))) or ("", ""))[1]


def test_raw_figures_outside_the_training_rows_are_warned_of() -> None:
    columns = columns_of(5, TAX=[187.0, 240.0, 300.0, 666.0, 711.0])
    encoder = TASK.fit_encoder(Raw(), columns)
    beyond = {name: values[:1] for name, values in columns.items()} | {"TAX": [712.0]}

    assert {} == TASK.warnings(encoder, rows_of(encoder, columns), columns)
    (warning,) = TASK.warnings(encoder, rows_of(encoder, beyond), beyond)[0]
    assert ("features.TAX", True) == (warning.field, "187 to 711" in warning.message)


@pytest.mark.parametrize("features", [Standardized(), Raw(), Raw(exclude=("B",))])
def test_a_saved_encoder_is_loaded_as_its_own_kind(features: Standardized | Raw) -> None:
    columns = columns_of(5)
    encoder = TASK.fit_encoder(features, columns)
    saved = json.loads(json.dumps(encoder.to_json()))
    loaded = TASK.load_encoder(saved)

    assert features.kind == saved["kind"]
    assert (type(encoder), saved) == (type(loaded), loaded.to_json())
    np.testing.assert_array_equal(rows_of(encoder, columns), rows_of(loaded, columns))


def test_an_encoder_of_an_earlier_release_is_loaded() -> None:
    """Its form has not changed, and one without bounds warns of nothing."""
    saved = {"kind": "standardized", "columns": ["RM", "B"], "mean": [6.0, 300.0], "std": [0.5, 100.0]}
    encoder = TASK.load_encoder(saved)

    assert [[1.0, -2.0]] == rows_of(encoder, {"RM": [6.5], "B": [100.0]}).tolist()
    beyond = {"RM": [99.0], "B": [100.0]}
    assert {} == TASK.warnings(encoder, rows_of(encoder, beyond), beyond)


@pytest.mark.parametrize("kind", ["pixels", "", None, 1])
def test_an_encoder_of_another_kind_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match=f"unknown preprocessing {kind!r}"):
        TASK.load_encoder({"kind": kind, "columns": ["RM"], "mean": [1.0], "std": [1.0]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6 + 1, -1e6 - 1, 10**400, "0.1", True, None])
def test_a_feature_is_a_number_of_this_world(value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        TASK.Input.model_validate({"features": {**EXAMPLE, "NOX": value}})

    assert [("features", "NOX")] == [error["loc"] for error in caught.value.errors()]


@pytest.mark.parametrize("name", TASK.input_columns)
def test_all_thirteen_features_are_needed(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TASK.Input.model_validate({"features": {k: v for k, v in EXAMPLE.items() if k != name}})

    assert [("features", name)] == [error["loc"] for error in caught.value.errors()]


def test_other_features_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        TASK.Input.model_validate({"features": {**EXAMPLE, "MEDV": 20.0}})


def test_a_saved_form_of_uneven_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        TASK.load_encoder({"kind": "standardized", "columns": ["RM", "B"], "mean": [1.0], "std": [1.0, 1.0]})


def test_the_value_comes_with_its_unit() -> None:
    outputs = np.array([[21.123456], [-0.5]], dtype=np.float32)
    answers = TASK.decode(outputs, outputs, [], Options())

    assert [21.1235, -0.5] == [answer["value"] for answer in answers]
    assert {"thousands of 1970s US dollars"} == {answer["unit"] for answer in answers}


def test_targets_are_the_prices_themselves() -> None:
    targets = TASK.targets([21, 3.5], [], "regression")

    assert np.float64 == targets.dtype
    assert [21.0, 3.5] == targets.tolist()


def test_the_task_says_what_is_wrong_with_its_data() -> None:
    assert '"exclude": ["B"]' in (TASK.notice or "")
