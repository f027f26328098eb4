"""Any valid recipe: through JSON and back, patched, counted."""

import itertools
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.recipes import Dense, Dropout, Flatten, Recipe, RecipePatch
from tests.support.counted import parameters_of
from tests.support.strategies import recipes

FREE = ("features", "layers", "optimizer", "epochs", "batch_size")
TOGETHER = ("head", "loss", "early_stopping", "class_weights")  # these decide on each other
FEW = settings(max_examples=100, deadline=None)


@st.composite
def patches(draw: st.DrawFn) -> RecipePatch:
    """Some fields of another valid recipe; those that decide on each other all or none."""
    other = draw(recipes())
    names = set(draw(st.sets(st.sampled_from(FREE)))) | (set(TOGETHER) if draw(st.booleans()) else set())
    return RecipePatch.model_validate({name: getattr(other, name) for name in names})


@given(recipes())
@FEW
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    assert recipe == Recipe.model_validate_json(recipe.model_dump_json())
    assert recipe == Recipe.model_validate(json.loads(recipe.model_dump_json()))


@given(recipes(), recipes())
@FEW
def test_a_whole_recipe_is_a_patch(recipe: Recipe, other: Recipe) -> None:
    """What one run shows as its recipe can be sent with the next."""
    assert other == RecipePatch.model_validate_json(other.model_dump_json()).apply(recipe)


@given(recipes(), patches())
@FEW
def test_a_patch_changes_what_it_gives_and_nothing_else(recipe: Recipe, patch: RecipePatch) -> None:
    patched = patch.apply(recipe)

    for name in Recipe.model_fields:
        source = patch if name in patch.model_fields_set else recipe
        assert getattr(source, name) == getattr(patched, name)


@given(recipes(), patches(), patches())
@FEW
def test_patches_compose(recipe: Recipe, first: RecipePatch, second: RecipePatch) -> None:
    """One after the other is both at once, the second one winning."""
    given_fields = {name: getattr(first, name) for name in first.model_fields_set}
    given_fields |= {name: getattr(second, name) for name in second.model_fields_set}
    both = RecipePatch.model_validate(given_fields)

    assert both.apply(recipe) == second.apply(first.apply(recipe))


@given(recipes(), patches())
@FEW
def test_a_patch_applied_twice_is_applied_once(recipe: Recipe, patch: RecipePatch) -> None:
    assert patch.apply(recipe) == patch.apply(patch.apply(recipe))


@given(recipes(), st.integers(1, 100_000), st.integers(1, 46))
@FEW
def test_parameters_are_those_of_the_kernels_and_biases(recipe: Recipe, inputs: int, outputs: int) -> None:
    recipe = recipe.model_copy(
        update={"layers": tuple(layer for layer in recipe.layers if isinstance(layer, Dense | Dropout | Flatten))}
    )
    widths = [inputs, *(layer.units for layer in recipe.layers if isinstance(layer, Dense)), outputs]
    kernels = sum(before * after for before, after in itertools.pairwise(widths))

    assert recipe.members * (kernels + sum(widths[1:])) == parameters_of(recipe, inputs, outputs)
