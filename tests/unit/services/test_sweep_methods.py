"""What a sweep asks for: a function of the plan and of former results, and nothing else."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.grids import points_of
from app.domain.parameters import apply
from app.domain.recipes import Holdout
from app.domain.spaces import Budget
from app.domain.sweeps import SweepPlan
from app.services.sweeps.choosing import method_of
from app.services.sweeps.methods import Choices, Former, Method
from app.services.sweeps.optuna_search import importance_of
from tests.support.tasks import TASKS
from tests.support.trials import bowl

SPACE = {
    "optimizer.learning_rate": {"kind": "log_range", "low": 0.001, "high": 1, "points": 4},
    "layers.0.units": {"kind": "range", "low": 2, "high": 32, "step": 10},
    "optimizer": {"kind": "choice", "values": {"sgd": {"kind": "sgd"}, "adam": {"kind": "adam"}}},
    "optimizer.momentum": {"kind": "range", "low": 0, "high": 0.9, "points": 2, "when": {"optimizer": ["sgd"]}},
}
METHODS: tuple[dict[str, Any], ...] = (
    {"kind": "grid"}, {"kind": "random"}, {"kind": "tpe", "startup_trials": 5}, {"kind": "cma_es"},
)  # fmt: skip


def plan(method: dict[str, Any], space: dict[str, Any] | None = None, **changes: Any) -> SweepPlan:
    """Of 18 trials, six at a time."""
    return SweepPlan.model_validate(
        {
            "task": "planar",
            "preset": "baseline",
            "dataset": "sample",
            "recipe": TASKS.get("planar").presets["baseline"].recipe,
            "validation": Holdout(size=100),
            "space": space or SPACE,
            "method": method,
            "pruner": None,
            "budget": Budget(trials=18),
            "metric": "val_accuracy",
            "generation": 6,
            "seed": 11,
            "final_seeds": 3,
            "activate": "never",
            **changes,
        }
    )


def results(generation: int, choices: Choices) -> list[Former]:
    """As a trainer might have found them: one failed, one was stopped, others have figures."""
    found = []
    for number, parameters in choices.trials:
        value = None if number % 7 == 3 else bowl(parameters, 9)
        found.append(Former(number, generation, parameters, value, 2 if number % 7 == 5 else None))
    return found


def all_suit(_: Any) -> None:
    return None


def asked(method: Sequence[Method], generations: int) -> list[Former]:
    """All generations, each asked of the method that is there for it."""
    former: list[Former] = []
    for generation in range(generations):
        former += results(generation, method[generation].ask(generation, former))
    return former


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["kind"])
def test_a_worker_that_starts_anew_goes_on_as_one_that_did_not(method: dict[str, Any]) -> None:
    one = method_of(plan(method), all_suit)
    undisturbed = asked([one] * 3, 3)

    others = [method_of(plan(method), all_suit) for _ in range(3)]

    assert undisturbed == asked(others, 3)
    assert list(range(18)) == [trial.number for trial in undisturbed]
    assert undisturbed[-6:] == results(2, others[0].ask(2, undisturbed[:12]))  # one that asked something else before
    for trial in undisturbed:
        assert ("optimizer.momentum" in trial.parameters) == (trial.parameters["optimizer"] == "sgd")


@pytest.mark.parametrize("method", METHODS[1:], ids=lambda method: method["kind"])
def test_another_seed_asks_for_other_trials(method: dict[str, Any]) -> None:
    first, other = (asked([method_of(plan(method, seed=seed), all_suit)] * 2, 2) for seed in (11, 12))

    assert [each.parameters for each in first] != [each.parameters for each in other]


@pytest.mark.parametrize("method", METHODS[2:], ids=lambda method: method["kind"])
def test_what_was_found_decides_what_comes_next(method: dict[str, Any]) -> None:
    """From the third generation on also of CMA-ES, whose first one is drawn evenly."""
    asking = method_of(plan(method, space={path: SPACE[path] for path in list(SPACE)[:2]}), all_suit)
    found: list[Former] = []
    for generation in range(2):
        asked_for = asking.ask(generation, found).trials
        found += [Former(number, generation, parameters, bowl(parameters, 9)) for number, parameters in asked_for]
    worse = [replace(each, value=-(each.value or 0)) if each.generation else each for each in found]

    assert asking.ask(2, found).trials != asking.ask(2, worse).trials
    assert asking.ask(2, found).trials == asking.ask(2, found).trials


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["kind"])
def test_what_makes_no_recipe_is_skipped_and_counted(method: dict[str, Any]) -> None:
    def suits(parameters: dict[str, Any]) -> str | None:
        return None if parameters["optimizer"] == "sgd" else "no adam here"

    choices = [method_of(plan(method), suits).ask(0, []) for _ in range(2)]

    assert choices[0] == choices[1]
    assert len(choices[0].trials) == 6
    assert all(parameters["optimizer"] == "sgd" for _, parameters in choices[0].trials)
    if method["kind"] != "grid":  # which was counted when it was asked for
        assert choices[0].skipped > 0
        assert choices[0].reason == "no adam here"


@pytest.mark.parametrize("method", METHODS[1:], ids=lambda method: method["kind"])
def test_a_space_of_which_nothing_suits_asks_for_nothing_and_ends(method: dict[str, Any]) -> None:
    choices = method_of(plan(method), lambda _: "never").ask(0, [])

    assert ([], 600, "never") == (choices.trials, choices.skipped, choices.reason)


def test_the_budget_ends_with_a_shorter_generation() -> None:
    method = method_of(plan({"kind": "random"}, budget=Budget(trials=8)), all_suit)

    assert [6, 2, 0] == [len(method.ask(generation, []).trials) for generation in range(3)]


def test_a_sampler_finds_what_a_random_search_does_not() -> None:
    """TPE comes nearer to the best learning rate in the same number of trials."""
    budget: dict[str, Any] = {"budget": Budget(trials=40), "generation": 5}
    best = {}
    for kind in ("random", "tpe"):
        method = method_of(plan({"kind": kind}, **budget), all_suit)
        best[kind] = max(each.value or 0 for each in asked([method] * 8, 8))

    assert best["tpe"] > best["random"]


def test_importance_is_told_of_choices_and_conditions_and_adds_up_to_one() -> None:
    whole = plan({"kind": "random"}, budget=Budget(trials=60), generation=60)
    former = asked([method_of(whole, all_suit)], 1)

    shares = importance_of(whole, former)

    assert set(SPACE) == set(shares)
    assert abs(sum(shares.values()) - 1) < 1e-5
    assert next(iter(shares)) == "optimizer.learning_rate"
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    shuffled = random.Random(1).sample(former, len(former))
    assert list(importance_of(whole, sorted(shuffled, key=lambda each: each.number)).items()) == list(shares.items())


@pytest.mark.parametrize("step", [0.7, 1 / 7])
def test_the_last_step_is_tried_and_known_though_binary_puts_it_elsewhere(step: float) -> None:
    """0.1 + 0.7 is 0.7999999999999999, and Optuna took it for no step."""
    axis = {"kind": "range", "low": 0.1, "high": 0.1 + 3 * step, "step": step}
    space = {"layers.1.rate": axis, "layers.0.units": SPACE["layers.0.units"]}
    method = method_of(plan({"kind": "tpe", "startup_trials": 12}, space=space), all_suit)

    former = asked([method] * 3, 3)

    rates = {each.parameters["layers.1.rate"] for each in former}
    assert rates == set(points_of("layers.1.rate", plan({"kind": "grid"}, space=space).space["layers.1.rate"]))
    assert importance_of(plan({"kind": "tpe"}, space=space), former)


def test_importance_of_figures_that_are_all_the_same_is_the_same() -> None:
    whole = plan({"kind": "random"}, space={path: SPACE[path] for path in list(SPACE)[:2]})
    same = [Former(each.number, 0, each.parameters, 0.5) for each in asked([method_of(whole, all_suit)] * 3, 3)]

    assert {"optimizer.learning_rate": 0.5, "layers.0.units": 0.5} == importance_of(whole, same)


def test_true_is_not_one() -> None:
    space = {"optimizer.nesterov": {"kind": "choice", "values": [True, 1, 1.5]}, **dict(list(SPACE.items())[:2])}
    method = method_of(plan({"kind": "tpe", "startup_trials": 1}, space=space), all_suit)

    former = asked([method] * 2, 2)

    assert {bool, int, float} >= {type(each.parameters["optimizer.nesterov"]) for each in former}


@pytest.mark.parametrize("method", [{"kind": "random"}, {"kind": "tpe", "startup_trials": 2}])
def test_nothing_is_tried_twice_and_a_space_of_few_is_tried_as_a_whole(method: dict[str, Any]) -> None:
    """All trials have one seed: the same recipe would find the same again."""
    few = {
        "batch_size": {"kind": "choice", "values": [10, 20, 40]},
        "layers.0.units": {"kind": "range", "low": 2, "high": 8, "step": 2},
    }
    chosen = plan(method, few)
    former = asked([method_of(chosen, all_suit)] * 3, 3)
    pairs = [tuple(trial.parameters.values()) for trial in former]

    assert 12 == len(pairs) == len(set(pairs))
    assert [] == method_of(chosen, all_suit).ask(2, former).trials


@pytest.mark.parametrize("method", [{"kind": "random"}, {"kind": "tpe"}])
def test_a_small_range_without_steps_is_left_when_nothing_new_is_drawn(method: dict[str, Any]) -> None:
    narrow = {"epochs": {"kind": "range", "low": 1, "high": 2}}
    former = asked([method_of(plan(method, narrow), all_suit)] * 3, 3)

    assert {1, 2} == {trial.parameters["epochs"] for trial in former}
    assert 2 == len(former)


BASE = {"optimizer.learning_rate": 0.1, "layers.0.units": 12, "optimizer": "sgd", "optimizer.momentum": 0}


@pytest.mark.parametrize("method", METHODS[1:], ids=lambda method: method["kind"])
@pytest.mark.parametrize(
    "space", [SPACE, {**SPACE, "batch_size": {"kind": "choice", "values": [7, 9]}}], ids=["in", "beyond"]
)
def test_the_base_is_the_first_trial(method: dict[str, Any], space: dict[str, Any]) -> None:
    """With its own values where the space has them, and without any where it does not."""
    recipe = apply(TASKS.get("planar").presets["baseline"].recipe, 11, plan({"kind": "random"}).space, BASE).recipe
    chosen = plan(method, space, recipe=recipe, base_first=True)
    undisturbed = asked([method_of(chosen, all_suit)] * 3, 3)

    others = [method_of(chosen, all_suit) for _ in range(3)]

    assert undisturbed == asked(others, 3)
    assert list(range(18)) == [trial.number for trial in undisturbed]
    assert (BASE if space is SPACE else {}) == undisturbed[0].parameters
    assert all(trial.parameters and trial.parameters != BASE for trial in undisturbed[1:])
    assert importance_of(chosen, undisturbed)


def test_a_generation_of_one_is_the_bases_alone() -> None:
    method = method_of(plan({"kind": "random"}, generation=1, base_first=True), all_suit)

    assert [[0], [1]] == [[number for number, _ in method.ask(generation, []).trials] for generation in range(2)]
