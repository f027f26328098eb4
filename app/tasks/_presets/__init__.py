"""The presets of the tasks: the experiments of the classic notebooks as data, a module for each task that has many.

The baseline comes first and the exercises, which vary it, last. With early stopping a plain name keeps the last epoch's
weights, as Keras' callback does by default, and `…-best` those of the best epoch.
"""

from app.domain.recipes import Preset


def best(preset: Preset) -> Preset:
    """The same with the weights of the best epoch."""
    stopping = preset.recipe.early_stopping
    assert stopping is not None
    recipe = preset.recipe.model_copy(update={"early_stopping": stopping.model_copy(update={"restore_best": True})})
    return preset.model_copy(update={"description": f"{preset.description}; keeps the best epoch", "recipe": recipe})
