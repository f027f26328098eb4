"""Novelty of any rows: a share, the same for a row alone as among others, and never less for a greater score."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.encoding.rows import Encoded, SparseRows, take
from app.inference.distance import Distance
from app.inference.novelty import Measure, Novelty, Strangeness, measure_from
from app.training.novelty import SHARES
from app.wire.manifests import NoveltyRecord
from tests.support.strategies import sparse_rows

WIDTH = 6
SOME = settings(max_examples=150, deadline=None)
numbers = st.floats(-1e6, 1e6, width=32)
matrices = st.lists(st.lists(numbers, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=9).map(
    lambda rows: np.array(rows, dtype=np.float32)
)


@st.composite
def distances(draw: st.DrawFn) -> Distance:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    directions: Any = np.linalg.qr(rng.normal(size=(WIDTH, draw(st.integers(1, WIDTH)))))[0]
    directions = directions.astype(np.float32)
    deviations = rng.uniform(0.1, 9, directions.shape[1]).astype(np.float32)
    mean, scale = rng.normal(size=WIDTH).astype(np.float32), rng.uniform(0.1, 9, WIDTH).astype(np.float32)
    return Distance(mean, scale, directions, deviations, float(rng.uniform(0.1, 9)))


@st.composite
def measures_of_texts(draw: st.DrawFn) -> Strangeness:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first, few = draw(st.integers(1, WIDTH - 2)), draw(st.integers(1, 2))
    words = WIDTH - first
    chosen = np.stack([rng.choice(words, few, replace=False) for _ in range(2)]).astype(np.int32)
    counts, weights = rng.integers(0, 50, words).astype(np.int32), rng.uniform(size=(2, few)).astype(np.float32)
    found = Strangeness(first, counts, 50, chosen, weights)
    fits = np.column_stack([rng.normal(size=(2, 3)), rng.uniform(0.1, 2, (2, 2))]).astype(np.float32)
    found.settle(fits, (float(rng.uniform(0.5, 3)), float(rng.uniform(0.5, 3))), 40.0)
    return found


def _holds(measure: Measure, rows: Encoded) -> None:
    scores = measure.raw(rows)
    assert not np.isnan(scores).any()
    alone = [measure.raw(take(rows, np.array([row])))[0] for row in range(len(rows))]
    np.testing.assert_allclose(scores, alone, rtol=1e-3, atol=1e-3)
    assert scores == measure_from(measure.arrays()).raw(rows)


@SOME
@given(distances(), matrices)
def test_any_row_has_a_distance(measure: Distance, rows: Any) -> None:
    _holds(measure, rows)
    assert min(measure.raw(rows)) >= 0


@SOME
@given(measures_of_texts(), sparse_rows(WIDTH))
def test_any_text_has_a_score_and_is_unknown_if_no_word_is_known(measure: Strangeness, rows: SparseRows) -> None:
    rows = replace(rows, known=np.linspace(0, 1, len(rows)))
    _holds(measure, rows)
    np.testing.assert_array_equal(np.isinf(measure.raw(rows)), ~(rows.known > 0))


@SOME
@given(
    st.lists(st.floats(0, 100), min_size=len(SHARES), max_size=len(SHARES)).map(sorted),
    st.lists(st.floats(-10, 1e300), min_size=1, max_size=20).map(sorted),
)
def test_a_greater_score_is_never_less_novel(quantiles: list[float], scores: list[float]) -> None:
    record = NoveltyRecord(rows=9, limit=0.99, shares=list(SHARES), scores=quantiles, false_alarms=0)

    class Given:
        def raw(self, rows: Any, hidden: Any = None) -> Any:
            del hidden
            return rows

        def arrays(self) -> dict[str, Any]:
            return {}

    given_rows: Any = scores
    found = [share for share, _ in Novelty(Given(), record).of(given_rows)]
    assert sorted(found) == found
    assert 0 <= found[0] <= found[-1] <= 1
