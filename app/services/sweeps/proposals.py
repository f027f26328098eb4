"""Search around a run's recipe: a space for it, by the kinds of its parts."""

from collections.abc import Iterator
from typing import Any

from app.domain.layers import AnyLayer, Conv2D, Dense, Dropout
from app.domain.recipes import NoValidation, Recipe, RecipePatch
from app.domain.spaces import Axis, Choice, LogRange, NumberRange, Space
from app.domain.tables import MixedColumns
from app.domain.texts import MOST_HASHED, MOST_N_GRAMS, MultiHot, NGrams
from app.kinds.base import Task
from app.wire.runs import Run
from app.wire.sweeps import SweepRequest

MOST_PATHS = 32
# Kinds are said where they could be left out, since what is left out is not sent.
PENALTIES = (0.0, 0.0001, 0.001)  # of a layer that has none


def around(task: Task, run: Run) -> SweepRequest:
    """What to send to `POST /sweeps`: the run's recipe, with the fields that matter most made to vary around it."""
    name = run.preset if run.preset in task.presets else next(iter(task.presets))
    preset = task.presets[name]
    own = {
        field: getattr(run.recipe, field)
        for field in Recipe.model_fields
        if getattr(run.recipe, field) != getattr(preset.recipe, field)
    }
    asked: dict[str, Any] = {
        "task": run.task,
        "preset": name,
        "dataset": run.dataset,
        "space": space_around(run.recipe),
    }
    if own:
        asked["recipe"] = RecipePatch.model_validate(own)
    if not isinstance(run.validation, NoValidation):
        asked["validation"] = run.validation
    return SweepRequest(**asked)


def space_around(recipe: Recipe) -> Space:
    """The fields of a recipe that are tried first, what matters most before the others."""
    found: dict[str, Axis] = {}
    for path, axis in _axes(recipe):
        if axis is not None and len(found) < MOST_PATHS:
            found[path] = axis
    return found


def _axes(recipe: Recipe) -> Iterator[tuple[str, Axis | None]]:
    rate = recipe.optimizer.learning_rate
    yield "optimizer.learning_rate", LogRange(kind="log_range", low=rate / 10, high=min(rate * 10, 10.0))
    layers = list(enumerate(recipe.layers))
    for place, layer in layers:
        yield from _widths(place, layer)
    for place, layer in layers:
        if isinstance(layer, Dropout):
            high = min(0.9, max(0.5, round(layer.rate * 1.5, 3)))
            yield f"layers.{place}.rate", NumberRange(kind="range", low=0.0, high=high)
    yield "batch_size", _halved(recipe.batch_size, 1, 65_536)
    features = recipe.features
    if isinstance(features, MultiHot):
        yield "features.words", _halved(features.words, 5, 100_000)
    elif isinstance(features, NGrams):
        most = MOST_HASHED if features.hashed else MOST_N_GRAMS
        yield "features.max_features", _halved(features.max_features, 10, most)
        yield "features.max_n", Choice(kind="choice", values=[1, 2, 3])
    elif isinstance(features, MixedColumns):
        yield "features.bins", _halved(features.bins, 2, 100)
    for place, layer in layers:
        if isinstance(layer, Dense):
            yield f"layers.{place}.l2", _penalty(layer.l2)


def _widths(place: int, layer: AnyLayer) -> Iterator[tuple[str, Axis | None]]:
    if isinstance(layer, Dense):
        yield f"layers.{place}.units", _halved(layer.units, 1, 8192)
    elif isinstance(layer, Conv2D):
        yield f"layers.{place}.filters", _halved(layer.filters, 1, 512)


def _halved(value: int, least: int, most: int) -> Choice | None:
    """Half as many, as many, twice as many, within these limits; None where one is left."""
    values = [each for each in dict.fromkeys((value // 2, value, value * 2)) if least <= each <= most]
    return Choice(kind="choice", values=list(values)) if len(values) > 1 else None


def _penalty(value: float) -> Axis:
    return (
        LogRange(kind="log_range", low=value / 10, high=min(value * 10, 10.0))
        if value
        else Choice(kind="choice", values=list(PENALTIES))
    )
