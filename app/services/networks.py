"""Whether a recipe's network suits its task's inputs, and this service."""

import math

from app.domain.layers import BatchNorm
from app.domain.recipes import MAX_BATCH_NUMBERS, MAX_MULTIPLICATIONS, MAX_PARAMETERS, Recipe
from app.domain.texts import MultiHot, NGrams
from app.errors import InvalidInput
from app.kinds.base import Task


def check_recipe(task: Task, recipe: Recipe) -> None:
    """Refuse a head, features or a network that do not suit the task.

    Raises:
        InvalidInput: with the field at fault.
    """
    if recipe.head not in task.heads:
        raise InvalidInput(f"task {task.name!r} takes {', '.join(task.heads)}", field="recipe.head")
    if found := task.check_features(recipe.features):
        field, reason = found
        raise InvalidInput(reason, field=".".join(filter(None, ("recipe.features", field))))
    check_network(task, recipe)


def check_network(task: Task, recipe: Recipe) -> None:
    """Refuse layers that do not fit each other or the inputs, and networks that are too large.

    Raises:
        InvalidInput: with the field at fault.
    """
    _check_interpolation(recipe)
    shape = task.picture_shape
    for place, layer in enumerate(recipe.layers):
        if isinstance(layer, BatchNorm) and isinstance(recipe.features, MultiHot | NGrams):
            raise InvalidInput("batch_norm is not for texts", field=f"recipe.layers.{place}.kind")
    if recipe.augmentation and not shape:
        raise InvalidInput(f"is for pictures, which task {task.name!r} has not", field="recipe.augmentation")
    stages = recipe.stages(shape or (task.input_width(recipe.features),), task.output_units(recipe.head))
    network = f"the {recipe.members} members" if recipe.members > 1 else "the network"
    for most, asked, what in (
        (MAX_PARAMETERS, sum(stage.parameters for stage in stages), "have {:,} weights"),
        (MAX_MULTIPLICATIONS, sum(stage.multiplications for stage in stages), "take {:,} multiplications for an input"),
    ):
        if asked * recipe.members > most:
            message = f"{network} would {what.format(asked * recipe.members)}; the limit is {most:,}"
            raise InvalidInput(message, field="recipe.layers")
    numbers = sum(math.prod(stage.shape) for stage in stages)
    if recipe.sees_pictures and recipe.batch_size * numbers * recipe.members > MAX_BATCH_NUMBERS:
        most = MAX_BATCH_NUMBERS // (numbers * recipe.members)
        message = f"at most {most:,}: each picture makes {numbers:,} numbers in this network"
        raise InvalidInput(message, field="recipe.batch_size")


def _check_interpolation(recipe: Recipe) -> None:
    """The ratio of an n-gram tells a direction where it has one weight: of two labels, without hidden layers."""
    features = recipe.features
    if not isinstance(features, NGrams) or features.interpolation == 1:
        return
    field = "recipe.features.interpolation"
    if recipe.head != "binary":
        raise InvalidInput(f"below 1 is for the head binary, not {recipe.head}", field=field)
    if recipe.layers:
        raise InvalidInput("below 1 is for recipes without hidden layers", field=field)
