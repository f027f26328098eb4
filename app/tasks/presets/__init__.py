"""The presets of the tasks: the experiments of the classic notebooks as data, a module for each task that has many.

The baseline and the best come first and the exercises, which vary it, last. With early stopping a plain name keeps the
last epoch's weights, as Keras' callback does by default, and `…-best` those of the best epoch.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.recipes import Activation, Dense, Layer, Preset


def hidden(*units: int, activation: Activation = "relu") -> tuple[Layer, ...]:
    """A hidden layer of each of these widths."""
    return tuple(Dense(units=width, activation=activation) for width in units)


def varied(preset: Preset, **changes: Any) -> Preset:
    """The same with other values of some fields of its recipe."""
    return preset.model_copy(update={"recipe": preset.recipe.model_copy(update=changes)})


def with_best(presets: Mapping[str, Preset]) -> dict[str, Preset]:
    """Presets with early stopping, each followed by the one that keeps the best epoch."""
    found: dict[str, Preset] = {}
    for name, preset in presets.items():
        found |= {name: preset, f"{name}-best": _best(preset)}
    return found


def _best(preset: Preset) -> Preset:
    stopping = preset.recipe.early_stopping
    assert stopping is not None
    best = varied(preset, early_stopping=stopping.model_copy(update={"restore_best": True}))
    return best.model_copy(update={"description": f"{preset.description}; keeps the best epoch"})
