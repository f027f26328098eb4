"""Which training rows are held out: drawn ones with all that are equal."""

import numpy as np
import pytest

from app.domain.recipes import Holdout, KFold
from app.encoding.rows import ByteRows, Encoded, SparseRows, take
from app.training.held_out import keys_of, order_of

DRAW = np.random.default_rng(3)
VALUES = DRAW.integers(0, 2, (60, 12)).astype(np.uint8) * 255
VALUES[:, 0] = 255  # none is empty
NUMBERS = DRAW.integers(0, 60, 1_000)  # which of them each row is
FORMS: dict[str, Encoded] = {
    "floats": np.divide(VALUES[NUMBERS], np.float32(7), dtype=np.float32),
    "bytes": ByteRows(VALUES[NUMBERS], 255),
    "ones": SparseRows(
        np.nonzero(VALUES[NUMBERS])[1].astype(np.int32),
        np.concatenate(([0], np.cumsum((VALUES[NUMBERS] > 0).sum(axis=1)))),
        12,
        np.ones(1_000),
    ),
}


def _kinds(rows: np.ndarray) -> set[bytes]:
    return {VALUES[number].tobytes() for number in NUMBERS[rows]}


@pytest.mark.parametrize("form", FORMS)
def test_equal_rows_are_on_one_side(form: str) -> None:
    held_out, rest = order_of(Holdout(size=200, rows="shuffled"), FORMS[form]).parts([200])

    assert 180 <= len(held_out) <= 220
    assert set() == _kinds(held_out) & _kinds(rest)
    assert list(range(1_000)) == sorted([*held_out, *rest])


def test_equal_rows_are_in_one_fold() -> None:
    parts = order_of(KFold(folds=5, rows="shuffled"), FORMS["bytes"]).parts([200, 400, 600, 800])

    assert all(170 <= len(part) <= 230 for part in parts)
    assert len(_kinds(np.arange(1_000))) == sum(len(_kinds(part)) for part in parts)


def test_what_nearly_all_rows_are_is_trained_on() -> None:
    rows = np.zeros((1_000, 3), dtype=np.float32)
    rows[::5, 0] = np.arange(200)

    held_out, rest = order_of(Holdout(size=100, rows="shuffled"), rows).parts([100])

    assert (100, 900) == (len(held_out), len(rest))
    assert rows[held_out, 0].all()


def test_rows_that_are_all_equal_are_held_out_all_the_same() -> None:
    held_out, rest = order_of(Holdout(size=10, rows="shuffled"), np.ones((50, 3), dtype=np.float32)).parts([10])

    assert (10, 40) == (len(held_out), len(rest))


def test_different_rows_are_drawn_as_ever_and_rows_in_order_stay() -> None:
    rows = np.arange(300, dtype=np.float32).reshape(100, 3)

    drawn, _ = order_of(Holdout(size=20, rows="shuffled"), rows).parts([20])
    first, _ = order_of(Holdout(size=20), rows[:1].repeat(100, axis=0)).parts([20])

    assert np.random.default_rng(100).permutation(100)[:20].tolist() == drawn.tolist()
    assert list(range(20)) == first.tolist()


@pytest.mark.parametrize("form", FORMS)
def test_keys_are_those_of_the_rows(form: str) -> None:
    order = DRAW.permutation(1_000)

    np.testing.assert_array_equal(keys_of(FORMS[form])[order], keys_of(take(FORMS[form], order)))
    assert len(_kinds(np.arange(1_000))) == len(np.unique(keys_of(FORMS[form])))
