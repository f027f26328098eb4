"""95 % intervals of a model's figure, as its manifest has it, from its answers on the test split."""

import numpy as np

from app.artifacts.evaluation import MILLION, Evaluation
from app.domain.intervals import Interval, of_mean
from app.domain.recipes import HEADS, HeadName
from app.services.board import by_errors, figure_of


def interval_of(head: HeadName, evaluation: Evaluation) -> Interval | None:
    """By how much the figure may differ for other rows of the same sort.

    None without rows, and where what it is made of was not kept.
    """
    rows, kept = len(evaluation.target), evaluation.millionths
    if not rows:
        return None
    if HEADS[head].metric != "mae" or by_errors(head, evaluation):
        return figure_of(head, evaluation).interval
    if kept is None or kept.ndim == 1:
        return None
    errors = np.abs(kept[:, 0] / MILLION - evaluation.target)  # labels that were learnt as the numbers 0 and 1
    return of_mean(float(errors.mean()), float(errors.std()), rows)
