"""Temperatures: found where they are known, fitted on held-out rows alone, and applied by `/predict`."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.db import runs
from app.db.engine import Database
from app.domain.recipes import Dense, Holdout, KFold, NoValidation, Recipe, Validation
from app.domain.runs import Change
from app.inference.predictor import Predictor
from app.services.attempts import Attempt
from app.training import calibrate, fits
from app.training.calibrate import Temperature
from app.training.checkpoint import Checkpoints, Position
from app.training.pipeline import Workplace, execute
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

Begin = Callable[..., Attempt]
RNG = np.random.default_rng(5)
ROWS = 20_000


def drawn(head: str, temperature: float) -> tuple[Any, Any]:
    """Logits that are too large by this temperature, and targets drawn from the right probabilities."""
    if head == "multiclass":
        logits = RNG.normal(scale=2, size=(ROWS, 4))
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return (logits * temperature).astype(np.float32), (p.cumsum(axis=1) < RNG.random((ROWS, 1))).sum(axis=1)
    shape = (ROWS, 1) if head == "binary" else (ROWS // 4, 4)
    logits = RNG.normal(scale=2, size=shape)
    hits = (1 / (1 + np.exp(-logits)) > RNG.random(shape)).astype(np.int64)
    return (logits * temperature).astype(np.float32), hits[:, 0] if head == "binary" else hits.astype(np.float32)


def small() -> Recipe:
    recipe = TASKS.get("digits").presets["baseline"].recipe
    return recipe.model_copy(update={"layers": (Dense(units=8),), "epochs": 4})


@pytest.mark.parametrize("head", calibrate.CALIBRATED)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0, 15.0])
def test_a_known_temperature_is_found_and_takes_the_error_away(head: Any, temperature: float) -> None:
    """Also where logits are far beyond what a float32 probability can tell."""
    logits, target = drawn(head, temperature)

    found = calibrate.temperature_of(head, logits, target)

    assert found is not None
    assert found.value == pytest.approx(temperature, rel=0.05)
    assert found is not None
    calibration = calibrate.calibration_of(head, found, logits, target, rows=9)
    assert calibration.ece_after < 0.015
    if temperature >= 3:
        assert calibration.ece_before > 0.05


def test_the_error_of_a_case_worked_by_hand() -> None:
    """Two bins: four rows at 0.9 of which three are right, one at 0.6 that is wrong."""
    outputs = np.array([[0.9], [0.9], [0.1], [0.1], [0.6]], dtype=np.float32)
    target = np.array([1, 1, 0, 1, 0])

    expected = (4 * abs(0.9 - 0.75) + 1 * 0.6) / 5
    assert calibrate.expected_calibration_error("binary", outputs, target) == pytest.approx(expected, abs=1e-6)


def test_nothing_is_learnt_from_very_few_rows_or_from_none_that_is_right() -> None:
    few, target = np.full((calibrate.FEWEST - 1, 1), 3, dtype=np.float32), np.arange(calibrate.FEWEST - 1) % 2
    assert calibrate.temperature_of("binary", few, target) is None
    sure = np.full((200, 1), 9, dtype=np.float32)
    assert calibrate.temperature_of("binary", sure, np.zeros(200)) is None, "all wrong: at the bound"


def test_few_rows_move_a_temperature_less_than_many() -> None:
    """The same shares of right answers; and rows that are all right do not make it certain."""
    logits, target = np.full((8, 1), 4, dtype=np.float32), np.array([1, 1, 1, 1, 1, 1, 0, 0])
    found = [
        calibrate.temperature_of("binary", np.tile(logits, (times, 1)), np.tile(target, times))
        for times in (5, 50, 5_000)
    ]

    few, more, many = (math.log(temperature.value) for temperature in found if temperature)
    assert 0 < few < more < many
    assert many == pytest.approx(math.log(4 / math.log(3)), abs=1e-3), "at which they answer 3 to 1"
    right = calibrate.temperature_of("binary", np.full((40, 1), 2, dtype=np.float32), np.ones(40))
    assert right is not None
    assert 0.6 < right.value < 0.9, "what it says is 0.88, and all are right"


@pytest.mark.parametrize(
    ("validation", "rows"), [(Holdout(size=400), 400), (KFold(folds=3), 1_500), (NoValidation(), 0)], ids=str
)
def test_a_run_fits_its_temperature_on_rows_it_held_out(
    validation: Validation, rows: int, begin: Begin, place: Workplace
) -> None:
    manifest = execute(begin("digits", recipe=small(), validation=validation), place)
    calibration = manifest.metrics.calibration

    assert calibration is not None
    assert rows == calibration.rows
    assert (calibration.temperature != 1) == (rows > 0)
    assert 0 < calibration.ece_after <= calibration.ece_before + (0.02 if rows else 0)


def test_folds_are_calibrated_by_what_all_of_them_hold_out(
    begin: Begin, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One temperature of every training row, each asked of the fold that has not seen it."""
    asked: list[tuple[Any, Any]] = []
    temperature_of = calibrate.temperature_of

    def told(head: Any, logits: Any, target: Any) -> Temperature | None:
        asked.append((logits, target))
        return temperature_of(head, logits, target)

    monkeypatch.setattr(calibrate, "temperature_of", told)
    manifest = execute(begin("digits", recipe=small(), validation=KFold(folds=3, rows="shuffled")), place)
    task = TASKS.get("digits")
    rows = place.catalog.read(task, task.datasets[-1]).train
    labels = task.targets(rows.target, manifest.labels, "multiclass")

    ((logits, target),) = asked
    assert (1_500, 10) == logits.shape
    assert np.bincount(labels).tolist() == np.bincount(target).tolist()
    assert manifest.metrics.validation["accuracy"] == pytest.approx(np.mean(logits.argmax(axis=1) == target), abs=2e-3)
    assert manifest.metrics.calibration is not None
    assert temperature_of("multiclass", logits, target) == Temperature(manifest.metrics.calibration.temperature)
    assert [None] * 3 == [fit.temperature for fit in manifest.metrics.fits]


def test_of_very_many_held_out_numbers_an_even_share_is_kept(
    begin: Begin, place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fits, "MOST_LOGITS", 3 * 10 * 100)
    manifest = execute(begin("digits", recipe=small(), validation=KFold(folds=3)), place)

    assert manifest.metrics.calibration is not None
    assert 300 == manifest.metrics.calibration.rows


@pytest.mark.parametrize("fit", [2, 0])
def test_a_resumed_run_has_the_logits_of_the_folds_before(
    fit: int,
    begin: Begin,
    place: Workplace,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    clock: FakeClock,
) -> None:
    """Killed in the second fold, or in the fit after all folds."""
    place = dataclasses.replace(place, checkpoint_seconds=0)
    asked = {"recipe": small(), "seed": 5, "validation": KFold(folds=2, rows="shuffled")}
    expected = execute(begin("digits", **asked), place)
    attempt = begin("digits", **asked)
    save = Checkpoints.save

    def save_and_die(self: Checkpoints, model: Any, position: Position) -> None:
        save(self, model, position)
        if position.fit == fit:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        execute(attempt, place)
    monkeypatch.undo()
    with database.write() as tx:
        runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.LOST, clock())
        row = runs.claim(tx, "w-2", clock())
    assert row is not None
    manifest = execute(Attempt(database, clock, attempt.run_id, row.lease_id), place)

    before, after = expected.metrics.calibration, manifest.metrics.calibration
    assert before is not None
    assert after is not None
    assert 1_500 == before.rows == after.rows
    assert after.temperature == pytest.approx(before.temperature, rel=1e-3)
    assert 2 == manifest.attempt


def test_predictions_are_calibrated_and_labels_stay(begin: Begin, place: Workplace) -> None:
    manifest = execute(begin("digits", recipe=small(), validation=Holdout(size=400)), place)
    calibration = manifest.metrics.calibration
    assert calibration is not None
    task = TASKS.get("digits")
    artifact = place.store.open("digits", manifest.id)
    predictor = Predictor(task, artifact, version=1)
    rows = place.catalog.read(task, task.datasets[-1]).test
    outputs = predictor.network.in_batches(predictor.encoder.encode(rows.columns))
    raw = predictor.network.__class__(manifest.layers, artifact.weights, predictor.encoder.width)
    before = raw.in_batches(predictor.encoder.encode(rows.columns))

    np.testing.assert_array_equal(before.argmax(axis=1), outputs.argmax(axis=1))
    logits = np.log(np.maximum(before, 1e-30))  # up to a constant, which softmax does not see
    expected = calibrate.probabilities("multiclass", logits, Temperature(calibration.temperature))
    np.testing.assert_allclose(expected, outputs, atol=1e-5)
    target = task.targets(rows.target, manifest.labels, "multiclass")
    error = calibrate.expected_calibration_error("multiclass", outputs, target)
    assert error == pytest.approx(calibration.ece_after, abs=1e-4)
