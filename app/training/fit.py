"""One fit: epochs of Keras' own training step, with history, early stopping, checkpoints and resuming."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.domain.recipes import EarlyStopping, Recipe
from app.errors import Diverged
from app.training.build import monitor_mode
from app.training.feed import Batches, Examples

EVALUATION_BATCH = 512  # rows; bounds memory, no effect on results

Weights = list[NDArray[Any]]


@dataclass
class FitState:
    """Where a fit stands between two epochs; what a checkpoint keeps besides the Keras model."""

    epoch: int = 0  # epochs done
    best: float | None = None  # of the monitored figure
    best_epoch: int = 0
    waited: int = 0  # epochs since the best one
    stopped: bool = False
    metrics: dict[str, float] = field(default_factory=dict)  # of the last epoch
    best_metrics: dict[str, float] = field(default_factory=dict)
    best_weights: Weights | None = None


# epoch number, seconds, metrics, and the state after it
OnEpoch = Callable[[int, float, dict[str, float], FitState], None]


def fit(
    model: keras.Sequential,
    recipe: Recipe,
    train: Examples,
    validation: Examples | None,
    seed: tuple[int, ...],
    on_epoch: OnEpoch,
    state: FitState | None = None,
) -> FitState:
    """Train until the recipe's last epoch or until early stopping; returns the final state.

    `state` is that of a former attempt, whose weights `model` has already.

    Raises:
        Diverged: the loss is no longer a number; the message says in which epoch, and the likely cause.
    """
    state = state or FitState()
    steps = Steps(model)
    batches = Batches(train, recipe.batch_size, seed)
    while state.epoch < recipe.epochs and not state.stopped:
        started = time.perf_counter()
        metrics = steps.train(batches, state.epoch)
        if validation:
            held_out = steps.test(Batches(validation, EVALUATION_BATCH))
            metrics |= {f"val_{name}": value for name, value in held_out.items()}
        state.epoch += 1
        _check_finite(state.epoch, metrics, recipe)
        state.metrics = metrics
        if recipe.early_stopping:
            _follow(state, recipe.early_stopping, model)
        on_epoch(state.epoch, time.perf_counter() - started, metrics, state)
    stopping = recipe.early_stopping
    if stopping and stopping.restore_best and state.best_weights is not None:
        model.set_weights(state.best_weights)
        state.metrics = state.best_metrics
    return state


def evaluate(model: keras.Sequential, examples: Examples) -> dict[str, float]:
    """Loss and metric on these examples."""
    return Steps(model).test(Batches(examples, EVALUATION_BATCH))


def predict(model: keras.Sequential, examples: Examples) -> NDArray[np.float32]:
    """Keras' outputs, (rows, units)."""
    step = tf.function(partial(model, training=False), reduce_retracing=True)
    parts = [step(tf.constant(x)).numpy() for x, _ in Batches(examples, EVALUATION_BATCH).of_epoch(0)]
    return np.concatenate(parts)


class Steps:
    """Keras' own training and test step, each compiled once.

    `model.fit` does the same with some 20 ms of Python around each epoch, and as much again for its validation: on
    the small networks that Densely is for, ten times what the steps themselves take.
    """

    def __init__(self, model: keras.Sequential) -> None:
        """`model` is compiled."""
        self._model = model
        model.optimizer.build(model.trainable_variables)  # variables cannot be made within a compiled step
        self._train = tf.function(lambda x, y: model.train_step((x, y)), reduce_retracing=True)
        self._test = tf.function(lambda x, y: model.test_step((x, y)), reduce_retracing=True)

    def train(self, batches: Batches, epoch: int) -> dict[str, float]:
        """One epoch, counted from 0; loss (with penalties) and metric as means over its rows."""
        return self._pass(self._train, batches, epoch)

    def test(self, batches: Batches) -> dict[str, float]:
        """Loss (with penalties) and metric, with nothing learnt."""
        return self._pass(self._test, batches, 0)

    def _pass(self, step: Any, batches: Batches, epoch: int) -> dict[str, float]:
        self._model.reset_metrics()
        figures: dict[str, Any] = {}
        for x, y in batches.of_epoch(epoch):
            figures = step(tf.constant(x), tf.constant(y))
        return {name: float(f"{float(value):.7g}") for name, value in figures.items()}  # float32 has seven digits


def _follow(state: FitState, stopping: EarlyStopping, model: keras.Sequential) -> None:
    """Keras' EarlyStopping with its defaults (min_delta 0), with a state that a checkpoint can keep."""
    value = state.metrics[stopping.monitor]
    better = state.best is None or (value > state.best if monitor_mode(stopping) == "max" else value < state.best)
    if better:
        state.best, state.best_epoch, state.waited = value, state.epoch, 0
        state.best_metrics = state.metrics
        if stopping.restore_best:
            state.best_weights = model.get_weights()
    else:
        state.waited += 1
    state.stopped = state.waited >= max(stopping.patience, 1) and not better


def _check_finite(epoch: int, metrics: dict[str, float], recipe: Recipe) -> None:
    wrong = [name for name, value in metrics.items() if not math.isfinite(value)]
    if wrong:
        raise Diverged(
            f"{wrong[0]} is no longer a number in epoch {epoch}: most likely the learning rate, "
            f"{recipe.optimizer.learning_rate:g}, is too high for this network"
        )
