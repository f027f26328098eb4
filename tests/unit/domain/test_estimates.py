"""How long a run will take, from what others took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.estimates import Job, Past, Work, of_others, of_same, work_of
from app.domain.layers import Stage
from app.domain.recipes import EarlyStopping, Holdout, KFold, NoValidation, Recipe, Validation
from tests.support.tasks import TASKS

RECIPE = TASKS.get("housing").presets["baseline"].recipe
WORK = Work(rows=1000, batch_size=100, multiplications=10_000, epochs=10, least_epochs=10)
works = st.builds(
    Work,
    rows=st.integers(1, 10**6),
    batch_size=st.integers(1, 10**4),
    multiplications=st.integers(0, 10**7),
    epochs=st.integers(5, 1000),
    least_epochs=st.integers(1, 5),
)
pasts = st.builds(
    Past, work=works, seconds=st.floats(0.01, 1e5), epoch_seconds=st.floats(1e-5, 1e3), epochs=st.integers(1, 1000)
)


def job(recipe: Recipe = RECIPE, validation: Validation = NoValidation(), seeds: int = 1) -> Job:  # noqa: B008 - frozen
    return Job("r-1", "housing", "boston_housing", recipe, validation, seeds)


def test_runs_of_the_same_recipe_tell_by_their_median_and_their_range() -> None:
    told = of_same([10.0, 12.0, 50.0])

    assert (12.0, 3, "same recipe") == (told.seconds, told.runs, told.basis)
    assert 8.0 < told.low <= 10.0
    assert 50.0 <= told.high < 60.0


def test_a_run_of_half_the_epochs_takes_half_the_epochs_time_and_all_of_the_rest() -> None:
    past = Past(WORK, seconds=14.0, epoch_seconds=1.0, epochs=10)
    half = Work(1000, 100, 10_000, epochs=5, least_epochs=5)

    assert pytest.approx(4.0 + 5.0) == of_others(half, [past], "similar runs").seconds


def test_a_network_with_more_to_multiply_takes_longer_and_is_less_certain() -> None:
    past = [Past(WORK, seconds=14.0, epoch_seconds=1.0, epochs=10)]
    wide = Work(1000, 100, 1_000_000, epochs=10, least_epochs=10)

    near, far = of_others(WORK, past, "similar runs"), of_others(wide, past, "similar runs")

    assert pytest.approx(14.0) == near.seconds
    assert far.seconds > 10 * near.seconds
    assert far.high / far.low > near.high / near.low


def test_the_run_whose_epochs_cost_about_as_much_counts_most() -> None:
    other = Work(1000, 100, 10_000_000, epochs=10, least_epochs=10)
    near, far = Past(WORK, 14.0, 1.0, 10), Past(other, 9_000.0, 900.0, 10)

    assert pytest.approx(14.0, rel=0.01) == of_others(WORK, [far, near, far], "similar runs").seconds


def test_what_may_stop_early_is_told_by_both_ends() -> None:
    past = [Past(WORK, seconds=10.0, epoch_seconds=1.0, epochs=10)]
    told = of_others(Work(1000, 100, 10_000, epochs=100, least_epochs=10), past, "similar runs")

    assert pytest.approx(55.0) == told.seconds
    assert told.low <= 10.0
    assert told.high >= 100.0


def test_folds_side_by_side_take_no_longer_than_the_whole() -> None:
    """Their epochs seem to take five seconds each, of which there are ten in ten seconds."""
    past = Past(WORK, seconds=10.0, epoch_seconds=5.0, epochs=10)

    assert (1.0, 0.0) == (past.pace, past.overhead)


@given(works, st.lists(pasts, min_size=1, max_size=8))
def test_an_estimate_lies_between_its_ends(work: Work, past: list[Past]) -> None:
    told = of_others(work, past, "weights")

    assert 0 < told.low <= told.seconds <= told.high


def test_work_counts_what_is_trained_on_and_how_often() -> None:
    stages = [Stage((16,), 0, 13 * 16), Stage((1,), 0, 16)]

    held_out = work_of(job(validation=Holdout(size=100)), 404, stages, 13)
    folds = work_of(job(validation=KFold(folds=4)), 404, stages, 13)
    stopping = RECIPE.model_copy(update={"early_stopping": EarlyStopping(patience=2), "members": 3, "epochs": 50})
    early = work_of(job(stopping, seeds=2), 404, stages, 13)

    assert (304, RECIPE.epochs, 13 * 16 + 16) == (held_out.rows, held_out.epochs, held_out.multiplications)
    assert 5 * RECIPE.epochs == folds.epochs
    assert (2 * 50, 2 * 3, 3 * (13 * 16 + 16)) == (early.epochs, early.least_epochs, early.multiplications)


def test_words_that_a_text_has_not_cost_nothing() -> None:
    stages = [Stage((16,), 0, 10_000 * 16), Stage((1,), 0, 16)]

    assert 200 * 16 + 16 == work_of(job(), 1000, stages, 200).multiplications


def test_the_seed_makes_no_other_recipe() -> None:
    assert job().is_like(Job("r-2", "housing", "boston_housing", RECIPE, NoValidation(), 1))
    assert not job().is_like(job(RECIPE.model_copy(update={"epochs": 7})))
    assert not job().is_like(job(seeds=2))


def test_of_two_runs_that_are_as_near_neither_is_believed_alone() -> None:
    slow, fast = Past(WORK, 40.0, 1.0, 10), Past(WORK, 10.0, 1.0, 10)

    told = of_others(WORK, [slow, fast], "similar runs")

    assert pytest.approx(20.0) == told.seconds
    assert told.low < 10.0
    assert told.high > 40.0
