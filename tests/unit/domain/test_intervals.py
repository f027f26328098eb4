"""95 % intervals of figures, against SciPy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.domain import intervals


@pytest.mark.parametrize(("right", "rows"), [(0, 10), (9, 10), (10, 10), (1, 1), (22_000, 25_000)])
def test_that_of_a_share_is_wilsons(right: int, rows: int) -> None:
    expected = stats.binomtest(right, rows).proportion_ci(0.95, method="wilson")

    low, high = intervals.of_share(right / rows, rows)

    assert (expected.low, expected.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


@given(st.integers(1, 100_000), st.data())
def test_a_share_lies_within_its_interval(rows: int, data: st.DataObject) -> None:
    share = data.draw(st.integers(0, rows)) / rows

    low, high = intervals.of_share(share, rows)

    assert 0 <= low <= share <= high <= 1


def test_that_of_a_mean_is_the_normal_one_and_not_below_zero() -> None:
    low, high = intervals.of_mean(2.5, 1.5, 100)

    assert stats.norm(2.5, 0.15).interval(0.95) == (pytest.approx(low), pytest.approx(high))
    assert 0 == intervals.of_mean(0.1, 5.0, 4).low
