"""Temperatures: found where they are known, fitted on held-out rows alone, and applied by `/predict`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.domain.recipes import Dense, Holdout, KFold, NoValidation, Validation
from app.inference.predictor import Predictor
from app.services.execution import Attempt
from app.training import calibrate
from app.training.pipeline import Workplace, execute
from tests.support.tasks import TASKS

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


@pytest.mark.parametrize("head", calibrate.CALIBRATED)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0, 15.0])
def test_a_known_temperature_is_found_and_takes_the_error_away(head: Any, temperature: float) -> None:
    """Also where logits are far beyond what a float32 probability can tell."""
    logits, target = drawn(head, temperature)

    found = calibrate.temperature_of(head, logits, target)

    assert found == pytest.approx(temperature, rel=0.05)
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


def test_nothing_is_learnt_from_few_rows_or_from_none_that_is_wrong() -> None:
    few, target = np.full((99, 1), 3, dtype=np.float32), np.arange(99) % 2
    assert calibrate.temperature_of("binary", few, target) is None
    sure = np.full((200, 1), 9, dtype=np.float32)
    assert calibrate.temperature_of("binary", sure, np.ones(200)) is None, "the surer the better: at the bound"
    assert calibrate.temperature_of("binary", sure, np.zeros(200)) is None, "all wrong: at the other"
    assert calibrate.combined([None, None]) is None
    assert calibrate.combined([2.0, None, 8.0]) == 4


@pytest.mark.parametrize(
    ("validation", "rows"), [(Holdout(size=400), 400), (KFold(folds=3), 1_500), (NoValidation(), 0)], ids=str
)
def test_a_run_fits_its_temperature_on_rows_it_held_out(
    validation: Validation, rows: int, begin: Callable[..., Attempt], place: Workplace
) -> None:
    recipe = (
        TASKS.get("digits").presets["baseline"].recipe.model_copy(update={"layers": (Dense(units=8),), "epochs": 4})
    )
    manifest = execute(begin("digits", recipe=recipe, validation=validation), place)
    calibration = manifest.metrics.calibration

    assert calibration is not None
    assert rows == calibration.rows
    assert (calibration.temperature != 1) == (rows > 0)
    assert 0 < calibration.ece_after <= calibration.ece_before + (0.02 if rows else 0)


def test_predictions_are_calibrated_and_labels_stay(begin: Callable[..., Attempt], place: Workplace) -> None:
    recipe = (
        TASKS.get("digits").presets["baseline"].recipe.model_copy(update={"layers": (Dense(units=8),), "epochs": 4})
    )
    manifest = execute(begin("digits", recipe=recipe, validation=Holdout(size=400)), place)
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
    expected = calibrate.probabilities("multiclass", logits, calibration.temperature)
    np.testing.assert_allclose(expected, outputs, atol=1e-5)
    target = task.targets(rows.target, manifest.labels, "multiclass")
    error = calibrate.expected_calibration_error("multiclass", outputs, target)
    assert error == pytest.approx(calibration.ece_after, abs=1e-4)
