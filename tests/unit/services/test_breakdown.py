"""What is told of a model's answers: labels, pairs, calibration, errors and intervals, of known answers."""

import numpy as np
import pytest

from app.artifacts.evaluation import MILLION, Evaluation, millionths_of
from app.domain.recipes import HEADS, HeadName
from app.services.breakdown import BINS, MOST_PAIRS, calibration_of, confusions_of, errors_of, labels_of
from app.services.intervals import interval_of
from app.services.paired import paired, same_rows
from app.training.calibrate import expected_calibration_error

LABELS = ["a", "b", "c"]
TARGET = np.array([0, 0, 0, 0, 1, 1, 1, 2], np.int32)
PREDICTED = np.array([0, 1, 1, 1, 1, 1, 0, 1], np.int32)
ONE = Evaluation(TARGET, PREDICTED)
SEVERAL = Evaluation(
    np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]], bool), np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]], bool)
)


def test_labels_have_their_rows_and_shares() -> None:
    found = {row.label: row for row in labels_of(ONE, LABELS)}

    assert LABELS == list(found)
    assert [(4, 2), (3, 6), (1, 0)] == [(row.rows, row.predicted) for row in found.values()]
    assert (1 / 2, 1 / 4, 2 / 6) == (found["a"].precision, found["a"].recall, found["a"].f1)
    assert (2 / 6, 2 / 3) == (found["b"].precision, found["b"].recall)
    assert (None, 0.0, 0.0) == (found["c"].precision, found["c"].recall, found["c"].f1)


def test_several_labels_are_counted_each_by_itself() -> None:
    found = labels_of(SEVERAL, LABELS)

    assert [(2, 2, 1.0, 1.0), (1, 0, None, 0.0), (1, 1, 0.0, 0.0)] == [
        (row.rows, row.predicted, row.precision, row.recall) for row in found
    ]
    assert [] == confusions_of(SEVERAL, LABELS)


def test_a_label_that_the_rows_lack_has_no_shares() -> None:
    (*_, last) = labels_of(ONE, [*LABELS, "d"])

    assert (0, 0, None, None, None) == (last.rows, last.predicted, last.precision, last.recall, last.f1)


def test_the_worst_pairs_come_first() -> None:
    found = confusions_of(ONE, LABELS)

    assert ("a", "b", 3, 3 / 4) == (found[0].target, found[0].predicted, found[0].rows, found[0].share)
    assert {("b", "a", 1), ("c", "b", 1)} == {(pair.target, pair.predicted, pair.rows) for pair in found[1:]}
    assert [] == confusions_of(Evaluation(TARGET, TARGET), LABELS)


def test_of_ten_thousand_labels_so_many_pairs_are_told() -> None:
    """Without a matrix of all of them, which would take a gigabyte."""
    places = np.arange(10_000, dtype=np.int32)
    found = confusions_of(Evaluation(places, np.roll(places, 1)), [str(place) for place in places])

    assert MOST_PAIRS == len(found)
    assert {1} == {pair.rows for pair in found}
    assert all(int(pair.predicted) == (int(pair.target) - 1) % 10_000 for pair in found)


@pytest.mark.parametrize("head", ["binary", "multiclass", "multilabel"])
def test_calibration_is_the_manifest_s(head: str) -> None:
    """As `training.calibrate` counts it; the bins hold all rows."""
    rng = np.random.default_rng(3)
    width = 1 if head == "binary" else 3
    raw = rng.random((500, width)).astype(np.float32)
    outputs = raw / raw.sum(axis=1, keepdims=True) if head == "multiclass" else raw
    target = rng.random((500, 3)) < 0.4 if head == "multilabel" else rng.integers(0, max(2, width), 500, np.int32)
    said = outputs > 0.5 if head != "multiclass" else outputs.argmax(axis=1).astype(np.int32)
    predicted = said[:, 0].astype(np.int32) if head == "binary" else said
    found = calibration_of(Evaluation(target, predicted, millionths=millionths_of(outputs)), LABELS)

    assert found is not None
    assert expected_calibration_error(head, outputs, target) == pytest.approx(found.error, abs=1e-5)  # type: ignore[arg-type]
    assert (1500 if head == "multilabel" else 500) == sum(each.rows for each in found.bins)
    for each in found.bins:
        assert each.low <= each.confidence <= each.high
        assert each.low == pytest.approx(each.high - 1 / BINS)


def test_without_probabilities_there_is_no_calibration() -> None:
    surest = np.full(3, MILLION, np.uint32)

    assert calibration_of(ONE, LABELS) is None
    assert calibration_of(Evaluation(TARGET.astype(np.float32), PREDICTED.astype(np.float32)), []) is None
    alone = Evaluation(SEVERAL.target, SEVERAL.predicted, millionths=surest)
    assert calibration_of(alone, LABELS) is None, "of several labels the likeliest alone says too little"


def test_errors_are_quantiles() -> None:
    target = np.zeros(101, np.float32)
    found = errors_of(Evaluation(target, np.arange(101, dtype=np.float32)), [])

    assert found is not None
    assert (50.0, 90.0, 99.0, 100.0) == (found.p50, found.p90, found.p99, found.worst)
    assert errors_of(ONE, LABELS) is None
    assert errors_of(Evaluation(target, np.full(101, np.nan, np.float32)), []) is None


@pytest.mark.parametrize("head", ["multiclass", "regression", "multilabel"])
def test_intervals_hold_the_truth_as_often_as_they_say(head: HeadName) -> None:
    """Of 400 test splits from one law, about 95 % of the intervals hold the figure of very many rows."""
    rng = np.random.default_rng(11)
    metric = HEADS[head].metric

    def drawn(rows: int) -> Evaluation:
        if metric == "mae":
            return Evaluation(np.zeros(rows, np.float32), rng.normal(size=rows).astype(np.float32))
        shape = (rows, 4) if metric == "f1" else (rows,)
        target = rng.random(shape) < 0.3
        predicted = target ^ (rng.random(shape) < 0.2)
        return Evaluation(target, predicted)

    def value(split: Evaluation) -> float:
        if metric == "mae":
            return float(split.errors().mean())
        if metric == "accuracy":
            return float(split.right().mean())
        return 2 * float((split.target & split.predicted).sum()) / float(split.target.sum() + split.predicted.sum())

    truth = value(drawn(400_000))
    held = 0
    for _ in range(400):
        split = drawn(150)
        found = interval_of(head, split)
        assert found is not None
        assert found[0] <= value(split) <= found[1]
        held += found[0] <= truth <= found[1]

    assert 0.92 <= held / 400 <= 0.98


def test_without_rows_there_is_no_interval() -> None:
    nothing = np.empty(0, np.int32)

    assert interval_of("binary", Evaluation(nothing, nothing)) is None
    assert [] == confusions_of(Evaluation(nothing, nothing), LABELS)


def test_pairs_of_answers_are_told_apart_by_their_rows() -> None:
    better = Evaluation(TARGET.repeat(20), TARGET.repeat(20))
    worse = Evaluation(TARGET.repeat(20), PREDICTED.repeat(20))

    found, back = paired(better, worse, by_errors=False), paired(worse, better, by_errors=False)
    assert (found.p_value, found.lead) == (back.p_value, -back.lead)
    assert found.p_value < 0.001 < found.lead
    assert (1.0, 0.0) == (paired(worse, worse, by_errors=False).p_value, paired(worse, worse, by_errors=False).lead)
    assert same_rows(better, worse)
    assert not same_rows(better, ONE)


def test_numbers_are_told_apart_by_their_errors() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=200).astype(np.float32)
    near, far = (Evaluation(target, target + size * rng.normal(size=200).astype(np.float32)) for size in (0.1, 1))

    assert paired(near, far, by_errors=True).lead > 0
    assert paired(near, far, by_errors=True).p_value < 0.001
    assert 1.0 == paired(near, near, by_errors=True).p_value
