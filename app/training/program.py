"""Whole epochs as one compiled program, with Keras' own layers, losses, penalties, metrics and optimizers.

`model.fit` pays milliseconds of Python for each step of a network that needs microseconds. Here XLA compiles the loop
over the batches once; plain numbers stay on the device, and all fits of a run (folds, seeds) share the program.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.domain.layers import Picture
from app.domain.recipes import Recipe
from app.encoding.rows import Encoded
from app.training.arrange import DenseRows, Numbers, Part, Rows, on_device, parts, places_of
from app.training.balancing import balanced
from app.training.build import metric_of
from app.training.carrying import carry_over
from app.training.copies import Copies
from app.training.devices import training_device
from app.training.examples import Examples
from app.training.schedule import rate_at
from app.training.steps import Steps

EVALUATION_BATCH = 512  # rows; bounds memory, no effect on results
ROWS_AT_ONCE = 20_000  # of plain numbers, in one call: a small dataset goes through several epochs
MOST_EPOCHS_AT_ONCE = 100

Figures = dict[str, float]
Action = Callable[..., tuple[Any, Any]]  # of `Steps`


class Program:
    """Training and test passes of one model over some examples."""

    devices: tuple[str, ...] = ()  # that share each batch; none: one alone, where TensorFlow places the model

    def __init__(
        self,
        model: keras.Model,
        recipe: Recipe,
        examples: Examples,
        picture: Picture | None = None,
        epoch_rows: int | None = None,
        rows: Rows | None = None,
        *,
        orders_come_again: bool = False,
    ) -> None:
        """`model` is compiled; its weights, and those of its optimizer, are what the passes change.

        `picture`: the shape of a row that is a picture, which augmentation needs to know. An epoch has at most
        `epoch_rows`; by default all. `rows`: those of the examples on the device, if they are there.
        `orders_come_again`: whether other fits will go through their rows as this one does.
        """
        self.model = model
        self._rows = rows or on_device(examples.rows, self.devices)
        self._orders_come_again = orders_come_again
        self._targets = examples.targets
        self._count = epoch_rows or len(examples)
        self._batch_size = min(recipe.batch_size, self._count)
        self._test_size = min(EVALUATION_BATCH, self._count, *([self._batch_size] if recipe.sees_pictures else []))
        self._recipe = recipe
        self._rate = tf.Variable(recipe.optimizer.learning_rate)  # which a schedule begins with
        self._all_steps = tf.Variable(1.0)  # of the fit, which a schedule spreads over
        # What each row counts in the loss that is learnt from, (rows,), where that is not the same.
        with self._everywhere():
            self._row_weights = tf.Variable(tf.ones(len(examples))) if recipe.class_weights == "balanced" else None
        targets = Copies(examples.targets, self.devices)
        self._steps = Steps(model, recipe, self._rows, targets, self._row_weights, picture)
        self._no_rows: Numbers = np.zeros(0, dtype=np.int64)
        self._metric = metric_of(recipe)
        fits = min(MOST_EPOCHS_AT_ONCE, ROWS_AT_ONCE // self._count) if isinstance(self._rows, DenseRows) else 1
        self.epochs_at_once = max(1, fits)
        self._compile(compiles=not (recipe.sees_pictures and training_device().startswith("CPU")))

    def _compile(self, *, compiles: bool) -> None:
        """On a processor XLA's convolutions take several times as long as those of TensorFlow's own graphs."""
        # Variables cannot be made within a compiled program; Keras' scaling of losses would make them twice.
        if not self.model.optimizer.built:
            with self._everywhere():
                self.model.optimizer.build(self.model.trainable_variables)
        some = np.zeros((1, *self.model.input_shape[1:]), dtype=np.float32)
        self._metric.update_state(tf.constant(self._targets[:1]), self.model(some))
        self._train = tf.function(self._train_pass, jit_compile=compiles)
        self._test = tf.function(self._test_pass, jit_compile=compiles)
        averaging = self._recipe.averaging
        self._watch = tf.function(self._watch_pass, jit_compile=compiles) if averaging else self._test
        self._several = tf.function(self._several_epochs, jit_compile=compiles)

    def _everywhere(self) -> AbstractContextManager[Any]:
        """Where variables are made that each device has."""
        return nullcontext()

    def plan(self, epochs: int, rows: int, numbers: Numbers, rate: float) -> None:
        """Of the fit that comes: how long it is, which a schedule spreads over, whose labels are weighed, its rate."""
        self._rate.assign(rate)
        self._all_steps.assign(float(epochs * -(-rows // self._batch_size)))
        if self._row_weights is not None:
            self._row_weights.assign(balanced(self._targets, numbers))

    def make_ready(self, *, watched: bool) -> None:
        """Compile what a fit runs, by going through no rows; `watched`: whether it holds rows out."""
        if self.epochs_at_once > 1:
            self.epochs([], None)
            return
        for function, size in ((self._train, self._batch_size), (self._watch, self._test_size))[: 1 + watched]:
            self._run(function, self._no_rows, size, again=False)

    def weights(self) -> list[NDArray[Any]]:
        """The model's, or if the recipe wants that, their average over the steps: in the order that the model has."""
        with self._averaged():
            found: list[NDArray[Any]] = self.model.get_weights()
        return found

    def train(self, order: Numbers) -> Figures:
        """One epoch over these rows, in this order: loss (with penalties) and metric as means over the rows."""
        return self._run(self._train, order, self._batch_size, again=self._orders_come_again)

    def test(self, numbers: Numbers) -> Figures:
        """Loss (with penalties) and metric over these rows, with nothing learnt, by the weights that the model has."""
        return self._run(self._test, numbers, self._test_size, again=True)

    def epochs(self, orders: Sequence[Numbers], held_out: Numbers | None) -> list[Figures]:
        """Some epochs, none to `epochs_at_once`, each followed by a test on the held-out rows, as `val_...`."""
        if self.epochs_at_once == 1:
            figures = self.train(orders[0])
            tested = {} if held_out is None else self._run(self._watch, held_out, self._test_size, again=True)
            return [figures | {f"val_{name}": value for name, value in tested.items()}]
        order = orders[0] if orders else self._no_rows
        (first,) = self._parts(order, self._batch_size)
        places = np.zeros((self.epochs_at_once, *first.places.shape), dtype=np.int32)
        for epoch, each in enumerate(orders):
            places[epoch] = places_of(each, first.places.size).reshape(first.places.shape)
        # Without held-out rows the same program runs, over no batches.
        (held,) = self._parts(self._no_rows if held_out is None else held_out, self._test_size)
        trained = (tf.constant(first.steps), tf.constant(places), tf.constant(first.mask))
        watched = (tf.constant(held.steps), tf.constant(held.places), tf.constant(held.mask))
        found = self._several(tf.constant(len(orders)), trained, watched).numpy()
        names = ("loss", self._metric.name)
        counts = (len(order), 1, 1 if held_out is None else len(held_out), 1)
        keys = (*names, *(f"val_{name}" for name in names))[: 2 if held_out is None else 4]
        return [
            {key: plain(value / count) for key, value, count in zip(keys, row, counts, strict=False)}
            for row in found[: len(orders)]
        ]

    def take_over(self, other: keras.Model) -> None:
        """Go on from another model of the same structure: its weights, optimizer, random states, adjustable numbers."""
        carry_over(other, self.model)

    def show(self, rows: Encoded) -> None:
        """Go on with other sparse rows of the same number and width."""
        self._rows = self._steps.rows = on_device(rows, self.devices)

    def _parts(self, order: Numbers, batch_size: int, *, again: bool = False) -> Iterator[Part]:
        return parts(self._rows, order, -(-self._count // batch_size), batch_size, again=again)

    def _run(self, function: Any, order: Numbers, batch_size: int, *, again: bool) -> Figures:
        total, metric, keep = 0.0, 0.0, 0.0
        for part in self._parts(order, batch_size, again=again):
            inputs = tuple(tf.constant(array) for array in part.inputs)
            # Tensors, all of them: a number would become a part of the program, and another number another program.
            arrays = (tf.constant(part.steps), tf.constant(part.places), tf.constant(part.mask))
            found = function(*arrays, inputs, tf.constant(keep))
            some, metric = found.numpy().tolist()
            total, keep = total + some, 1.0
        return {"loss": plain(total / max(1, len(order))), self._metric.name: plain(metric)}

    def _several_epochs(self, epochs: Any, trained: tuple[Any, ...], tested: tuple[Any, ...]) -> Any:
        """(epochs, 4): sum of losses and metric in training, and the same on the held-out rows."""
        steps, places, mask = trained
        test_steps, test_places, test_mask = tested

        def epoch(at: Any, figures: Any) -> Any:
            row = self._train_pass(steps, places[at], mask, (), 0.0)
            held_out = self._watch_pass(test_steps, test_places, test_mask, (), 0.0)
            return at + 1, tf.tensor_scatter_nd_update(figures, [[at]], [tf.concat([row, held_out], 0)])

        start = (tf.constant(0), tf.zeros((places.shape[0], 4)))
        return tf.while_loop(lambda at, _: at < epochs, epoch, start)[1]

    def _train_pass(self, steps: Any, places: Any, mask: Any, inputs: tuple[Any, ...], keep: Any) -> Any:
        """Sum of losses, and metric; with `keep` 0 the metric starts anew, with 1 it goes on."""

        def step(at: Any) -> Any:
            if self._recipe.schedule:
                optimizer = self.model.optimizer
                rate = self._rate * rate_at(self._recipe.schedule, optimizer.iterations, self._all_steps)
                optimizer.learning_rate = rate
            return self._step(self._steps.learn, places[at], mask[at], tuple(array[at] for array in inputs))

        return self._pass(steps, step, keep)

    def _test_pass(self, steps: Any, places: Any, mask: Any, inputs: tuple[Any, ...], keep: Any) -> Any:
        def step(at: Any) -> Any:
            return self._step(self._steps.test, places[at], mask[at], tuple(array[at] for array in inputs))

        return self._pass(steps, step, keep)

    def _step(self, action: Action, places: Any, weights: Any, inputs: tuple[Any, ...]) -> Any:
        """One of the two that a batch can go through; the sum of its losses."""
        loss, outputs = self._carried_out(action, places, weights, tf.reduce_sum(weights), inputs)
        self._metric.update_state(self._steps.targets(places), outputs, sample_weight=weights)
        return loss

    def _carried_out(
        self, action: Action, places: Any, weights: Any, count: Any, inputs: tuple[Any, ...]
    ) -> tuple[Any, Any]:
        """Sum of losses, and outputs in the order of the places."""
        return action(places, weights, count, inputs)

    def _watch_pass(self, *arguments: Any) -> Any:
        """A test of what the fit would leave now."""
        with self._averaged():
            return self._test_pass(*arguments)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The model has the average of its weights, if the recipe wants that, and afterwards its own again."""
        if not self._recipe.averaging:
            yield
            return
        variables = self.model.trainable_variables
        own = [tf.identity(variable.value) for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        try:
            yield
        finally:
            for variable, value in zip(variables, own, strict=True):
                variable.assign(value)

    def _pass(self, steps: Any, step: Any, keep: Any) -> Any:
        for variable in self._metric.variables:
            variable.assign(variable * tf.cast(keep, variable.dtype))
        start = (tf.constant(0), tf.constant(0.0))
        _, total = tf.while_loop(lambda at, _: at < steps, lambda at, sum_: (at + 1, sum_ + step(at)), start)
        return tf.stack([total, tf.cast(self._metric.result(), tf.float32)])


def plain(figure: Any) -> float:
    """A float32 figure with the seven digits that it has."""
    return float(f"{float(figure):.7g}")
