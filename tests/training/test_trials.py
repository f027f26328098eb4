"""A sweep's trials: the same figures as runs of their recipes, from one program, without the test split or a model."""

from collections.abc import Callable
from typing import Any

import pytest

from app.db import run_queries
from app.db.engine import Database
from app.domain.course import EarlyStopping
from app.domain.layers import Dense, Dropout
from app.domain.optimizers import RMSprop
from app.domain.recipes import Holdout, KFold, NoValidation, Recipe
from app.domain.runs import RunStatus
from app.domain.trials import Bar, Prior, Trial
from app.services.attempts import Attempt
from app.training.adjustable import structure_of
from app.training.pipeline import Workplace, execute, measure
from app.training.program import Program
from app.training.shared import Shared
from app.wire.runs import Run
from tests.support.tasks import TASKS

BASE = TASKS.get("housing").presets["baseline"].recipe
Begin = Callable[..., Attempt]
RunOf = Callable[[Attempt], Run]


def trial(*bars: Bar, metric: Any = "val_mae") -> Trial:
    return Trial(number=0, generation=0, parameters={}, metric=metric, bars=list(bars))


def recipe(rate: float = 0.001, drop: float = 0.3, l2: float = 0.01, epochs: int = 3, **changes: Any) -> Recipe:
    """Of adjustable numbers."""
    layers = (Dense(units=8, l2=l2), Dropout(rate=drop), Dense(units=4, l1=l2 / 2))
    course = {"epochs": epochs, "optimizer": RMSprop(learning_rate=rate), "early_stopping": None}
    return BASE.model_copy(update={"layers": layers, **course, **changes})


OTHERS = [
    recipe(),
    recipe(rate=0.01),
    recipe(drop=0.6),
    recipe(l2=0.2),
    recipe(epochs=5),
    recipe(rate=0.02, drop=0.1, l2=0.1, epochs=5),
]


def alone(begin: Begin, place: Workplace, chosen: Recipe, validation: Any) -> dict[str, float]:
    """What an ordinary run of the recipe finds on held-out rows."""
    return execute(begin(recipe=chosen, validation=validation, activate="never"), place).metrics.validation


@pytest.mark.parametrize("validation", [Holdout(size=30), KFold(folds=3)])
def test_trials_of_one_program_find_what_runs_find(
    begin: Begin, place: Workplace, run_of: RunOf, validation: Any
) -> None:
    """Each of them, though rates, penalties and epochs differ, and the last is as the first."""
    shared, programs = Shared(), set()
    for chosen in (OTHERS[0], OTHERS[-1], OTHERS[0]):
        attempt = begin(recipe=chosen, validation=validation, sweep="s-1", trial=trial())
        measure(attempt, place, shared)
        run = run_of(attempt)
        expected = alone(begin, place, chosen, validation)

        assert RunStatus.SUCCEEDED == run.status
        assert run.metrics.validation == pytest.approx(expected, rel=1e-4)
        assert (None, {}) == (run.model_id, run.metrics.test)
        programs |= {id(rig.program) for rig in shared._rigs.values()}
    (rig,) = shared._rigs.values()
    assert isinstance(rig.program, Program)

    assert 1 == len(programs)
    assert 1 == rig.program._several.experimental_get_tracing_count()


@pytest.mark.parametrize(
    "other",
    [
        recipe(batch_size=8), recipe(drop=0.0), recipe(l2=0.0), recipe(optimizer=RMSprop(rho=0.5)),
        recipe(layers=(Dense(units=9),)), recipe(loss="mae"),
    ],
)  # fmt: skip
def test_what_is_no_adjustable_number_needs_another_program(other: Recipe) -> None:
    assert structure_of(other) != structure_of(recipe())


@pytest.mark.parametrize("other", OTHERS)
def test_adjustable_numbers_do_not(other: Recipe) -> None:
    assert structure_of(other) == structure_of(recipe())


def test_a_trial_of_texts_finds_what_a_run_finds(begin: Begin, place: Workplace, run_of: RunOf) -> None:
    """Whose batches are arranged once for all trials."""
    base, shared = TASKS.get("sentiment").presets["baseline"].recipe, Shared()
    for rate in (0.001, 0.01, 0.001):
        chosen = base.model_copy(update={"optimizer": RMSprop(learning_rate=rate), "epochs": 2, "batch_size": 16})
        settings: dict[str, Any] = {"recipe": chosen, "validation": Holdout(size=20)}
        attempt = begin("sentiment", **settings, sweep="s-1", trial=trial(metric="val_accuracy"))
        measure(attempt, place, shared)
        expected = execute(begin("sentiment", **settings, activate="never"), place).metrics

        found = run_of(attempt).metrics
        assert found.validation == pytest.approx(expected.validation, rel=1e-4)
        assert found.train == pytest.approx(expected.train, rel=1e-4)


class TestHopeless:
    """A trial stops at the first bar that it misses."""

    def ended(self, begin: Begin, place: Workplace, run_of: RunOf, *bars: Bar, **settings: Any) -> Run:
        chosen: dict[str, Any] = {"recipe": recipe(epochs=6), "validation": Holdout(size=30)} | settings
        attempt = begin(**chosen, sweep="s-1", trial=trial(*bars))
        measure(attempt, place, Shared())
        return run_of(attempt)

    def test_after_an_epoch(self, begin: Begin, place: Workplace, run_of: RunOf, database: Database) -> None:
        run = self.ended(begin, place, run_of, Bar(2, 1e9), Bar(4, 1e-9))
        with database.read() as tx:
            epochs = run_queries.epochs_of(tx, run.id)

        assert run.error is not None
        assert (RunStatus.CANCELLED, "Pruned") == (run.status, run.error.type)
        assert "after epoch 4" in run.error.message
        assert 4 == len(epochs)
        assert epochs[-1].metrics["val_mae"] == run.metrics.validation["mae"]

    def test_after_a_fold(self, begin: Begin, place: Workplace, run_of: RunOf) -> None:
        run = self.ended(begin, place, run_of, Bar(1, 1e9), Bar(2, 1e-9), validation=KFold(folds=3))

        assert run.error is not None
        assert "after fold 2" in run.error.message

    def test_not_where_it_reaches_them(self, begin: Begin, place: Workplace, run_of: RunOf) -> None:
        assert RunStatus.SUCCEEDED == self.ended(begin, place, run_of, Bar(1, 1e9), Bar(6, 1e9)).status


def test_an_attempt_that_goes_on_knows_what_the_one_before_it_reached(
    begin: Begin, place: Workplace, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its best epoch may have been before the checkpoint."""
    place = Workplace(**{**vars(place), "checkpoint_seconds": 0.0})
    stopping = EarlyStopping(monitor="val_loss", patience=100)  # one epoch a call
    attempt = begin(
        recipe=recipe(epochs=6, early_stopping=stopping),
        validation=Holdout(size=30),
        sweep="s-1",
        trial=trial(Bar(5, 15.0)),
    )
    record, figures = Attempt.record_epoch, iter([10.0, 20.0, 20.0])

    def broken(self: Attempt, fit: int, epoch: int, seconds: float, metrics: Any, at: Any) -> None:
        if epoch == 4:
            raise KeyboardInterrupt
        record(self, fit, epoch, seconds, {**metrics, "val_mae": next(figures)}, at)

    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "record_epoch", broken)
        with pytest.raises(KeyboardInterrupt):
            measure(attempt, place, Shared())
    measure(attempt, place, Shared())

    assert RunStatus.SUCCEEDED == run_of(attempt).status


def test_a_winners_run_is_calibrated_by_what_its_trial_held_out(begin: Begin, place: Workplace, run_of: RunOf) -> None:
    base = TASKS.get("sentiment").presets["baseline"].recipe
    prior = Prior(temperature=1.7, length_exponent=0.0, rows=500)
    attempt = begin("sentiment", recipe=base, validation=NoValidation(), sweep="s-1", prior=prior)
    manifest = execute(attempt, place)

    assert manifest.metrics.calibration is not None
    assert (1.7, 500) == (manifest.metrics.calibration.temperature, manifest.metrics.calibration.rows)


def test_after_an_error_a_trial_begins_with_nothing_of_those_before_it(
    begin: Begin, place: Workplace, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ran out of memory may be half changed."""
    shared, settings = Shared(), {"recipe": recipe(), "validation": Holdout(size=30), "sweep": "s-1"}
    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "record_epoch", broken_off)
        with pytest.raises(MemoryError):
            measure(begin(**settings, trial=trial()), place, shared)

    assert not shared._rigs
    assert not shared._prepared
    attempt = begin(**settings, trial=trial())
    measure(attempt, place, shared)
    assert RunStatus.SUCCEEDED == run_of(attempt).status


def broken_off(*_: Any) -> None:
    raise MemoryError
