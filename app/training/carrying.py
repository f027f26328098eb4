"""From one model to another of the same structure: on one device or on several, in one precision or another."""

from typing import Any

import keras

from app.training.adjustable import penalties_of


def carry_over(source: keras.Model, target: keras.Model) -> None:
    """Weights, state of the optimizer and of random numbers, adjustable numbers of penalties.

    What Keras' scaling of losses remembers goes over only where both have it.
    """
    theirs, mine = source.optimizer, target.optimizer
    for optimizer, model in ((theirs, source), (mine, target)):
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
    if _is_scaled(theirs) != _is_scaled(mine):
        theirs, mine = (getattr(each, "inner_optimizer", each) for each in (theirs, mine))
    for variables, values in ((target.variables, source.variables), (mine.variables, theirs.variables)):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value.numpy())
    for own, others in zip(penalties_of(target), penalties_of(source), strict=True):
        own.take_over(others)


def _is_scaled(optimizer: Any) -> bool:
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
