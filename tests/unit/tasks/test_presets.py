"""The presets: the notebooks' networks, to the letter."""

from typing import Any

import pytest

from app.domain.recipes import Dense, Dropout, Holdout, KFold, NoValidation, Preset
from app.domain.tables import Raw
from tests.support.tasks import TASKS

STOPPED = [
    pytest.param(task.name, name, id=f"{task.name}-{name}")
    for task in TASKS.all.values()
    for name, preset in task.presets.items()
    if preset.recipe.early_stopping and not name.endswith("-best")
]


def preset_of(task: str, name: str) -> Preset:
    return TASKS.get(task).presets[name]


def differences(preset: Preset, base: Preset) -> set[str]:
    """The fields of the recipe that differ, and `validation` if it does."""
    ours, theirs = preset.recipe.model_dump(), base.recipe.model_dump()
    own = {"validation"} if preset.validation != base.validation else set()
    return own | {name for name in ours if ours[name] != theirs[name]}


def widths(preset: Preset) -> list[int]:
    return [layer.units for layer in preset.recipe.layers if isinstance(layer, Dense)]


@pytest.mark.parametrize("task", list(TASKS.all))
def test_the_baseline_comes_first_and_exercises_last(task: str) -> None:
    exercises = [preset.description.startswith("Exercise: ") for preset in TASKS.get(task).presets.values()]

    assert "baseline" == next(iter(TASKS.get(task).presets))
    assert sorted(exercises) == exercises


def test_the_small_network_of_digits_has_relu_units_and_sees_all_rows() -> None:
    """The notebook's 0.9206 is that of `Dense(15, relu)` on 60,000 pictures."""
    nielsen = preset_of("digits", "nielsen")

    assert (Dense(units=15, activation="relu"),) == nielsen.recipe.layers
    assert NoValidation() == nielsen.validation
    assert {"layers", "epochs"} == differences(nielsen, preset_of("digits", "baseline"))


def test_nielsens_own_has_sigmoid_units_and_a_hold_out() -> None:
    own = preset_of("digits", "nielsen-sigmoid")

    assert (Dense(units=15, activation="sigmoid"),) == own.recipe.layers
    assert Holdout(size=10_000) == own.validation
    assert {"layers", "validation"} == differences(own, preset_of("digits", "nielsen"))


def test_the_final_regularised_network_sees_the_rows_that_are_not_held_out() -> None:
    """15,000 of IMDB's 25,000, as its stopped one: the notebook fits `partial_x_train` again."""
    final, stopped = preset_of("sentiment", "l2-64x3-final"), preset_of("sentiment", "l2-64x3")

    assert Holdout(size=10_000) == final.validation
    assert (8, None) == (final.recipe.epochs, final.recipe.early_stopping)
    assert {"epochs", "early_stopping"} == differences(final, stopped)


@pytest.mark.parametrize(("task", "name"), STOPPED)
def test_with_early_stopping_the_last_epoch_is_kept_and_the_best_under_a_second_name(task: str, name: str) -> None:
    """Keras' callback has `restore_best_weights=False` by default."""
    plain, best = preset_of(task, name), preset_of(task, f"{name}-best")
    assert plain.recipe.early_stopping
    assert best.recipe.early_stopping

    assert not plain.recipe.early_stopping.restore_best
    assert plain.recipe.early_stopping.model_copy(update={"restore_best": True}) == best.recipe.early_stopping
    assert {"early_stopping"} == differences(best, plain)
    assert best.description.startswith(plain.description)


def test_names_that_end_in_best_are_of_early_stopping() -> None:
    every = {f"{task.name}/{name}" for task in TASKS.all.values() for name in task.presets}

    assert {f"{case.values[0]}/{case.values[1]}-best" for case in STOPPED} == {
        name for name in every if name.endswith("-best")
    }


@pytest.mark.parametrize(
    ("task", "base", "name", "changed", "units"),
    [
        ("sentiment", "overfit", "layers-1", {"layers"}, [16]),
        ("sentiment", "overfit", "layers-3", {"layers"}, [16, 16, 16]),
        ("sentiment", "overfit", "units-32", {"layers"}, [32, 32]),
        ("sentiment", "overfit", "units-64", {"layers"}, [64, 64]),
        ("sentiment", "overfit", "mse", {"loss"}, [16, 16]),
        ("sentiment", "overfit", "tanh", {"layers"}, [16, 16]),
        ("sentiment", "overfit", "l1", {"layers"}, [16, 16]),
        ("sentiment", "small", "small-l2", {"layers"}, [8, 8]),
        ("newswire", "baseline", "overfit", {"epochs", "validation"}, [64, 64]),
        ("newswire", "overfit", "layers-1", {"layers"}, [64]),
        ("newswire", "overfit", "layers-3", {"layers"}, [64, 64, 64]),
        ("newswire", "overfit", "units-32", {"layers"}, [32, 32]),
        ("newswire", "overfit", "units-128", {"layers"}, [128, 128]),
        ("housing", "kfold-100", "raw", {"features"}, [64, 64]),
        ("housing", "kfold-100", "deeper", {"layers"}, [64, 64, 64]),
        ("housing", "kfold-100", "wider", {"layers"}, [128, 128]),
    ],
)
def test_a_variation_differs_in_one_thing_only(
    task: str, base: str, name: str, changed: set[str], units: list[int]
) -> None:
    preset = preset_of(task, name)

    assert changed == differences(preset, preset_of(task, base))
    assert units == widths(preset)


def test_the_reuters_network_is_watched_on_the_first_1000_stories_for_20_epochs() -> None:
    overfit = preset_of("newswire", "overfit")

    assert (20, 512, Holdout(size=1_000)) == (overfit.recipe.epochs, overfit.recipe.batch_size, overfit.validation)


def test_l2_alone_is_l2_with_dropout_without_the_dropout() -> None:
    alone, both = preset_of("sentiment", "small-l2"), preset_of("sentiment", "l2-dropout")
    dense = tuple(layer for layer in both.recipe.layers if not isinstance(layer, Dropout))

    assert (Dense(units=8, l2=0.001),) * 2 == alone.recipe.layers == dense


@pytest.mark.parametrize(("name", "field", "value"), [("tanh", "activation", "tanh"), ("l1", "l1", 0.001)])
def test_both_layers_are_varied(name: str, field: str, value: Any) -> None:
    assert [value] * 2 == [getattr(layer, field) for layer in preset_of("sentiment", name).recipe.layers]


def test_raw_figures_are_compared_over_the_same_folds() -> None:
    raw = preset_of("housing", "raw")

    assert (Raw(), KFold(folds=4)) == (raw.recipe.features, raw.validation)
