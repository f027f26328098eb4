"""A recipe as a compiled Keras model."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.domain.course import Precision
from app.domain.layers import AnyLayer, BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool, Picture, PictureLayer
from app.domain.recipes import HEADS, EarlyStopping, Recipe
from app.training import ensemble
from app.training.adjustable import AdjustableDropout, AdjustablePenalty
from app.wire.manifests import LayerRow


@dataclass(frozen=True)
class TargetUnit:
    """What a network's own unit is in that of the answers: `value = offset + scale * output`."""

    offset: float
    scale: float

    @classmethod
    def of(cls, targets: NDArray[Any]) -> "TargetUnit":
        """Mean and deviation of the training split's answers."""
        scale = float(np.std(targets))
        return cls(float(np.mean(targets)), scale if scale > 1e-9 * float(np.abs(targets).max(initial=0)) else 1.0)


def build(
    recipe: Recipe,
    inputs: int,
    outputs: int,
    seed: int,
    unit: TargetUnit | None = None,
    picture: Picture | None = None,
    *,
    adjustable: bool = False,
) -> keras.Model:
    """The compiled network for rows of `inputs` numbers and `outputs` output units; same seed, same weights.

    That is a `Sequential`, or an ensemble of some. The first member has the weights of the single network.

    With a `unit` it ends in a layer that turns its own into that of the answers, so that metrics are in the latter; its
    loss is in the former, where penalties and learning rates mean the same whatever the answers' unit. `picture`: the
    shape that a row of numbers has in truth, (rows, columns, channels). `adjustable`: see `training.adjustable`.
    """
    keras.utils.set_random_seed(seed)
    activation = HEADS[recipe.head].activation
    ending = [keras.layers.Rescaling(unit.scale, unit.offset)] if unit else []
    if recipe.members == 1:
        model: keras.Model = _stack(recipe, inputs, outputs, activation, picture, adjustable)
        for layer in ending:
            model.add(layer)
    else:
        stacks = [_stack(recipe, inputs, outputs, "linear", picture, adjustable) for _ in range(recipe.members)]
        model = ensemble.join(stacks, [keras.layers.Activation(activation), *ending])
    weight = [unit.scale**-2 if recipe.loss == "mse" else 1 / unit.scale] if unit else None
    optimizer, metrics = _optimizer(recipe), [metric_of(recipe)]
    model.compile(optimizer=optimizer, loss=_loss(recipe), loss_weights=weight, metrics=metrics)
    return model


def layer_table(model: keras.Model) -> list[LayerRow]:
    """The layers with their widths and parameter counts; of an ensemble, those of one member."""
    first, *others = ensemble.members_of(model)
    rows = _rows_of(first)
    if others:
        head = ensemble.ending_of(model)[0]
        rows[-1] = rows[-1].model_copy(update={"activation": head.activation.__name__})
    return rows


def _stack(
    recipe: Recipe, inputs: int, outputs: int, activation: str, picture: Picture | None, adjustable: bool
) -> keras.Sequential:
    """The recipe's layers, and a last one with this activation."""
    stack = keras.Sequential([keras.Input((inputs,), dtype="float32")])
    if recipe.sees_pictures:
        stack.add(keras.layers.Reshape(picture))
    for layer in recipe.layers:
        _add(stack, layer, recipe, adjustable)
    _flatten(stack)
    stack.add(keras.layers.Dense(outputs, activation=activation))  # in float32, whatever comes before it
    return stack


def _rows_of(stack: keras.Sequential) -> list[LayerRow]:
    rows = []
    for layer in stack.layers:
        if isinstance(layer, keras.layers.Rescaling):  # told by the weights of the layer before it
            continue
        shape = layer.output.shape[1:]
        kind = KINDS[type(layer)]
        settings: dict[str, Any] = {"rate": layer.rate} if kind == "dropout" else {}
        if kind == "conv2d":
            sides = {"kernel_size": layer.kernel_size[0], "strides": layer.strides[0]}
            settings = sides | {"padding": layer.padding}
        elif kind == "max_pool":
            settings = {"pool_size": layer.pool_size[0]}
        if hasattr(layer, "activation"):
            settings["activation"] = layer.activation.__name__
        picture = shape if len(shape) == 3 else None
        rows.append(LayerRow(kind=kind, units=shape[-1], shape=picture, parameters=layer.count_params(), **settings))
    return rows


def metric_of(recipe: Recipe) -> Any:
    """The Keras metric of the recipe's head, under the name that history and metrics use."""
    if recipe.metric == "mae":
        return keras.metrics.MeanAbsoluteError(name="mae")
    if recipe.metric == "f1":
        return keras.metrics.F1Score(average="micro", threshold=0.5, name="f1")
    if recipe.head == "binary":
        return keras.metrics.BinaryAccuracy(name="accuracy")
    sparse = recipe.loss == "sparse_categorical_crossentropy"
    kind = keras.metrics.SparseCategoricalAccuracy if sparse else keras.metrics.CategoricalAccuracy
    return kind(name="accuracy")


def monitor_mode(stopping: EarlyStopping) -> str:
    """Whether the monitored figure should fall or rise."""
    return "max" if stopping.monitor.endswith(("accuracy", "f1")) else "min"


KINDS: dict[type[keras.Layer], Any] = {
    keras.layers.Dense: "dense",
    keras.layers.Dropout: "dropout",
    AdjustableDropout: "dropout",
    keras.layers.Flatten: "flatten",
    keras.layers.Reshape: "reshape",
    keras.layers.Conv2D: "conv2d",
    keras.layers.MaxPooling2D: "max_pool",
    keras.layers.GlobalAveragePooling2D: "global_average_pool",
    keras.layers.BatchNormalization: "batch_norm",
    keras.layers.Activation: "activation",
}


def _add(model: keras.Sequential, layer: AnyLayer, recipe: Recipe, adjustable: bool) -> None:
    if isinstance(layer, Dense):
        _flatten(model)
    model.add(_layer(layer, recipe, adjustable))
    if isinstance(layer, BatchNorm) and layer.activation != "linear":
        model.add(keras.layers.Activation(layer.activation, dtype=recipe.precision))


def _flatten(model: keras.Sequential) -> None:
    """A dense layer takes a row of numbers, where Keras' would go pixel by pixel."""
    if model.layers and len(model.layers[-1].output.shape) > 2:
        model.add(keras.layers.Flatten(dtype=model.layers[-1].dtype_policy))


def _layer(layer: AnyLayer, recipe: Recipe, adjustable: bool) -> keras.Layer:
    """The loss of an ensemble is the mean of its members' losses, and so are the penalties in it."""
    precision = recipe.precision
    if isinstance(layer, Dense):
        l1, l2 = layer.l1 / recipe.members, layer.l2 / recipe.members
        kind = AdjustablePenalty if adjustable else keras.regularizers.L1L2
        penalty = kind(l1, l2) if l1 or l2 else None
        return keras.layers.Dense(layer.units, activation=layer.activation, kernel_regularizer=penalty, dtype=precision)
    if isinstance(layer, Dropout):
        dropout = AdjustableDropout if adjustable and layer.rate else keras.layers.Dropout
        return dropout(layer.rate, dtype=precision)
    if isinstance(layer, BatchNorm):
        # Of a batch that several devices share, mean and variance are those of the whole batch.
        shared = tf.distribute.has_strategy()
        return keras.layers.BatchNormalization(momentum=layer.momentum, synchronized=shared, dtype=precision)
    if isinstance(layer, Flatten):
        return keras.layers.Flatten(dtype=precision)
    return _picture_layer(layer, precision)


def _picture_layer(layer: PictureLayer, precision: Precision) -> keras.Layer:
    if isinstance(layer, Conv2D):
        settings = (layer.filters, layer.kernel_size, layer.strides, layer.padding)
        return keras.layers.Conv2D(*settings, activation=layer.activation, dtype=precision)
    if isinstance(layer, MaxPool):
        return keras.layers.MaxPooling2D(layer.pool_size, dtype=precision)
    return keras.layers.GlobalAveragePooling2D(dtype=precision)


def _loss(recipe: Recipe) -> Any:
    if not recipe.label_smoothing:
        return recipe.loss
    binary = recipe.loss == "binary_crossentropy"
    kind = keras.losses.BinaryCrossentropy if binary else keras.losses.CategoricalCrossentropy
    return kind(label_smoothing=recipe.label_smoothing)


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    averaging = recipe.averaging
    average = {"use_ema": True, "ema_momentum": averaging.momentum} if averaging else {}
    optimizer = _OPTIMIZERS[recipe.optimizer.kind](**recipe.optimizer.model_dump(exclude={"kind"}), **average)
    scaled = recipe.precision == "mixed_float16"  # whose small gradients would be zero
    return keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer


_OPTIMIZERS = {
    "sgd": keras.optimizers.SGD,
    "momentum": keras.optimizers.SGD,
    "adagrad": keras.optimizers.Adagrad,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
}
