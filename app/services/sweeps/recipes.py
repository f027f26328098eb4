"""Whether what a trial has of a space makes a recipe that its task takes."""

from app.domain.fields import SEED
from app.domain.parameters import Asked, apply
from app.domain.recipes import HEADS
from app.domain.spaces import Parameters, Space
from app.domain.sweeps import SweepPlan
from app.errors import InvalidInput
from app.kinds.base import Task
from app.services.networks import check_recipe


def asked_of(task: Task, plan: SweepPlan, parameters: Parameters) -> Asked:
    """A trial's recipe and seed.

    Raises:
        InvalidInput: they make none; the path is one of the space or of the recipe.
    """
    asked = apply(plan.recipe, plan.seed, plan.space, parameters)
    check_recipe(task, asked.recipe)
    if plan.metric not in metrics_of(asked.recipe.head):
        raise InvalidInput(f"{asked.recipe.head} is not measured by {plan.metric}", field="head")
    return asked


def metrics_of(head: str) -> tuple[str, str]:
    """By which trials with this head can be compared; that of the head last."""
    metric = next(each.metric for name, each in HEADS.items() if name == head)
    return "val_loss", f"val_{metric}"


def why_not(task: Task, plan: SweepPlan, parameters: Parameters) -> InvalidInput | None:
    """What keeps parameters from making a recipe, with the field at fault as requests name it; None: nothing."""
    try:
        asked_of(task, plan, parameters)
    except InvalidInput as error:
        path = error.errors[0].field.removeprefix("recipe.") if error.errors else ""
        return InvalidInput(told(path, error.message), field=_field(plan.space, path))
    return None


def told(path: str, message: str) -> str:
    """A reason with the field that it is about."""
    return f"{path}: {message}" if path and path != SEED else message


def _field(space: Space, path: str) -> str:
    """The field of the space that has most to do with a field of the recipe; all of it, if none has."""
    names = path.split(".")
    related = [each for each in space if _common(each.split("."), names)]
    return f"space.{max(related, key=lambda each: _common(each.split('.'), names))}" if related else "space"


def _common(one: list[str], other: list[str]) -> int:
    """How many names two paths share, of which one is within the other; 0: none is."""
    shorter = min(len(one), len(other))
    return shorter if one[:shorter] == other[:shorter] else 0
