"""How many weights a recipe's network has."""

from app.domain.recipes import Recipe


def parameters_of(recipe: Recipe, inputs: int, outputs: int) -> int:
    """Those of all members, for rows of `inputs` numbers and `outputs` output units."""
    return sum(stage.parameters for stage in recipe.stages((inputs,), outputs)) * recipe.members
