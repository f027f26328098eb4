"""Any space: its grid, what is drawn of it, and the recipes that come of it."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.domain.conditions import holds, order_of
from app.domain.draws import drawn
from app.domain.grids import combinations, count
from app.domain.parameters import apply
from app.domain.recipes import Recipe
from app.domain.spaces import Choice, Space
from app.errors import InvalidInput
from tests.support.tasks import TASKS

BASE = TASKS.get("housing").presets["baseline"].recipe
SPACE: TypeAdapter[Space] = TypeAdapter(Space)

numbers = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(sorted).filter(lambda pair: pair[0] < pair[1])
shares = st.tuples(st.integers(1, 400), st.integers(1, 400)).map(sorted).filter(lambda pair: pair[0] < pair[1])


@st.composite
def axes(draw: st.DrawFn, path: str) -> dict[str, Any]:
    """One that the field takes."""
    if path in ("optimizer", "layers.1"):
        values = [{"kind": "sgd"}, {"kind": "adam"}] if path == "optimizer" else [None, {"kind": "dense", "units": 3}]
        named = draw(st.sampled_from((True, False)))
        return {"kind": "choice", "values": {"a": values[0], "b": values[1]} if named else values}
    whole = path != "optimizer.learning_rate"
    low, high = draw(numbers) if whole else (part / 1000 for part in draw(shares))
    kind = draw(st.sampled_from(("choice", "range", "log_range")))
    if kind == "choice":
        return {"kind": kind, "values": [low, high]}
    more: dict[str, Any] = {"points": draw(st.integers(1, 4))}
    if kind == "range" and draw(st.booleans()):
        more = {"step": 3 if whole and high - low >= 3 else 1 if whole else (high - low) / 3}
    return {"kind": kind, "low": low, "high": high, **more}


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Of these fields any, in any order, with conditions on any choice before it."""
    known = ["optimizer", "layers.1", "optimizer.learning_rate", "layers.0.units", "epochs", "batch_size", "seed"]
    paths = draw(st.permutations(known))[: draw(st.integers(1, 5))]
    found: dict[str, Any] = {path: draw(axes(path)) for path in paths}
    for place, path in enumerate(paths[1:], 1):
        parents = [each for each in paths[:place] if found[each]["kind"] == "choice"]
        if parents and draw(st.sampled_from((True, False))):
            parent = draw(st.sampled_from(parents))
            found[path]["when"] = {parent: [next(iter(found[parent]["values"]))]}
    return SPACE.validate_python({path: found[path] for path in draw(st.permutations(paths))})


@given(spaces())
def test_a_grid_has_as_many_combinations_as_were_counted_and_each_once(space: Space) -> None:
    made = list(combinations(space))

    assert (len(made), True) == count(space)
    assert len({str(sorted(each.items(), key=str)) for each in made}) == len(made)


@given(spaces(), st.integers(0, 2**31 - 1), st.integers(0, 1_000), st.integers(0, 99))
def test_what_is_drawn_is_in_the_space_and_the_same_again(space: Space, seed: int, trial: int, tries: int) -> None:
    found = drawn(space, seed, trial, tries)

    assert found == drawn(space, seed, trial, tries)
    assert [path for path in order_of(space) if holds(space, path, found)] == list(found)
    for path, value in found.items():
        axis = space[path]
        if isinstance(axis, Choice):
            assert value in list(axis.values)
        else:
            assert axis.low <= value <= axis.high


@given(spaces(), st.integers(0, 1_000))
def test_drawn_and_on_the_grid_are_recipes(space: Space, trial: int) -> None:
    """All that these spaces hold, since what they lack elsewhere is there in the base."""
    for parameters in (drawn(space, 1, trial, 0), next(combinations(space))):
        recipe, seed = apply(BASE, 5, space, parameters)

        assert recipe == Recipe.model_validate_json(recipe.model_dump_json())
        assert seed == parameters.get("seed", 5)
        if "epochs" in parameters:
            assert recipe.epochs == parameters["epochs"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_conditions_in_a_circle_are_found_and_nothing_else_is(edges: list[tuple[int, int]]) -> None:
    paths = [f"layers.{place}.units" for place in range(6)]
    whens: dict[int, dict[str, list[int]]] = {place: {} for place in range(6)}
    for child, parent in edges:
        if len(whens[child]) < 4:
            whens[child][paths[parent]] = [1]
    space = SPACE.validate_python(
        {path: {"kind": "choice", "values": [1, 2], "when": whens[place]} for place, path in enumerate(paths)}
    )
    try:
        order = order_of(space)
    except InvalidInput as error:
        assert "circle" in error.message  # noqa: PT017 - what else could it be
        names = error.message.removeprefix("conditions are in a circle: ").split(" -> ")
        assert names[0] == names[-1]
        assert all(after in (space[before].when or {}) for before, after in pairwise(names))
    else:
        assert sorted(order) == sorted(paths)
        for path in paths:
            assert all(order.index(parent) < order.index(path) for parent in space[path].when or {})
