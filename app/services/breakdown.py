"""Where a model is right and where it errs, from its answers on the test split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import MILLION, Evaluation
from app.wire.declarations import Label
from app.wire.reports import CalibrationBin, CalibrationReport, ConfusedPair, ErrorReport, LabelReport

MOST_LABELS = 1_000
MOST_PAIRS = 50
BINS = 15  # as `training.calibrate` counts them

Counts = NDArray[np.int64]  # (labels,)


def labels_of(evaluation: Evaluation, labels: Sequence[Label]) -> list[LabelReport]:
    """Each label in its order; of too many those with the most rows."""
    if not labels:
        return []
    rows, predicted, hits = _counts(evaluation, len(labels))
    places = np.sort(np.argsort(-rows, kind="stable")[:MOST_LABELS]).tolist()
    return [_label(labels[at], int(rows[at]), int(predicted[at]), int(hits[at])) for at in places]


def _counts(evaluation: Evaluation, labels: int) -> tuple[Counts, Counts, Counts]:
    """Rows that have each label, that are given it, and both."""
    target, predicted = evaluation.target, evaluation.predicted
    if target.ndim == 2:
        parts = (target, predicted, target & predicted)
        rows, given, both = (np.sum(part, axis=0).astype(np.int64) for part in parts)
    else:
        parts = (target, predicted, target[target == predicted])
        rows, given, both = (np.bincount(part, minlength=labels) for part in parts)
    return rows, given, both


def _label(label: Label, rows: int, predicted: int, hits: int) -> LabelReport:
    return LabelReport(
        label=label,
        rows=rows,
        predicted=predicted,
        precision=hits / predicted if predicted else None,
        recall=hits / rows if rows else None,
        f1=2 * hits / (rows + predicted) if rows + predicted else None,
    )


def confusions_of(evaluation: Evaluation, labels: Sequence[Label]) -> list[ConfusedPair]:
    """Pairs of labels that are taken for one another, those of the most rows first."""
    if not labels or evaluation.target.ndim == 2:
        return []
    target, predicted = evaluation.target.astype(np.int64), evaluation.predicted.astype(np.int64)
    wrong = target != predicted
    # Of ten thousand labels a matrix would take a gigabyte.
    pairs, counts = np.unique(target[wrong] * len(labels) + predicted[wrong], return_counts=True)
    of_target = np.bincount(target, minlength=len(labels))
    worst = np.argsort(-counts, kind="stable")[:MOST_PAIRS].tolist()
    found = [(*divmod(int(pairs[at]), len(labels)), int(counts[at])) for at in worst]
    return [
        ConfusedPair(target=labels[true], predicted=labels[said], rows=rows, share=rows / int(of_target[true]))
        for true, said, rows in found
    ]


def calibration_of(evaluation: Evaluation, labels: Sequence[Label]) -> CalibrationReport | None:
    """None of numbers, and where the probabilities that this needs were not kept."""
    found = _sure_and_right(evaluation) if labels else None
    if found is None or not len(found[0]):
        return None
    sure, right = found
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    rows, confidence, accuracy = (
        np.bincount(bins, weights=weights, minlength=BINS) for weights in (np.ones(len(sure)), sure, right)
    )
    reports = [_bin(at, int(rows[at]), confidence[at], accuracy[at]) for at in np.flatnonzero(rows).tolist()]
    return CalibrationReport(error=float(np.abs(confidence - accuracy).sum() / len(sure)), bins=reports)


def _bin(place: int, rows: int, confidence: float, accuracy: float) -> CalibrationBin:
    bounds: dict[str, Any] = {"from": place / BINS, "to": (place + 1) / BINS}
    return CalibrationBin(**bounds, rows=rows, confidence=confidence / rows, accuracy=accuracy / rows)


def _sure_and_right(evaluation: Evaluation) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """How sure each answer is, and whether it is right; of several labels at once, of each label by itself."""
    kept, target, predicted = evaluation.millionths, evaluation.target, evaluation.predicted
    if kept is None or (target.ndim == 2 and kept.ndim == 1):
        return None
    likely = kept / MILLION
    if target.ndim == 2:
        return np.maximum(likely, 1 - likely).ravel(), (target == predicted).ravel().astype(np.float64)
    if likely.ndim == 2 and likely.shape[1] == 1:
        sure = np.maximum(likely[:, 0], 1 - likely[:, 0])
    else:
        sure = likely.max(axis=1) if likely.ndim == 2 else likely
    return sure, evaluation.right().astype(np.float64)


def errors_of(evaluation: Evaluation, labels: Sequence[Label]) -> ErrorReport | None:
    """None of labels, and where no row has an error that is a number."""
    errors = evaluation.errors() if not labels else np.empty(0)
    errors = errors[np.isfinite(errors)]
    if not len(errors):
        return None
    half, most, nearly_all = np.percentile(errors, (50, 90, 99)).tolist()
    return ErrorReport(p50=half, p90=most, p99=nearly_all, worst=float(errors.max()))
