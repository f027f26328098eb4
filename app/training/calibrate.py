"""Calibrated probabilities: a temperature by which logits are divided (Guo et al. 2017), and how far off they are.

Of texts it may depend on the length: a network that was trained on pages is too sure of a sentence, or not enough.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from app.domain.recipes import HEADS, HeadName
from app.domain.runs import Calibration
from app.inference.by_length import lengths_of
from app.kinds.base import Target

CALIBRATED: tuple[HeadName, ...] = ("binary", "multiclass", "multilabel")  # heads whose outputs are probabilities
LEAST, MOST = 0.05, 20.0  # beyond, a network says nothing or far too much, and no temperature mends that
FEWEST = 40  # held-out rows from which something can be learnt, if with caution
SURER, LESS_SURE = 0.25, 0.5  # standard deviations of log(temperature), below and above 0, before any row is seen
BINS = 15  # as Guo et al.

Logits = NDArray[np.float32]  # (rows, units), what the last layer gives before its activation
Probabilities = NDArray[np.float32]  # (rows, units)
Words = NDArray[np.int64] | None  # (rows,) of each text, if it is one


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by, for a text of a hundred words, and by which power of its length that grows."""

    value: float
    length_exponent: float = 0.0

    def of(self, words: Words) -> Any:
        """For each row, (rows, 1), or for all."""
        if words is None or not self.length_exponent:
            return self.value
        return self.value * (lengths_of(words) ** self.length_exponent)[:, None]


NONE = Temperature(1.0)


def probabilities(
    head: HeadName, logits: Logits, temperature: Temperature = NONE, words: Words = None
) -> Probabilities:
    """What the network answers with its logits divided by the temperature; labels are the same with any."""
    x = logits.astype(np.float64) / temperature.of(words)
    if HEADS[head].activation == "softmax":
        powers = np.exp(x - x.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
    return np.asarray(0.5 + 0.5 * np.tanh(x / 2), dtype=np.float32)


def temperature_of(head: HeadName, logits: Logits, target: Target) -> Temperature | None:
    """The likeliest temperature given held-out rows; targets are as `Task.targets` gives them.

    That is the one with the least log loss, drawn towards 1 as far as few rows leave in doubt: log T is taken to be
    normal around 0, with less room to make answers surer than to make them less sure. A hundred rows that are all
    answered right would else call for certainty, which the first wrong answer makes expensive. Of thousands of rows
    the draw is not felt.

    None if there are too few rows, or none is better than all others.
    """
    if len(logits) < FEWEST:
        return None
    x, sign = margins(head, logits, target)

    def loss(log_temperature: float) -> float:
        scaled = x / math.exp(log_temperature)
        terms = np.logaddexp.reduce(scaled, axis=1) if sign is None else np.logaddexp(0, -sign * scaled)
        deviations = log_temperature / (SURER if log_temperature < 0 else LESS_SURE)
        return float(terms.sum() + deviations**2 / 2)

    found = minimize_scalar(loss, bounds=(math.log(LEAST), math.log(MOST)), method="bounded")
    value = math.exp(float(found.x))
    return Temperature(round(value, 4)) if LEAST * 1.01 < value < MOST * 0.99 else None


def margins(head: HeadName, logits: Logits, target: Target) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Softmax: each logit less that of the true label. Sigmoid: the logits, and 1 or -1 for what is true."""
    x = logits.astype(np.float64)
    truth = np.asarray(target, dtype=np.float64)
    if HEADS[head].activation == "softmax":
        return x - x[np.arange(len(x)), truth.astype(np.int64)][:, None], None
    return x, np.where(truth.reshape(x.shape) > 0, 1.0, -1.0)


def expected_calibration_error(head: HeadName, outputs: Probabilities, target: Target) -> float:
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
    head: HeadName, temperature: Temperature | None, logits: Logits, target: Target, rows: int, words: Words = None
) -> Calibration:
    """How calibrated a model is on the test split, before and after.

    `temperature` was fitted on `rows` held-out rows; None: on none, so that the probabilities stay as they are.
    """
    chosen = temperature or NONE
    return Calibration(
        temperature=chosen.value,
        length_exponent=chosen.length_exponent,
        rows=rows if temperature else 0,
        ece_before=expected_calibration_error(head, probabilities(head, logits), target),
        ece_after=expected_calibration_error(head, probabilities(head, logits, chosen, words), target),
    )
