"""Tables of many columns are encoded together, as column by column, and in a fraction of the time."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.domain.tables import MixedColumns
from app.encoding import parts
from app.encoding.mixed import MixedEncoder
from app.encoding.parts import ColumnSpec

RANDOM = np.random.default_rng(0)
ROWS = 60


def numbers(count: int) -> tuple[list[ColumnSpec], dict[str, list[Any]]]:
    specs = [ColumnSpec(f"c{place}", "number", required=place % 3 > 0) for place in range(count)]
    values = {spec.name: RANDOM.normal(size=ROWS).round(3).tolist() for spec in specs}
    for spec in specs:
        if not spec.required:
            values[spec.name][::7] = [None] * len(values[spec.name][::7])
    return specs, values


def least_seconds(function: Callable[[], Any]) -> float:
    taken = []
    for _ in range(5):
        started = time.process_time()
        function()
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.mark.parametrize("scale", ["standardized", "piecewise", "normal", "standardized_and_piecewise"])
def test_numbers_together_are_as_each_by_itself(scale: Any) -> None:
    features = MixedColumns(numbers=scale)
    specs, values = numbers(9)
    values["c1"][3] = values["c0"][3] = 1e300
    encoder = MixedEncoder.fit(features, specs, values)
    rows, start = encoder.encode(values), 0
    for spec in specs:
        there = [place for place, value in enumerate(values[spec.name]) if value is not None]
        given = [values[spec.name][place] for place in there]
        part = parts.fitted(features, spec, given)
        end = start + len(part.names)

        assert np.array_equal(np.clip(part.encode(given), -1e6, 1e6).astype(np.float32), rows[there, start:end])
        if not spec.required:
            assert [place not in there for place in range(ROWS)] == (rows[:, end] == 1).tolist()
        start = end + (not spec.required)


@pytest.mark.parametrize("scale", ["standardized", "piecewise", "standardized_and_piecewise"])
def test_a_row_of_a_thousand_numbers_is_encoded_and_doubted_within_three_milliseconds(scale: Any) -> None:
    """Column by column it took 20 and more."""
    specs, values = numbers(1_000)
    encoder = MixedEncoder.fit(MixedColumns(numbers=scale), specs, values)
    row = {name: column[1:2] for name, column in values.items()}

    assert least_seconds(lambda: encoder.doubts(encoder.encode(row))) < 0.003


def test_many_rows_or_columns_are_nothing_for_the_event_loop() -> None:
    specs, values = numbers(13)
    few = MixedEncoder.fit(MixedColumns(), specs, values)
    listed = [ColumnSpec(f"c{place}", "category") for place in range(200)]
    many = MixedEncoder.fit(MixedColumns(), listed, {spec.name: ["a", "b"] * 30 for spec in listed})

    assert [True, True, False] == [few.microseconds(rows) < 500 for rows in (1, 20, 10_000)]
    assert many.microseconds(1) > 500
