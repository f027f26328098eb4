"""Spaces: conditions, values in a recipe, grids, bars."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.conditions import order_of
from app.domain.fields import forms_of, why_not
from app.domain.grids import combinations, count, points_of, within
from app.domain.parameters import apply
from app.domain.pruning import Course, bars_for
from app.domain.recipes import Recipe
from app.domain.spaces import Budget, Choice, Median, Space, SuccessiveHalving
from app.domain.trials import Bar
from app.errors import InvalidInput
from tests.support.tasks import TASKS

BASE = TASKS.get("housing").presets["baseline"].recipe
SPACE: TypeAdapter[Space] = TypeAdapter(Space)
ADAM_OR_SGD = {"kind": "choice", "values": {"adam": {"kind": "adam"}, "sgd": {"kind": "sgd"}}}


def space(**axes: Any) -> Space:
    """Paths with `__` for a dot."""
    return SPACE.validate_python({path.replace("__", "."): axis for path, axis in axes.items()})


def choice(*values: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "choice", "values": list(values), **more}


def test_every_field_of_a_recipe_is_known() -> None:
    for field in Recipe.model_fields:
        assert forms_of(field)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("optimizer.learning_rate", 0.1, None),
        ("optimizer.learning_rate", 11, "less than or equal to 10"),
        ("optimizer.learning_rate", "0.1", "valid number"),
        ("optimizer.learning_rate", True, "valid number"),
        ("optimizer", {"kind": "adam", "learning_rat": 1}, "adam.learning_rat: Extra inputs"),
        ("optimizer", None, "object"),
        ("layers.0", None, None),
        ("layers.0.units", 16.0, None),
        ("layers.0.units", 0, "greater than or equal to 1"),
        ("early_stopping", None, None),
        ("features.exclude", ["CRIM"], None),
        ("seed", 2**31, "less than or equal"),
    ],
)
def test_what_a_field_takes(path: str, value: Any, reason: str | None) -> None:
    found = why_not(path, value)

    assert found is None if reason is None else found and reason in found


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("optimizer.learning_rat", "optimizer has no field 'learning_rat'; there are"),
        ("epoch", "a recipe has no field 'epoch'; there are augmentation"),
        ("layers.16.units", "layers has no field '16'"),
        ("layers.01.units", "layers has no field '01'"),
        ("seed.x", "a recipe has no field 'seed'"),
    ],
)
def test_a_field_that_no_recipe_has(path: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told.replace(".", r"\.")) as caught:
        forms_of(path)

    assert [path] == [error.field for error in caught.value.errors]


def test_values_are_put_in_whole_parts_first() -> None:
    """A layer that is left out does not move those after it; what a part leaves out can be set within it."""
    found = space(
        optimizer__momentum=choice(0.5), layers__0=choice(None, {"kind": "dense", "units": 8}),
        layers__1__units=choice(4), optimizer=ADAM_OR_SGD, seed=choice(7),
    )  # fmt: skip
    parameters = {"optimizer.momentum": 0.5, "layers.0": None, "layers.1.units": 4, "optimizer": "sgd", "seed": 7}

    recipe, seed = apply(BASE, 1, found, parameters)

    assert [4] == [layer.units for layer in recipe.layers if layer.kind == "dense"]
    assert ("sgd", 0.5, 0.01) == (recipe.optimizer.kind, recipe.optimizer.momentum, recipe.optimizer.learning_rate)  # type: ignore[union-attr]
    assert seed == 7
    assert BASE.features == recipe.features


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("layers.7.units", 4, "layers.7 is not there; `when` can tell where it is"),
        ("optimizer.beta_1", 0.5, "optimizer of kind rmsprop has no field 'beta_1'; `when` can tell where it has"),
        ("schedule.warmup", 0.1, "schedule is not there; `when` can tell where it is"),
        ("loss", "binary_crossentropy", "does not fit the head"),
    ],
)
def test_what_makes_no_recipe(path: str, value: Any, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        apply(BASE, 1, SPACE.validate_python({path: choice(value)}), {path: value})

    assert told in caught.value.message
    assert path == caught.value.errors[0].field


def test_conditions_come_before_what_they_decide() -> None:
    found = space(
        optimizer__momentum={"kind": "range", "low": 0, "high": 0.9, "points": 3, "when": {"optimizer": ["sgd"]}},
        batch_size=choice(8, 16),
        optimizer=ADAM_OR_SGD,
    )

    assert ["batch_size", "optimizer", "optimizer.momentum"] == order_of(found)
    assert (8, True) == count(found)
    made = list(combinations(found))
    assert len(made) == 8
    assert {"batch_size": 8, "optimizer": "adam"} == made[0]
    assert {"batch_size": 16, "optimizer": "sgd", "optimizer.momentum": 0.9} == made[-1]


def test_a_field_does_not_vary_where_what_decides_it_does_not() -> None:
    found = space(
        optimizer=ADAM_OR_SGD,
        members=choice(1, 2, when={"optimizer": ["sgd"]}),
        batch_size=choice(8, 16, when={"members": [2]}),
    )

    assert (4, True) == count(found)
    assert all(("batch_size" in each) == (each.get("members") == 2) for each in combinations(found))


@pytest.mark.parametrize(
    ("axes", "field", "told"),
    [
        ({"members": choice(1, when={"epochs": [1]})}, "space.members.when.epochs", "epochs does not vary"),
        (
            {"members": choice(1, 2, when={"epochs": [1]}), "epochs": {"kind": "range", "low": 1, "high": 3}},
            "space.members.when.epochs",
            "conditions are on choices",
        ),
        ({"members": choice(1, when={"epochs": [3]}), "epochs": choice(1)}, "space.members.when.epochs", "no value 3"),
        ({"members": choice(1, when={"epochs": []}), "epochs": choice(1)}, "space.members.when.epochs", "no value"),
        ({"members": choice(1, when={"members": [1]})}, "space.members.when", "members -> members"),
        (
            {
                "batch_size": choice(1, when={"members": [1]}),
                "members": choice(1, when={"epochs": [1]}),
                "epochs": choice(1, when={"members": [1]}),
            },
            "space.batch_size.when",
            "in a circle: members -> epochs -> members",
        ),
        ({"members": choice(1, when={"hashed": [1]}), "hashed": choice(True)}, "space.members.when.hashed", "no value"),
    ],
)
def test_conditions_that_do_not_fit(axes: Any, field: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        order_of(space(**axes))

    assert told in caught.value.message
    assert [field] == [error.field for error in caught.value.errors]


@pytest.mark.parametrize(
    ("path", "axis", "points"),
    [
        ("optimizer.learning_rate", {"kind": "log_range", "low": 0.001, "high": 1, "points": 4}, [0.001, 0.01, 0.1, 1]),
        ("layers.0.units", {"kind": "range", "low": 4, "high": 11, "step": 3}, [4, 7, 10]),
        ("layers.0.units", {"kind": "log_range", "low": 1, "high": 4, "points": 9}, [1, 2, 3, 4]),
        ("layers.0.rate", {"kind": "range", "low": 0, "high": 0.3, "step": 0.1}, [0, 0.1, 0.2, 0.3]),
        ("layers.0.rate", {"kind": "range", "low": 0.1, "high": 0.3, "points": 1}, [0.1]),
        ("layers.0.rate", {"kind": "range", "low": 0, "high": 0.5, "points": 3}, [0, 0.25, 0.5]),
    ],
)
def test_points_of_a_grid(path: str, axis: Any, points: list[float]) -> None:
    assert points == points_of(path, SPACE.validate_python({path: axis})[path])


@pytest.mark.parametrize("axis", [{"kind": "range", "low": 0, "high": 1}, {"kind": "log_range", "low": 1, "high": 2}])
def test_a_grid_needs_points(axis: Any) -> None:
    with pytest.raises(InvalidInput, match="a grid needs") as caught:
        count(space(optimizer__learning_rate=axis))

    assert ["space.optimizer.learning_rate.points"] == [error.field for error in caught.value.errors]


@pytest.mark.parametrize(
    "axis",
    [
        {"kind": "log_range", "low": 0.001 / 3, "high": 0.2 / 3, "points": 4},
        {"kind": "range", "low": 0.001 / 3, "high": 0.2 / 3, "points": 4},
        {"kind": "range", "low": 0.001 / 3, "high": 0.2 / 3, "step": 0.199 / 9},
    ],
)
def test_bounds_of_many_digits_hold_what_is_tidied(axis: Any) -> None:
    """Both, a third of something, are rounded to what is outside."""
    found = space(optimizer__learning_rate=axis)["optimizer.learning_rate"]
    assert not isinstance(found, Choice)

    points = points_of("optimizer.learning_rate", found)

    assert 4 == len(points)
    assert all(found.low <= point <= found.high for point in points)
    assert (found.low, found.high) == (within(found, found.low, False), within(found, found.high, False))


def test_a_grid_is_counted_without_being_made() -> None:
    paths = [f"layers.{place}.{field}" for place in range(16) for field in ("units", "l2")]
    fine = {"kind": "range", "low": 1, "high": 8192, "step": 1}
    broad = {path: fine if path.endswith("units") else choice(0, 1) for path in paths}

    assert (8192**16 * 2**16, True) == count(SPACE.validate_python(broad))


def test_a_grid_that_depends_on_too_much_is_counted_as_far_as_need_be() -> None:
    chain: dict[str, Any] = {"layers.0.units": choice(*range(1, 101))}
    for place in range(1, 4):
        before = {f"layers.{place - 1}.units": list(range(1, 101))}
        chain[f"layers.{place}.units"] = choice(*range(1, 101), when=before)

    found, exact = count(SPACE.validate_python(chain))

    assert found > 1_000
    assert not exact


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"epochs": {"kind": "choice", "values": []}},
        {"epochs": {"kind": "log_range", "low": 0, "high": 1}},
        {"epochs": {"kind": "range", "low": 0, "high": 1, "step": 0}},
        {"Epochs": {"kind": "choice", "values": [1]}},
        {"epochs": {"values": [1]}},
    ],
)
def test_spaces_without_sense(content: Any) -> None:
    with pytest.raises(ValidationError):
        SPACE.validate_json(json.dumps(content))


@pytest.mark.parametrize("content", [{"trials": 0}, {"trials": 1_001}, {"minutes": 0}, {"minutes": float("inf")}])
def test_budgets_without_sense(content: Any) -> None:
    with pytest.raises(ValidationError):
        Budget.model_validate(content)


THREE = [Course([0.1, 0.2, 0.3, 0.4], True), Course([0.3, 0.3, 0.35, 0.35], True), Course([0.2, 0.2], False)]


def test_the_best_of_former_trials_are_the_bar() -> None:
    """After 1, 3, 9 ... epochs; who did not come so far does not count there, unless it had ended by itself."""
    pruner = SuccessiveHalving(factor=3)
    ended_early = [*THREE, Course([0.5], complete=True)]

    assert [Bar(1, 0.3)] == bars_for(pruner, THREE, 9, higher_is_better=True)  # two at 3
    assert [Bar(1, 0.5), Bar(3, 0.5)] == bars_for(pruner, ended_early, 9, higher_is_better=True)
    assert [Bar(1, 0.1)] == bars_for(pruner, THREE, 9, higher_is_better=False)
    assert [] == bars_for(pruner, THREE, 1, higher_is_better=True)
    assert [] == bars_for(pruner, THREE[:2], 9, higher_is_better=True)
    assert [] == bars_for(None, THREE, 9, higher_is_better=True)
    half = SuccessiveHalving(factor=2, least=2)
    assert [Bar(2, 0.3), Bar(4, 0.4)] == bars_for(half, THREE, 5, higher_is_better=True)


def test_the_median_of_former_trials_is_the_bar() -> None:
    assert [Bar(1, 0.2), Bar(2, 0.2)] == bars_for(Median(), THREE, 9, higher_is_better=True)
    assert [] == bars_for(Median(), THREE[:2], 9, higher_is_better=True)
