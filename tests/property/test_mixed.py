"""Tables of any columns, with gaps, as network inputs."""

import json
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.tables import MixedColumns
from app.encoding.mixed import MixedEncoder, width_of
from app.encoding.parts import ColumnSpec

VALUES = ("red", "green", "blue", "?", "")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5).map(float)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "number": NUMBERS,
    "category": st.sampled_from(VALUES) | st.text(max_size=3),
    "flag": st.booleans(),
    "date": st.dates() | st.dates().map(date.isoformat),
}
FEATURES = st.builds(
    MixedColumns,
    numbers=st.sampled_from(["standardized", "normal", "piecewise", "standardized_and_piecewise"]),
    bins=st.integers(2, 20),
    categories=st.integers(1, 4),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[ColumnSpec], dict[str, list[Any]], dict[str, list[Any]]]:
    """Columns, the rows to learn from, and some others."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    specs, trained, asked = [], {}, {}
    count = draw(st.integers(1, 12))
    for place, kind in enumerate(kinds):
        required = draw(st.booleans())
        declared = VALUES if draw(st.booleans()) else ()
        name = f"c{place}"
        specs.append(ColumnSpec(name, kind, required, declared if kind == "category" else ()))  # type: ignore[arg-type]
        value = KINDS[kind] if required else st.none() | KINDS[kind]
        trained[name] = draw(st.lists(value, min_size=count, max_size=count))
        asked[name] = draw(st.lists(st.none() | KINDS[kind], min_size=4, max_size=4))
    return specs, trained, asked


@given(features=FEATURES, drawn=tables())
@settings(max_examples=100, deadline=None)
def test_any_table_can_be_encoded(features: MixedColumns, drawn: Any) -> None:
    """With finite numbers, no more than the declared width, row by row as together, and as a saved encoder does it."""
    specs, trained, asked = drawn
    encoder = MixedEncoder.fit(features, specs, trained)
    saved = MixedEncoder.from_json(json.loads(json.dumps(encoder.to_json())))

    assert encoder.columns == saved.columns
    assert [spec.name for spec in specs] == encoder.names
    if all(spec.values for spec in specs if spec.kind == "category"):
        assert encoder.width <= width_of(features, specs)
    for columns in (trained, asked):
        rows = encoder.encode(columns)
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
        np.testing.assert_array_equal(rows, saved.encode(columns))
        assert encoder.doubts(rows) == saved.doubts(rows)
        for row in range(len(rows)):
            alone = encoder.encode({name: values[row : row + 1] for name, values in columns.items()})
            np.testing.assert_array_equal(rows[row], alone[0])
            assert json.dumps(encoder.restore(rows[row].astype(np.float64)))


@given(features=FEATURES, drawn=tables())
@settings(max_examples=60, deadline=None)
def test_training_rows_are_within_their_own_range(features: MixedColumns, drawn: Any) -> None:
    specs, trained, _ = drawn
    encoder = MixedEncoder.fit(features, specs, trained)
    ranges = {spec.name for spec in specs if spec.kind in ("number", "date")}

    assert [] == [doubt for doubt in encoder.doubts(encoder.encode(trained)) if doubt[1] in ranges]


@given(features=FEATURES, drawn=tables())
@settings(max_examples=60, deadline=None)
def test_what_never_varies_in_training_stays_as_it_was(features: MixedColumns, drawn: Any) -> None:
    """The network cannot have learnt anything of another value."""
    specs, trained, asked = drawn
    encoder = MixedEncoder.fit(features, specs, trained)
    rows = encoder.encode(trained)
    never = rows.min(axis=0) == rows.max(axis=0)

    np.testing.assert_array_equal(np.broadcast_to(rows[0, never], (4, never.sum())), encoder.encode(asked)[:, never])


@given(
    features=FEATURES.filter(lambda features: features.categories > 2),
    rows=st.lists(
        st.tuples(st.integers(-1000, 1000), st.sampled_from("ab"), st.booleans(), st.dates(date(1900, 1, 1))),
        min_size=2,
        max_size=10,
    ),
)
@settings(max_examples=60, deadline=None)
def test_rows_that_were_learnt_are_restored(features: MixedColumns, rows: list[tuple[int, str, bool, date]]) -> None:
    """Each value, up to rounding in float32; a category only if it was frequent enough."""
    doubled = [*rows, *rows]
    columns = {name: [row[place] for row in doubled] for place, name in enumerate(("number", "name", "flag", "day"))}
    specs = [
        ColumnSpec("number", "number"),
        ColumnSpec("name", "category"),
        ColumnSpec("flag", "flag"),
        ColumnSpec("day", "date"),
    ]
    encoder = MixedEncoder.fit(features, specs, columns)
    encoded = encoder.encode(columns)

    for place, (number, name, flag, day) in enumerate(rows):
        restored = encoder.restore(encoded[place].astype(np.float64))
        assert abs(number - restored["number"]) < 0.01
        assert (name, flag) == (restored["name"], restored["flag"])
        assert abs((date.fromisoformat(restored["day"]) - day).days) <= 1


def test_another_version_is_not_read() -> None:
    encoder = MixedEncoder.fit(MixedColumns(), [ColumnSpec("a", "number")], {"a": [1.0, 2.0]})
    saved = {**encoder.to_json(), "version": 2}

    with pytest.raises(ValueError, match="version 2"):
        MixedEncoder.from_json(saved)
