"""What a sweep's last run is like, why there is none, and the courses that k-fold gives."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.domain.course import Cosine, EarlyStopping
from app.domain.recipes import Holdout, KFold, NoValidation, Recipe
from app.domain.runs import FitMetrics, Metrics, RunStatus
from app.domain.spaces import Budget, Choice, RandomSearch, Space, SuccessiveHalving
from app.domain.sweeps import SweepPlan
from app.domain.trials import Prior, every_of
from app.services.sweeps import courses, trials
from app.services.sweeps.winner import final_request, why_none
from tests.support.tasks import TASKS

VARIED: Space = {"epochs": Choice(values=[1, 2])}
STOPPING = EarlyStopping(patience=3)
RECIPE = (
    TASKS.get("planar")
    .presets["baseline"]
    .recipe.model_copy(update={"epochs": 50, "early_stopping": STOPPING, "schedule": None})
)


def plan(validation: Holdout | KFold, recipe: Recipe = RECIPE) -> SweepPlan:
    return SweepPlan(
        task="planar", preset="baseline", dataset="moons", recipe=recipe, validation=validation, space=VARIED,
        method=RandomSearch(), pruner=SuccessiveHalving(factor=2), budget=Budget(), metric="val_accuracy",
        generation=10, seed=7, final_seeds=3, activate="if_better",
    )  # fmt: skip


def winner(recipe: Recipe, seed: int = 7, **fit: Any) -> Any:
    metrics = Metrics(validation={"accuracy": 0.9}, fits=[FitMetrics(epochs=12, **fit)])
    return SimpleNamespace(
        id="r-1", recipe=recipe.model_dump(mode="json"), metrics=metrics.model_dump(), trial={"number": 4}, seed=seed
    )


SWEEP = SimpleNamespace(id="s-1", name="a search", tags={"team": "a"}, traceparent=None)


def test_the_winner_is_trained_on_all_rows_as_long_as_its_trial_was() -> None:
    found = final_request(plan(Holdout(size=100)), SWEEP, winner(RECIPE, temperature=1.2, length_exponent=0.1))

    assert (12, None, NoValidation()) == (found.recipe.epochs, found.recipe.early_stopping, found.validation)
    assert (7, 3, "if_better", "s-1", None) == (found.seed, found.seeds, found.activate, found.sweep, found.trial)
    assert {"team": "a", "winner": "4"} == found.tags
    assert Prior(temperature=1.2, length_exponent=0.1, rows=100) == found.prior


def test_the_winner_of_a_search_over_seeds_is_trained_with_its_own() -> None:
    assert 3 == final_request(plan(Holdout(size=100)), SWEEP, winner(RECIPE, seed=3)).seed


@pytest.mark.parametrize(("held_out", "told"), [(2_000, 2_000), (2_001, 1_001), (9_999, 2_000), (10_001, 1_667)])
def test_a_temperature_is_told_by_some_of_many_rows(held_out: int, told: int) -> None:
    found = final_request(plan(Holdout(size=held_out)), SWEEP, winner(RECIPE, temperature=1.2))

    assert found.prior
    assert told == found.prior.rows == len(np.arange(held_out)[:: every_of(held_out)])


def test_a_schedule_keeps_its_length() -> None:
    recipe = RECIPE.model_copy(update={"schedule": Cosine()})

    found = final_request(plan(Holdout(size=100)), SWEEP, winner(recipe))

    assert (50, None, None) == (found.recipe.epochs, found.recipe.early_stopping, found.prior)


def test_a_winner_by_folds_is_trained_as_it_is() -> None:
    found = final_request(plan(KFold(folds=4)), SWEEP, winner(RECIPE))

    assert (RECIPE, KFold(folds=4), 1, None) == (found.recipe, found.validation, found.seeds, found.prior)


def row(number: int, status: RunStatus, error: tuple[str, str] | None = None, **figures: float) -> Any:
    kind, message = error or (None, None)
    trial = {"number": number, "generation": 0, "parameters": {}, "metric": "val_accuracy", "bars": []}
    return SimpleNamespace(
        id=f"r-{number}", status=status, trial=trial, metrics={"validation": figures}, progress=None,
        error_type=kind, error_message=message, started_at=None, finished_at=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("errors", "skipped", "told"),
    [
        ([("A", "b")], 0, "the one trial failed; A: b"),
        ([("A", "b"), ("A", "b")], 0, "all 2 trials failed; A: b"),
        ([("A", "b"), ("C", "d"), ("C", "d")], 0, "all 3 trials failed; 2 times: C: d"),
        ([None, ("C", "two\nlines")], 0, "all 2 trials failed; 1 time: Cancelled: somebody asked"),
        ([], 600, "there is no trial; 600 combinations make no recipe, the first since too large"),
        ([], 0, "there is no trial"),
    ],
)
def test_why_there_is_no_winner(errors: list[tuple[str, str] | None], skipped: int, told: str) -> None:
    rows = [
        row(number, RunStatus.FAILED if error else RunStatus.CANCELLED, error) for number, error in enumerate(errors)
    ]

    error = why_none(trials.read(plan(Holdout(size=1)), rows), skipped, "too large")

    assert ("NoTrialSucceeded", told) == (error.type, error.message)


def test_of_several_equals_the_first_is_the_best_and_what_was_stopped_is_not() -> None:
    rows = [
        row(2, RunStatus.SUCCEEDED, accuracy=0.8), row(1, RunStatus.SUCCEEDED, accuracy=0.8),
        row(0, RunStatus.CANCELLED, ("Pruned", "hopeless"), accuracy=0.9), row(3, RunStatus.SUCCEEDED, loss=0.1),
    ]  # fmt: skip
    found = trials.read(plan(Holdout(size=1)), rows)

    best = trials.best(plan(Holdout(size=1)), found)

    assert [0, 1, 2, 3] == [each.trial.number for each in found]
    assert [0.9, 0.8, 0.8, None] == [each.value for each in found]
    assert best
    assert best.trial.number == 1


def test_the_course_of_folds_is_the_mean_of_those_so_far() -> None:
    """By the weights that are kept of each, as trials to come are looked at; the epochs are not asked for."""
    asked = plan(KFold(folds=4))
    rows = [row(0, RunStatus.CANCELLED, ("Pruned", "x"), accuracy=0.7), row(1, RunStatus.FAILED, ("A", "b"))]
    fits = [FitMetrics(fold=fold, epochs=2, validation={"accuracy": value}) for fold, value in ((1, 0.9), (2, 0.5))]
    for each in rows:
        each.metrics = Metrics(validation={"accuracy": 0.7}, fits=fits).model_dump()

    found = courses.read(None, "s-1", asked, trials.read(asked, rows))  # type: ignore[arg-type]

    assert {"r-0": 2} == found.stopped
    assert [0.9, 0.7] == pytest.approx(list(found._found["r-0"].figures))
    assert [] == found.bars(RECIPE)  # one is too few
    two = courses.Courses(asked, {"r-0": found._found["r-0"], "r-9": found._found["r-0"]})
    bars = two.bars(asked.recipe)
    assert [1, 2] == [bar.step for bar in bars]
    assert [0.9, 0.7] == pytest.approx([bar.value for bar in bars])


def test_a_hopeless_trial_of_which_no_fold_is_known_sets_no_bar() -> None:
    asked = plan(KFold(folds=4))
    rows = [row(0, RunStatus.CANCELLED, ("Pruned", "x"), accuracy=0.7)]

    found = courses.read(None, "s-1", asked, trials.read(asked, rows))  # type: ignore[arg-type]

    assert {} == found.stopped
