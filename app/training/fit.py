"""One fit: epochs of a compiled program, with history, early stopping, checkpoints and resuming."""

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
from app.domain.tables import Raw
from app.encoding.rows import Encoded, dense, take
from app.errors import Diverged
from app.training.arrange import Numbers
from app.training.build import monitor_mode
from app.training.ensemble import members_of
from app.training.program import EVALUATION_BATCH, Program, plain

MOST_NUMBERS = 2**25  # of a layer's outputs for the rows that are asked together, 128 MiB
CALL_SECONDS = 0.2  # that several epochs in one call may take: progress and checkpoints wait so long at most

Weights = list[NDArray[Any]]
Outputs = NDArray[np.float32]


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


@dataclass(frozen=True)
class TrainingRows:
    """What is trained on: all `rows` in each epoch, and of their `pieces` another share each time; their numbers."""

    rows: Numbers
    pieces: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    share: float = 0.0

    def __len__(self) -> int:
        """How many an epoch has."""
        return len(self.rows) + self._drawn

    @property
    def _drawn(self) -> int:
        return round(self.share * len(self.pieces))

    def order(self, seed: tuple[int, ...], epoch: int) -> Numbers:
        """The numbers in the order of an epoch, counted from 0."""
        rng = np.random.default_rng([*seed, epoch])
        some = rng.choice(self.pieces, self._drawn, replace=False) if self._drawn else self.pieces[:0]
        return rng.permutation(np.concatenate([self.rows, some]))


OnEpoch = Callable[[int, float, dict[str, float]], None]  # epoch number, seconds, metrics
OnPause = Callable[[FitState], None]


def fit(
    program: Program,
    recipe: Recipe,
    train: TrainingRows,
    validation: Numbers | None,
    seed: tuple[int, ...],
    on_epoch: OnEpoch,
    state: FitState | None = None,
    on_pause: OnPause = lambda _: None,
    planned: int | None = None,
) -> FitState:
    """Train until the recipe's last epoch or until early stopping; returns the final state.

    Rows are numbers of the program's examples. `state` is that of a former attempt, whose
    weights the program's model has already. Each epoch has an order of its own, which depends on nothing but `seed`
    and the epoch: a resumed fit sees the batches that an uninterrupted one would have seen. Short epochs of a small
    dataset go through several in one call; `on_pause` comes whenever weights and state agree. A schedule spreads over
    `planned` epochs, by default the recipe's.

    Raises:
        Diverged: the loss is no longer a number; the message says in which epoch, and the likely cause.
    """
    state = state or FitState()
    program.plan(planned or recipe.epochs, len(train), train.rows, recipe.optimizer.learning_rate)
    seconds = float("inf")  # of the last epoch
    while state.epoch < recipe.epochs and not state.stopped:
        started = time.perf_counter()
        most = 1 if recipe.early_stopping else min(program.epochs_at_once, recipe.epochs - state.epoch)
        count = max(1, min(most, int(CALL_SECONDS / seconds)))
        found = program.epochs([train.order(seed, state.epoch + n) for n in range(count)], validation)
        seconds = (time.perf_counter() - started) / count  # of the first call, mostly compiling
        for metrics in found:
            state.epoch += 1
            _check_finite(state.epoch, metrics, recipe)
            state.metrics = metrics
            if recipe.early_stopping:
                _follow(state, recipe.early_stopping, program)
            on_epoch(state.epoch, seconds, metrics)
        on_pause(state)
    _settle(program, recipe, state)
    return state


def _settle(program: Program, recipe: Recipe, state: FitState) -> None:
    """The best epoch's weights, if they are wanted, and the recipe's learning rate, wherever a schedule left it.

    Without those, the average of the weights, if that is wanted.
    """
    if recipe.early_stopping and recipe.early_stopping.restore_best and state.best_weights is not None:
        program.model.set_weights(state.best_weights)
        state.metrics = state.best_metrics
    else:
        program.model.set_weights(program.weights())
    program.model.optimizer.learning_rate = recipe.optimizer.learning_rate  # for whoever trains it further


def evaluate(model: keras.Model, outputs: Outputs, targets: NDArray[Any], metric: Any) -> dict[str, float]:
    """Loss (with penalties) and metric of a model's outputs, (rows, units), for rows with these targets."""
    metric.reset_state()
    metric.update_state(targets, outputs)
    loss = model.compute_loss(None, tf.constant(targets), tf.constant(outputs), training=False)
    return {"loss": plain(loss), metric.name: plain(metric.result())}


def predict(model: keras.Model, rows: Encoded) -> Outputs:
    """Keras' outputs, (rows, units)."""
    step = tf.function(partial(model, training=False), reduce_retracing=True)
    widest = max(math.prod(layer.output.shape[1:]) for member in members_of(model) for layer in member.layers)
    size = max(1, min(EVALUATION_BATCH, MOST_NUMBERS // widest))
    batches = (take(rows, np.arange(at, min(at + size, len(rows)))) for at in range(0, len(rows), size))
    return np.concatenate([step(tf.constant(dense(batch))).numpy() for batch in batches])


def _follow(state: FitState, stopping: EarlyStopping, program: Program) -> None:
    """Keras' EarlyStopping with its defaults (min_delta 0), with a state that a checkpoint can keep."""
    value = state.metrics[stopping.monitor]
    better = state.best is None or (value > state.best if monitor_mode(stopping) == "max" else value < state.best)
    if better:
        state.best, state.best_epoch, state.waited = value, state.epoch, 0
        state.best_metrics = state.metrics
        if stopping.restore_best:
            state.best_weights = program.weights()
    else:
        state.waited += 1
    state.stopped = state.waited >= max(stopping.patience, 1) and not better


def _check_finite(epoch: int, metrics: dict[str, float], recipe: Recipe) -> None:
    wrong = [name for name, value in metrics.items() if not math.isfinite(value)]
    if wrong:
        network = "features that are not standardized" if isinstance(recipe.features, Raw) else "this network"
        raise Diverged(
            f"{wrong[0]} is no longer a number in epoch {epoch}: most likely the learning rate, "
            f"{recipe.optimizer.learning_rate:g}, is too high for {network}"
        )
