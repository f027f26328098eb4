"""Calibrated probabilities: one temperature by which logits are divided (Guo et al. 2017), and how far off they are."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from app.domain.recipes import HEADS, HeadName
from app.domain.runs import Calibration
from app.tasks.base import Target

CALIBRATED: tuple[HeadName, ...] = ("binary", "multiclass", "multilabel")  # heads whose outputs are probabilities
LEAST, MOST = 0.05, 20.0  # beyond, a network says nothing or far too much, and no temperature mends that
BINS = 15  # as Guo et al.
SMALLEST = 1e-7  # probability: float32 near 1 knows no smaller distance

Outputs = NDArray[np.float32]  # (rows, units) of the network


def rescaled(head: HeadName, outputs: Outputs, temperature: float) -> Outputs:
    """The outputs as they would be with all logits divided by the temperature; labels stay the same."""
    if temperature == 1 or head not in CALIBRATED:
        return outputs
    p = np.clip(outputs.astype(np.float64), SMALLEST, 1 - SMALLEST)
    if HEADS[head].activation == "softmax":
        powers = p ** (1 / temperature)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
    return np.asarray(1 / (1 + ((1 - p) / p) ** (1 / temperature)), dtype=np.float32)


def temperature_of(head: HeadName, outputs: Outputs, target: Target) -> float | None:
    """The temperature with the least log loss on held-out rows; targets are as `Task.targets` gives them.

    None for heads without probabilities.
    """
    if head not in CALIBRATED:
        return None

    def loss(log_temperature: float) -> float:
        p = _of_target(head, rescaled(head, outputs, math.exp(log_temperature)), target)
        return float(-np.log(np.maximum(p, SMALLEST)).mean())

    found = minimize_scalar(loss, bounds=(math.log(LEAST), math.log(MOST)), method="bounded")
    return round(math.exp(float(found.x)), 4)


def combined(temperatures: Sequence[float | None]) -> float | None:
    """The temperature for a model of all rows, from those of its folds: their geometric mean."""
    found = [math.log(each) for each in temperatures if each is not None]
    return round(math.exp(float(np.mean(found))), 4) if found else None


def expected_calibration_error(head: HeadName, outputs: Outputs, target: Target) -> float:
    """How far probabilities are from the share of right answers: the mean over 15 bins, weighted by their rows."""
    if head == "multilabel":
        p = outputs.ravel()
        right = (p > 0.5) == (np.asarray(target, dtype=np.float64).ravel() > 0)
        sure = np.maximum(p, 1 - p)
    elif outputs.shape[1] == 1:
        p = outputs[:, 0]
        right, sure = (p > 0.5) == (target > 0), np.maximum(p, 1 - p)
    else:
        right, sure = outputs.argmax(axis=1) == target, outputs.max(axis=1)
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=sure - right, minlength=BINS)
    return round(float(np.abs(gaps).sum() / len(sure)), 6)


def calibration_of(
    head: HeadName, temperature: float | None, outputs: Outputs, target: Target, rows: int
) -> Calibration | None:
    """How calibrated a model is on the test split, before and after; None for heads without probabilities.

    `temperature` was fitted on `rows` held-out rows; None: on none, so that the probabilities stay as they are.
    """
    if head not in CALIBRATED:
        return None
    chosen = temperature or 1.0
    return Calibration(
        temperature=chosen,
        rows=rows if temperature else 0,
        ece_before=expected_calibration_error(head, outputs, target),
        ece_after=expected_calibration_error(head, rescaled(head, outputs, chosen), target),
    )


def _of_target(head: HeadName, outputs: Outputs, target: Target) -> NDArray[np.float32]:
    """The probability that was given to what is true."""
    if head == "multilabel":
        return np.asarray(np.where(np.asarray(target, dtype=np.float64) > 0, outputs, 1 - outputs))
    if outputs.shape[1] == 1:
        return np.asarray(np.where(target > 0, outputs[:, 0], 1 - outputs[:, 0]))
    return np.asarray(outputs[np.arange(len(outputs)), target.astype(np.int64)])
