"""Temperatures of texts: they go by a power of the length, and are fitted on sentences besides whole texts.

A sentence has the label of its text, which many do not show: of equal weight they would make answers to short texts
less sure than those are right. They count for little, so that short texts decide, where there are some; where there are
none, sentences keep the power from being carried far beyond the lengths that there are.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.domain.recipes import HeadName
from app.inference.by_length import lengths_of
from app.kinds.base import Target
from app.training.calibrate import LEAST, LESS_SURE, MOST, SURER, Logits, Temperature, margins

MOST_NUMBERS = 2**21  # that a temperature is fitted on: as good as more of them
MOST_ROWS = 40_000
STEEP = 0.5  # standard deviation of the exponent, before any row is seen


def temperature_of_texts(
    head: HeadName, logits: Logits, target: Target, words: NDArray[np.int64], weights: NDArray[np.float64]
) -> Temperature | None:
    """The likeliest temperature given held-out rows; targets are as `Task.targets` gives them.

    `words`: (rows,) of each text; `weights`: (rows,) how much it counts. As `calibrate.temperature_of`, which is for
    rows of any kind. None if none within the bounds is best.
    """
    some = slice(None, None, math.ceil(len(logits) / min(MOST_ROWS, max(1, MOST_NUMBERS // logits.shape[1]))))
    target, weights = target[some], weights[some]
    x, sign = margins(head, logits[some], target)
    lengths = np.log(lengths_of(words[some]))[:, None]

    def loss(chosen: NDArray[np.float64]) -> float:
        log, exponent = chosen.tolist()
        scaled = x / np.exp(log + exponent * lengths)
        terms = np.logaddexp.reduce(scaled, axis=1) if sign is None else np.logaddexp(0, -sign * scaled)
        deviations = log / (SURER if log < 0 else LESS_SURE)
        of_rows = terms.reshape(len(weights), -1).sum(axis=1)
        return float(weights @ of_rows + (deviations**2 + (exponent / STEEP) ** 2) / 2)

    bounds = [(math.log(LEAST), math.log(MOST)), (-1.0, 1.0)]
    found = minimize(loss, np.zeros(2), method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-4})
    log, exponent = found.x.tolist()
    value = math.exp(log)
    return Temperature(round(value, 4), round(exponent, 4)) if LEAST * 1.01 < value < MOST * 0.99 else None
