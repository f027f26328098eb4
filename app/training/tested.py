"""A trained network on the test split."""

import math
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from app.domain.recipes import Recipe
from app.domain.runs import Figures
from app.errors import Diverged
from app.kinds.base import Task
from app.training import calibrate, evaluate, export
from app.training import fit as fitting
from app.training.build import metric_of
from app.training.examples import for_loss
from app.training.prepare import Prepared, Seen


@dataclass(frozen=True)
class Tested:
    """What a fit answers on the test split."""

    figures: Figures
    outputs: NDArray[np.float32]  # (rows, units), as the network gives them
    logits: NDArray[np.float32] | None  # the same before the last activation, of heads that can be calibrated


def test(model: keras.Model, task: Task, prepared: Prepared, seen: Seen, recipe: Recipe, units: int) -> Tested:
    """Loss and metric on the test split; of a classifier that is trained for another metric, its accuracy too.

    Raises:
        Diverged: the loss is no number.
    """
    logits = export.logits_of(model, seen.test) if recipe.head in calibrate.CALIBRATED else None
    if logits is None:
        outputs = task.within(export.outputs_of(model, seen.test))
    else:
        outputs = calibrate.probabilities(recipe.head, logits)
    targets = for_loss(prepared.test.targets, recipe, units)
    figures = fitting.evaluate(model, outputs, targets, metric_of(recipe))
    if prepared.labels and recipe.metric == "mae":
        right = evaluate.answers(recipe.head, outputs, prepared.labels) == prepared.test.targets
        figures["accuracy"] = float(np.mean(right))
    if not all(map(math.isfinite, figures.values())):
        raise Diverged("the loss on the test split is no number")
    return Tested(figures, outputs, logits)
