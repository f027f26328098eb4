"""One batch: what a network makes of it, what it loses, and what follows for its weights."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from app.domain.layers import Picture
from app.domain.recipes import Recipe
from app.training.arrange import Rows
from app.training.augment import augmented
from app.training.copies import Copies
from app.training.ensemble import ending_of, members_of

Inputs = tuple[Any, ...]


class Steps:
    """With Keras' own layers, losses, penalties and optimizers; for a whole batch, or for one device's share of it."""

    def __init__(
        self,
        model: keras.Model,
        recipe: Recipe,
        rows: Rows,
        targets: Copies,
        row_weights: tf.Variable | None,
        picture: Picture | None,
    ) -> None:
        """`row_weights`: what each row counts in the loss that is learnt from, (rows,); None: all the same."""
        self.model = model
        self.rows = rows
        self._members = members_of(model)
        self._recipe = recipe
        self._targets = targets
        self._row_weights = row_weights
        self._picture = picture

    def learn(self, places: Any, weights: Any, count: Any, inputs: Inputs) -> tuple[Any, Any]:
        """Change the weights; of `count` rows the sum of the losses, penalties included, and the model's outputs.

        `places`: row numbers; `weights`: 1 for a row, 0 for an empty place. Of a share of a batch `count` is that of
        the batch, and so are the weights that follow, which needs all shares at once.
        """
        optimizer = self.model.optimizer
        with tf.GradientTape() as tape:
            outputs, own = self._outputs(places, inputs, training=True)
            loss = self._loss_of_members(self.targets(places), own, self._weighed(places, weights), count)
            # Each member learns as it would alone; half precision needs gradients that are not too small for it.
            summed = optimizer.scale_loss(loss * len(self._members))
        variables = self.model.trainable_variables
        # The first kernel's gradient comes as rows to add up: as a matrix, before the optimizer does worse with it.
        gradients = [tf.convert_to_tensor(found) for found in tape.gradient(summed, variables)]
        optimizer.apply_gradients(zip(self._agreed(gradients), variables, strict=True))
        return loss * count, outputs

    def test(self, places: Any, weights: Any, count: Any, inputs: Inputs) -> tuple[Any, Any]:
        """The same with nothing learnt."""
        outputs, _ = self._outputs(places, inputs, training=False)
        return self._loss(self.targets(places), outputs, weights, count, training=False) * count, outputs

    def targets(self, places: Any) -> Any:
        """Of these rows."""
        return tf.gather(self._targets.here, places)

    def _agreed(self, gradients: list[Any]) -> list[Any]:
        """Of several devices the mean of their gradients, so that all find the same one too large for its precision.

        The optimizer adds them up, after Keras' scaling of losses has looked at those of the first device alone.
        """
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync == 1 or not isinstance(
            self.model.optimizer, keras.optimizers.LossScaleOptimizer
        ):
            return gradients
        agreed: list[Any] = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        return agreed

    def _weighed(self, places: Any, weights: Any) -> Any:
        """As Keras has its `class_weight`: in the sum of losses, not in the number of rows that divides it."""
        return weights if self._row_weights is None else weights * tf.gather(self._row_weights, places)

    def _loss(self, targets: Any, outputs: Any, weights: Any, count: Any, *, training: bool) -> Any:
        # Keras takes the mean over all places, on each device over its own, and then over the devices; this makes it
        # the mean over those places that hold a row.
        shares = tf.distribute.get_strategy().num_replicas_in_sync
        scaled = weights * (weights.shape[0] * shares / count)
        return self.model.compute_loss(None, targets, outputs, sample_weight=scaled, training=training)

    def _loss_of_members(self, targets: Any, own: list[Any], weights: Any, count: Any) -> Any:
        """The mean of what each member loses by itself."""
        if len(own) == 1:
            return self._loss(targets, own[0], weights, count, training=True)
        size = len(own)
        truth, found, share = (tf.concat(each, axis=0) for each in ([targets] * size, own, [weights] * size))
        return self._loss(truth, found, share, count * size, training=True)

    def _outputs(self, places: Any, inputs: Inputs, *, training: bool) -> tuple[Any, list[Any]]:
        """The model's outputs for a batch, and those of each member by itself."""
        changed = self._changed(places, inputs) if training else None
        found = [self._forward(member, places, inputs, changed, training=training) for member in self._members]
        if len(found) == 1:
            return found[0], found
        ending = ending_of(self.model)
        outputs, *own = (self._ended(ending, each) for each in (tf.add_n(found) / len(found), *found))
        return outputs, own

    def _ended(self, ending: Sequence[keras.Layer], x: Any) -> Any:
        for layer in ending:
            x = layer(x)
        return x

    def _changed(self, places: Any, inputs: Inputs) -> Any:
        """The pictures of a batch changed at random, the same for all members; None if the recipe has none changed."""
        chosen = self._recipe.augmentation
        if not (chosen and self._picture):
            return None
        # Of the step's number and its rows, which a fit that is resumed has again.
        seed = tf.stack([tf.cast(self.model.optimizer.iterations, tf.int32), tf.reduce_sum(places)])
        return augmented(self.rows.matrix(places, inputs), self._picture, chosen, seed)

    def _forward(self, member: keras.Sequential, places: Any, inputs: Inputs, changed: Any, *, training: bool) -> Any:
        """A network's outputs for a batch. A dense layer that comes first multiplies rows as they are kept."""
        first, *others = member.layers
        if changed is not None:
            x = first(changed, training=training)
        elif isinstance(first, keras.layers.Dense):
            x = first.activation(self._multiplied(first, places, inputs))
        else:
            x = first(self.rows.matrix(places, inputs), training=training)
        for layer in others:
            x = layer(x, training=training)
        return x

    def _multiplied(self, first: keras.layers.Dense, places: Any, inputs: Inputs) -> Any:
        """The sums of a dense layer's units, in its precision; of sparse rows they are added up in float32."""
        kernel, bias, precision = first.kernel, first.bias, first.compute_dtype
        found = tf.cast(self.rows.multiply(kernel, places, inputs, precision), precision)
        return found + tf.cast(bias, precision)
