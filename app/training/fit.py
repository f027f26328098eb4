"""One fit: epochs of Keras' own training step, with history, early stopping, checkpoints and resuming."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
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
    if state.epoch < recipe.epochs and not state.stopped:
        batches = Batches(train, recipe.batch_size, seed)
        model.fit(
            batches,
            epochs=recipe.epochs,
            initial_epoch=state.epoch,
            validation_data=Batches(validation, EVALUATION_BATCH) if validation else None,
            callbacks=[_Recorder(recipe, state, batches, on_epoch)],
            shuffle=False,
            verbose=0,
        )
    stopping = recipe.early_stopping
    if stopping and stopping.restore_best and state.best_weights is not None:
        model.set_weights(state.best_weights)
        state.metrics = state.best_metrics
    return state


def evaluate(model: keras.Sequential, examples: Examples) -> dict[str, float]:
    """Loss and metric on these examples."""
    figures = model.evaluate(Batches(examples, EVALUATION_BATCH), return_dict=True, verbose=0)
    return _plain(figures)


def predict(model: keras.Sequential, examples: Examples) -> NDArray[np.float32]:
    """Keras' outputs, (rows, units)."""
    outputs: NDArray[np.float32] = model.predict(Batches(examples, EVALUATION_BATCH), verbose=0)
    return outputs


def _plain(figures: Mapping[str, Any]) -> dict[str, float]:
    """Keras' float32 figures with the seven digits that they have."""
    return {name: float(f"{value:.7g}") for name, value in figures.items()}


class _Recorder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no type information
    """After each epoch: check the loss, follow the monitored figure, tell the run."""

    def __init__(self, recipe: Recipe, state: FitState, batches: Batches, on_epoch: OnEpoch) -> None:
        super().__init__()
        self._batches = batches
        self._recipe = recipe
        self._state = state
        self._on_epoch = on_epoch
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del logs
        self._batches.start(epoch)
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        metrics = _plain(logs or {})
        _check_finite(epoch + 1, metrics, self._recipe)
        self._state.epoch = epoch + 1
        self._state.metrics = metrics
        if self._recipe.early_stopping:
            _follow(self._state, self._recipe.early_stopping, self.model)
        self._on_epoch(epoch + 1, time.perf_counter() - self._started, metrics, self._state)
        if self._state.stopped:
            self.model.stop_training = True


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
