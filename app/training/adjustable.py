"""Layers and penalties whose numbers are variables: another number needs no other program."""

import json
from typing import Any

import keras
import tensorflow as tf

from app.domain.layers import Dense, Dropout
from app.domain.recipes import Recipe
from app.training.ensemble import members_of


@keras.saving.register_keras_serializable("densely")
class AdjustableDropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras has no types
    """Keras' Dropout, whose rate is a weight of the layer, and so comes with the others."""

    def build(self, input_shape: Any) -> None:
        """Make the weight."""
        super().build(input_shape)
        start = keras.initializers.Constant(self.rate)
        self.current = self.add_weight(shape=(), initializer=start, trainable=False, name="rate")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """As Keras' layer, whose own function takes a rate that is a number only."""
        if not training:
            return inputs
        # As Keras' backend has the seed, so that the same numbers are drawn.
        seed = tf.cast(tf.math.floormod(self.seed_generator.next(), tf.int32.max - 1), tf.int32)
        return tf.nn.experimental.stateless_dropout(inputs, tf.identity(self.current.value), seed)


@keras.saving.register_keras_serializable("densely")
class AdjustablePenalty(keras.regularizers.Regularizer):  # type: ignore[misc]
    """Keras' L1L2, whose factors are variables."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = tf.Variable(l1, dtype=tf.float32, trainable=False)
        self.l2 = tf.Variable(l2, dtype=tf.float32, trainable=False)

    def __call__(self, x: Any) -> Any:
        """The penalty of a kernel."""
        return self.l1 * keras.ops.sum(keras.ops.absolute(x)) + self.l2 * keras.ops.sum(keras.ops.square(x))

    def get_config(self) -> dict[str, float]:
        """The factors as they are now."""
        return {"l1": float(self.l1.numpy()), "l2": float(self.l2.numpy())}

    def take_over(self, other: "AdjustablePenalty") -> None:
        """Go on with the other one's factors."""
        self.l1.assign(other.l1)
        self.l2.assign(other.l2)


def penalties_of(model: keras.Model) -> list[AdjustablePenalty]:
    """Those of a model's kernels, in the order of its layers."""
    kernels = [layer for member in members_of(model) for layer in member.layers]
    found = [getattr(layer, "kernel_regularizer", None) for layer in kernels]
    return [penalty for penalty in found if isinstance(penalty, AdjustablePenalty)]


def adjust(model: keras.Model, recipe: Recipe) -> None:
    """Give a model of the same structure, built adjustable, this recipe's numbers."""
    model.optimizer.learning_rate = recipe.optimizer.learning_rate
    members = members_of(model)
    for member in members:
        rates = iter([layer.rate for layer in recipe.layers if isinstance(layer, Dropout) and layer.rate])
        penalties = iter([layer for layer in recipe.layers if isinstance(layer, Dense) and (layer.l1 or layer.l2)])
        for layer in member.layers:
            if isinstance(layer, AdjustableDropout):
                layer.rate = next(rates)
                layer.current.assign(layer.rate)
            elif isinstance(penalty := getattr(layer, "kernel_regularizer", None), AdjustablePenalty):
                chosen = next(penalties)
                penalty.l1.assign(chosen.l1 / len(members))
                penalty.l2.assign(chosen.l2 / len(members))
        assert next(rates, None) is None, "a rate has no layer"
        assert next(penalties, None) is None, "a penalty has no layer"


def structure_of(recipe: Recipe) -> str:
    """What a recipe's program depends on: two that differ in adjustable numbers only have the same.

    Those are the learning rate, rates of dropout and penalties, the epochs, and what stops them.
    """
    data = recipe.model_dump(mode="json", exclude={"epochs", "early_stopping"})
    data["optimizer"].pop("learning_rate")
    for layer in data["layers"]:
        if "l1" in layer:
            layer["penalty"] = bool(layer.pop("l1") or layer.pop("l2"))
            layer.pop("l2", None)
        if "rate" in layer:
            layer["rate"] = bool(layer["rate"])  # without one Keras' layer has no random numbers
    return json.dumps(data, sort_keys=True)
