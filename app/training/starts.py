"""Where fits of one program begin: to build a network anew takes longer than to give one its first weights back."""

import math
from typing import Any

import tensorflow as tf

from app.domain.recipes import Recipe
from app.training.adjustable import adjust
from app.training.program import Program

MOST = 20  # seeds
MOST_NUMBERS = 2**21  # of a network that is kept, and of its optimizer


class Starts:
    """Values of all variables of a program's model, by the seed that they were drawn by."""

    def __init__(self) -> None:
        self._values: dict[int, list[Any]] = {}

    def keep(self, program: Program, seed: int) -> None:
        """As they are now, if they take little room."""
        variables = _variables(program)
        if len(self._values) < MOST and sum(math.prod(variable.shape) for variable in variables) <= MOST_NUMBERS:
            self._values[seed] = [tf.identity(variable.value) for variable in variables]

    def again(self, program: Program, seed: int, recipe: Recipe) -> bool:
        """Go back there, with the adjustable numbers of this recipe; false: they are not kept."""
        if seed not in self._values:
            return False
        for variable, value in zip(_variables(program), self._values[seed], strict=True):
            variable.assign(value)
        adjust(program.model, recipe)
        return True


def _variables(program: Program) -> list[Any]:
    return [*program.model.variables, *program.model.optimizer.variables]
