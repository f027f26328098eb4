"""A run of several seeds: one training for each, mean and spread over them, and the model of the run's own seed."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.db import run_queries, runs
from app.db.engine import Database
from app.domain.recipes import Dense, Dropout, EarlyStopping, Holdout, KFold, NoValidation, Recipe, Validation
from app.domain.runs import Change, Spread
from app.services.attempts import Attempt
from app.training import fit as fitting_module
from app.training import program
from app.training.checkpoint import Checkpoints, Position
from app.training.pipeline import Workplace, execute
from app.wire.manifests import Manifest
from app.wire.runs import Run
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

Begin = Callable[..., Attempt]
RunOf = Callable[[Attempt], Run]
Place = tuple[int | None, int | None, int]  # fold, seed, epoch


def small(task_name: str = "housing", **changes: Any) -> Recipe:
    """With dropout, whose random numbers depend on the seed too."""
    quick = {"layers": (Dense(units=8), Dropout(rate=0.2)), "epochs": 3}
    return TASKS.get(task_name).presets["baseline"].recipe.model_copy(update={**quick, **changes})


def epochs_of(database: Database, attempt: Attempt) -> list[Place]:
    with database.read() as tx:
        return [(e.fold, e.seed, e.epoch) for e in run_queries.epochs_of(tx, attempt.run_id)]


def weights_of(place: Workplace, manifest: Manifest) -> dict[str, Any]:
    return place.store.open(manifest.task, manifest.id).weights


def assert_same_weights(place: Workplace, expected: Manifest, actual: Manifest) -> None:
    first, second = weights_of(place, expected), weights_of(place, actual)
    assert set(first) == set(second)
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, rtol=1e-4, atol=1e-6)


def test_each_seed_trains_as_a_run_of_its_own_would(
    begin: Begin, run_of: RunOf, place: Workplace, database: Database
) -> None:
    """Fit i is the run with seed + i; published is the model of the seed that was asked for."""
    alone = [execute(begin(recipe=small(), seed=5 + i, validation=Holdout(size=100)), place) for i in range(3)]
    attempt = begin(recipe=small(), seed=5, seeds=3, validation=Holdout(size=100))
    manifest = execute(attempt, place)

    metrics = run_of(attempt).metrics
    assert [(5, None, 3), (6, None, 3), (7, None, 3)] == [(fit.seed, fit.fold, fit.epochs) for fit in metrics.fits]
    for part in ("train", "validation", "test"):
        expected = [getattr(run.metrics, part) for run in alone]
        assert [pytest.approx(figures, rel=1e-5) for figures in expected] == [
            getattr(fit, part) for fit in metrics.fits
        ]
        assert getattr(metrics.fits[0], part) == getattr(metrics, part)
    assert 3 == len({fit.test["mae"] for fit in metrics.fits})
    assert_same_weights(place, alone[0], manifest)
    assert (5, metrics) == (manifest.seed, manifest.metrics)


def test_the_spread_is_mean_and_deviation_over_the_seeds(begin: Begin, run_of: RunOf, place: Workplace) -> None:
    attempt = begin(recipe=small(), seed=5, seeds=3, validation=Holdout(size=100))
    execute(attempt, place)

    metrics = run_of(attempt).metrics
    spread = metrics.spread
    assert spread is not None
    assert ("seeds", 3) == (spread.over, spread.count)
    for part in ("train", "validation", "test"):
        spreads: dict[str, Spread] = getattr(spread, part)
        assert {"loss", "mae"} == set(spreads)
        for name, figure in spreads.items():
            values = [getattr(fit, part)[name] for fit in metrics.fits]
            expected = [np.mean(values), np.std(values), min(values), max(values)]
            assert expected == pytest.approx([figure.mean, figure.std, figure.min, figure.max])
            assert figure.std > 0


def test_the_epochs_of_all_seeds_are_kept_in_the_order_they_were_trained(
    begin: Begin, run_of: RunOf, place: Workplace, database: Database
) -> None:
    """The run's own seed comes last, as its model is the one that is published."""
    attempt = begin(recipe=small(), seed=5, seeds=3)
    execute(attempt, place)

    assert [(None, seed, epoch) for seed in (6, 7, 5) for epoch in (1, 2, 3)] == epochs_of(database, attempt)
    progress = run_of(attempt).progress
    assert progress is not None
    assert (1.0, 5, None, 3) == (progress.fraction, progress.seed, progress.fold, progress.epoch)


def test_one_seed_has_no_spread(begin: Begin, run_of: RunOf, place: Workplace, database: Database) -> None:
    attempt = begin(recipe=small(epochs=1), seed=5)
    execute(attempt, place)

    metrics = run_of(attempt).metrics
    assert (None, []) == (metrics.spread, metrics.fits)
    assert [(None, None, 1)] == epochs_of(database, attempt)


def test_after_the_largest_seed_comes_the_smallest(begin: Begin, run_of: RunOf, place: Workplace) -> None:
    attempt = begin(recipe=small(epochs=1), seed=2**31 - 1, seeds=3)
    execute(attempt, place)

    assert [2**31 - 1, 0, 1] == [fit.seed for fit in run_of(attempt).metrics.fits]


def test_each_seed_stops_early_by_itself(begin: Begin, run_of: RunOf, place: Workplace, database: Database) -> None:
    """Its figures are those of its own best epoch."""
    stopping = EarlyStopping(monitor="val_loss", patience=1)
    recipe = small(epochs=40, early_stopping=stopping)
    attempt = begin(recipe=recipe, seed=5, seeds=2, validation=Holdout(size=100))
    execute(attempt, place)

    with database.read() as tx:
        epochs = run_queries.epochs_of(tx, attempt.run_id)
    for fit in run_of(attempt).metrics.fits:
        losses = [e.metrics["val_loss"] for e in epochs if e.seed == fit.seed]
        assert (min(losses), int(np.argmin(losses)) + 1) == (fit.validation["loss"], fit.epochs)


class Killed(Exception):
    """What SIGKILL would do, at a chosen place."""


@pytest.mark.parametrize(
    ("fit", "epoch", "early"),
    [(1, 3, False), (2, 1, False), (2, 3, False), (0, 2, False), (2, 2, True)],
    ids=str,
)
@pytest.mark.parametrize("over", ["seeds", "folds"])
def test_a_killed_run_goes_on_from_its_checkpoint_with_the_same_result(
    over: str,
    fit: int,
    epoch: int,
    early: bool,
    begin: Begin,
    run_of: RunOf,
    place: Workplace,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed just after the checkpoint of an epoch of some fit: finished fits are not trained again."""
    place = dataclasses.replace(place, checkpoint_seconds=0)
    monkeypatch.setattr(program, "MOST_EPOCHS_AT_ONCE", 1)
    recipe = small(early_stopping=EarlyStopping(monitor="loss", patience=1) if early else None)
    validation: Validation = KFold(folds=2) if over == "folds" else NoValidation()
    asked = {"recipe": recipe, "seed": 5, "seeds": 1 if over == "folds" else 3, "validation": validation}
    whole = begin(**asked)
    expected = execute(whole, place)
    attempt = begin(**asked)
    save = Checkpoints.save

    def save_and_die(self: Checkpoints, model: Any, position: Position) -> None:
        save(self, model, position)
        if (position.fit, position.state.epoch) == (fit, epoch):
            raise Killed

    monkeypatch.setattr(Checkpoints, "save", save_and_die)
    with pytest.raises(Killed):
        execute(attempt, place)
    monkeypatch.undo()
    trained: list[int] = []
    fitting = fitting_module.fit

    def count(model: Any, recipe: Any, *rest: Any) -> Any:
        state = rest[-3]  # what is called at a pause, and the planned epochs, come after it
        trained.append(state.epoch)
        return fitting(model, recipe, *rest)

    monkeypatch.setattr(fitting_module, "fit", count)
    with database.write() as tx:
        runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.LOST, clock())
        row = runs.claim(tx, "w-2", clock())
    assert row is not None
    second = Attempt(database, clock, attempt.run_id, row.lease_id)
    manifest = execute(second, place)

    left = {1: 3, 2: 2, 0: 1}[fit]
    assert [epoch, *[0] * (left - 1)] == trained
    assert epochs_of(database, whole) == epochs_of(database, attempt)
    assert expected.metrics.test == pytest.approx(manifest.metrics.test, rel=1e-4)
    assert figures(expected) == pytest.approx(figures(manifest), rel=1e-4)
    assert_same_weights(place, expected, manifest)
    assert 2 == manifest.attempt
    progress = run_of(attempt).progress
    assert progress is not None
    assert 1.0 == progress.fraction


def figures(manifest: Manifest) -> dict[str, float]:
    """Every figure of every fit, by its path."""
    return {
        f"{number}.{part}.{name}": value
        for number, fit in enumerate(manifest.metrics.fits)
        for part in ("train", "validation", "test")
        for name, value in getattr(fit, part).items()
    }
