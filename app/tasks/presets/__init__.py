"""The presets of the tasks: the experiments of the classic notebooks as data, a module for each task that has many.

The baseline comes first and the exercises, which vary it, last. With early stopping a plain name keeps the last epoch's
weights, as Keras' callback does by default, and `…-best` those of the best epoch.
"""

from collections.abc import Mapping

from app.domain.recipes import Preset


def with_best(presets: Mapping[str, Preset]) -> dict[str, Preset]:
    """Presets with early stopping, each followed by the one that keeps the best epoch."""
    found: dict[str, Preset] = {}
    for name, preset in presets.items():
        found |= {name: preset, f"{name}-best": _best(preset)}
    return found


def _best(preset: Preset) -> Preset:
    stopping = preset.recipe.early_stopping
    assert stopping is not None
    recipe = preset.recipe.model_copy(update={"early_stopping": stopping.model_copy(update={"restore_best": True})})
    return preset.model_copy(update={"description": f"{preset.description}; keeps the best epoch", "recipe": recipe})
