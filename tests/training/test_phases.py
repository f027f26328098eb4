"""What an attempt says it is at: from preparing to publishing, also where it resumes or finds a program ready."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.db import events
from app.db.engine import Database
from app.domain.layers import Dense
from app.domain.optimizers import Adam
from app.domain.recipes import Holdout, KFold, Recipe
from app.domain.runs import Change
from app.errors import DatasetInvalid
from app.services import attempts
from app.services.attempts import Attempt
from app.services.execution import Claim, WorkerService
from app.training import program
from app.training.build import build
from app.training.examples import Examples
from app.training.fit import TrainingRows, fit
from app.training.pipeline import Workplace, execute, measure
from app.training.program import Program
from app.training.shared import Shared
from app.wire.runs import Run
from tests.support.clock import FakeClock
from tests.training.test_trials import recipe, trial

Begin = Callable[..., Attempt]
RunOf = Callable[[Attempt], Run]
ENDING = ["testing", "publishing"]


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short a phase is."""
    monkeypatch.setattr(attempts, "EPOCHS_HELD", 0.0)


@pytest.fixture
def told(database: Database) -> Callable[[str], list[dict[str, Any]]]:
    """Every progress of a run, in order."""

    def read(run_id: str) -> list[dict[str, Any]]:
        with database.read() as tx:
            found = events.after(tx, 0, 1_000, run_id)
        return [event.data for event in found if event.type == events.PROGRESS]

    return read


def phases(progress: list[dict[str, Any]]) -> list[str]:
    return [phase for phase, _ in itertools.groupby(each["phase"] for each in progress)]


Told = Callable[[str], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, ["preparing", "compiling", "training", *ENDING], id="one fit"),
        pytest.param(
            {"validation": KFold(folds=2)}, ["preparing", "compiling", "training", *ENDING], id="folds share a program"
        ),
        pytest.param(
            {"seeds": 2},
            ["preparing", "compiling", "training", "testing", "training", *ENDING],
            id="each seed is tested",
        ),
    ],
)
def test_a_run_goes_through_its_phases(
    begin: Begin, run_of: RunOf, place: Workplace, told: Told, asked: dict[str, Any], expected: list[str]
) -> None:
    attempt = begin(recipe=recipe(epochs=2), **asked)
    execute(attempt, place)

    progress = told(attempt.run_id)
    assert expected == phases(progress)
    assert (0, 2, 0.0) == tuple(progress[0][name] for name in ("epoch", "epochs", "fraction"))
    fractions = [each["fraction"] for each in progress]
    assert sorted(fractions) == fractions
    at = run_of(attempt).progress
    assert at is not None
    assert ("publishing", 1.0, 2) == (at.phase, at.fraction, at.epoch)


def test_an_attempt_that_resumes_compiles_again_where_the_former_one_was(
    begin: Begin,
    place: Workplace,
    database: Database,
    clock: FakeClock,
    told: Told,
    run_of: RunOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the two it is starting: nothing is told of the former one any more."""
    place = dataclasses.replace(place, checkpoint_seconds=0)
    monkeypatch.setattr(program, "MOST_EPOCHS_AT_ONCE", 1)
    attempt = begin(recipe=recipe(epochs=4))
    record = Attempt.record_epoch
    monkeypatch.setattr(Attempt, "record_epoch", broken_after(2))
    with pytest.raises(KeyboardInterrupt):
        execute(attempt, place)
    monkeypatch.setattr(Attempt, "record_epoch", record)
    before = len(told(attempt.run_id))
    worker = WorkerService(database, clock, "w-test", 60)
    worker.end(Claim(run_of(attempt), attempt.lease_id), Change.RELEASED)
    claim = worker.claim()
    assert claim is not None
    assert claim.run.progress is None

    again = Attempt(database, clock, claim.run.id, claim.lease_id)
    execute(again, place)

    progress = told(attempt.run_id)[before:]
    assert ["preparing", "compiling", "training", *ENDING] == phases(progress)
    assert [0, 2] == [each["epoch"] for each in progress[:2]], "known once the checkpoint is read"
    assert 0.5 == progress[1]["fraction"]


def broken_after(epochs: int) -> Any:
    """As if the process was killed while telling of the next one."""
    record = Attempt.record_epoch

    def recorded(self: Attempt, fit: int, epoch: int, *rest: Any) -> None:
        if epoch > epochs:
            raise KeyboardInterrupt
        record(self, fit, epoch, *rest)

    return recorded


def test_a_failed_run_says_what_it_was_at(begin: Begin, run_of: RunOf, place: Workplace) -> None:
    path = place.catalog.folder / "boston_housing.parquet"
    path.parent.mkdir()
    path.write_bytes(b"no rows")
    attempt = begin(recipe=recipe(), dataset="boston_housing")
    with pytest.raises(DatasetInvalid):
        execute(attempt, place)
    attempt.flush()

    at = run_of(attempt).progress
    assert at is not None
    assert "preparing" == at.phase


def test_a_trial_in_a_kept_trainer_finds_its_program_compiled(begin: Begin, place: Workplace, told: Told) -> None:
    """Neither is measured on the test split, and there is no model."""
    shared, found = Shared(), []
    for rate in (0.001, 0.01):
        attempt = begin(recipe=recipe(rate=rate), validation=Holdout(size=30), sweep="s-1", trial=trial())
        measure(attempt, place, shared)
        found.append(phases(told(attempt.run_id)))

    assert [["preparing", "compiling", "training"], ["preparing", "training"]] == found


def test_a_phase_that_is_over_at_once_costs_no_transaction(
    begin: Begin, place: Workplace, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that stands still, all that comes after the first is held to the end."""
    monkeypatch.setattr(attempts, "EPOCHS_HELD", 0.2)
    waiting = begin(recipe=recipe(), validation=Holdout(size=30), sweep="s-1", trial=trial())
    attempt = Attempt(waiting.database, waiting.clock, waiting.run_id, waiting.lease_id, monotonic=lambda: 0.0)
    measure(attempt, place, Shared())

    assert ["preparing", "training"] == phases(told(attempt.run_id))


@pytest.mark.parametrize("epochs_at_once", [1, 5])
def test_compiling_first_learns_nothing_and_spares_the_first_epoch(epochs_at_once: int) -> None:
    """The same figures and weights with and without, to the last bit; and nothing is traced a second time."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4)).astype(np.float32)
    examples = Examples(rows, (rows[:, :1] * 2 + 1).astype(np.float32))
    chosen: Recipe = recipe(epochs=3, batch_size=8, optimizer=Adam())
    chosen = chosen.model_copy(update={"layers": (Dense(units=8), *chosen.layers)})

    def trained(*, ready: bool) -> tuple[Program, Any]:
        made = Program(build(chosen, 4, 1, seed=1), chosen, examples)
        made.epochs_at_once = epochs_at_once
        if ready:
            made.make_ready(watched=True)
            traced.append(traces(made))
        state = fit(made, chosen, TrainingRows(np.arange(40)), np.arange(40, 60), (7, 0), lambda *_: None)
        return made, state

    traced: list[int] = []
    (made, state), (_, expected) = trained(ready=True), trained(ready=False)

    assert expected.metrics == state.metrics
    assert traced == [traces(made)]
    assert traced[0] >= 1


def traces(made: Program) -> int:
    passes = (made._train, made._watch, made._several)
    return sum(each.experimental_get_tracing_count() for each in passes)
