"""A program whose batches are shared by several devices, with TensorFlow's own distribution (`MirroredStrategy`)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from app.training.arrange import Numbers, Part, parts
from app.training.copies import share_here
from app.training.ensemble import members_of
from app.training.program import Action, Program
from app.training.steps import Inputs

APART = 7_919  # between the seeds of two devices


class Parallel(Program):
    """Each device has a copy of the weights and works out its share of a batch; then all change them alike.

    The sum of the shares' gradients is the batch's, so that losses are those of one device but for rounding, and for
    what is drawn at random: each device draws for its own rows. Epochs are graphs of TensorFlow, which XLA does not
    compile for more than one device.
    """

    def __init__(self, strategy: tf.distribute.Strategy, *arguments: Any, **further: Any) -> None:
        """As `Program`; the model was built in the strategy's scope."""
        self._strategy = strategy
        self.devices = tuple(strategy.extended.worker_devices)
        super().__init__(*arguments, **further)
        self._draw_apart()

    def _everywhere(self) -> AbstractContextManager[Any]:
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def _compile(self, *, compiles: bool) -> None:
        del compiles
        self.epochs_at_once = 1
        super()._compile(compiles=False)

    def take_over(self, other: keras.Model) -> None:
        """As of one device."""
        super().take_over(other)
        self._draw_apart()

    def _draw_apart(self) -> None:
        """Give each device another seed: with the first one's all shares would drop the same units."""
        for layer in (layer for member in members_of(self.model) for layer in member.layers):
            if (generator := getattr(layer, "seed_generator", None)) is None:
                continue
            first, *others = self._strategy.experimental_local_results(generator.state.value)
            for number, state in enumerate(others, start=1):
                state.assign(tf.add(first, [number * APART, 0]))

    def _parts(self, order: Numbers, batch_size: int, *, again: bool = False) -> Iterator[Part]:
        shares = len(self.devices)
        for part in parts(self._rows, order, -(-self._count // batch_size), batch_size, shares, again=again):
            inputs = tuple(tf.reshape(array, (-1, shares, array.shape[-1])) for array in part.inputs)
            yield replace(part, inputs=inputs)

    def _carried_out(self, action: Action, places: Any, weights: Any, count: Any, inputs: Inputs) -> tuple[Any, Any]:
        size = places.shape[0] // len(self.devices)

        def share() -> tuple[Any, Any]:
            number = share_here()
            own = slice(number * size, (number + 1) * size)
            return action(places[own], weights[own], count, tuple(array[number] for array in inputs))

        losses, outputs = self._strategy.run(share)
        total = self._strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        return total, tf.concat(self._strategy.experimental_local_results(outputs), axis=0)
