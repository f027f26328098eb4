"""Several networks as one Keras model: the mean of what they give, then the head's activation."""

from collections.abc import Sequence

import keras


def join(stacks: Sequence[keras.Sequential], ending: Sequence[keras.Layer]) -> keras.Model:
    """A model of networks that end in a linear layer; `ending` goes from their mean to the answer."""
    inputs = keras.Input(stacks[0].input_shape[1:], dtype="float32")
    outputs = keras.layers.Average()([stack(inputs) for stack in stacks])
    for layer in ending:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


def members_of(model: keras.Model) -> list[keras.Sequential]:
    """The networks of an ensemble; of any other model, the model itself."""
    return [model] if isinstance(model, keras.Sequential) else [each for each in model.layers if _is_member(each)]


def ending_of(model: keras.Model) -> list[keras.Layer]:
    """What an ensemble has behind the mean: the head's activation, and the unit of the answers if there is one."""
    kinds = (keras.layers.Activation, keras.layers.Rescaling)
    return [] if isinstance(model, keras.Sequential) else [each for each in model.layers if isinstance(each, kinds)]


def _is_member(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.Sequential)
