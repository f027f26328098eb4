"""Temperatures: found where they are known, fitted on held-out rows alone, and applied by `/predict`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.domain.recipes import Dense, Holdout, KFold, NoValidation, Validation
from app.inference.predictor import Predictor
from app.services.execution import Attempt
from app.tasks import registry
from app.training import calibrate
from app.training.pipeline import Workplace, execute

RNG = np.random.default_rng(5)
ROWS = 20_000


def drawn(head: str, temperature: float) -> tuple[Any, Any]:
    """Outputs that are too sure by this temperature, and targets drawn from the right probabilities."""
    if head == "multiclass":
        logits = RNG.normal(scale=2, size=(ROWS, 4))
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        target = (p.cumsum(axis=1) < RNG.random((ROWS, 1))).sum(axis=1)
        sure = np.exp(logits * temperature)
        return (sure / sure.sum(axis=1, keepdims=True)).astype(np.float32), target
    shape = (ROWS, 1) if head == "binary" else (ROWS // 4, 4)
    logits = RNG.normal(scale=2, size=shape)
    hits = (1 / (1 + np.exp(-logits)) > RNG.random(shape)).astype(np.int64)
    sure = (1 / (1 + np.exp(-logits * temperature))).astype(np.float32)
    return sure, hits[:, 0] if head == "binary" else hits.astype(np.float32)


@pytest.mark.parametrize("head", calibrate.CALIBRATED)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found_and_takes_the_error_away(head: Any, temperature: float) -> None:
    outputs, target = drawn(head, temperature)

    found = calibrate.temperature_of(head, outputs, target)

    assert found == pytest.approx(temperature, rel=0.05)
    after = calibrate.expected_calibration_error(head, calibrate.rescaled(head, outputs, found), target)
    assert after < 0.015
    if temperature == 3:
        assert calibrate.expected_calibration_error(head, outputs, target) > 0.05


def test_the_error_of_a_case_worked_by_hand() -> None:
    """Two bins: four rows at 0.9 of which three are right, one at 0.6 that is wrong."""
    outputs = np.array([[0.9], [0.9], [0.1], [0.1], [0.6]], dtype=np.float32)
    target = np.array([1, 1, 0, 1, 0])

    expected = (4 * abs(0.9 - 0.75) + 1 * 0.6) / 5
    assert calibrate.expected_calibration_error("binary", outputs, target) == pytest.approx(expected, abs=1e-6)


def test_certain_outputs_and_useless_networks_stay_within_bounds() -> None:
    certain = np.array([[1.0], [0.0], [1.0]], dtype=np.float32)

    found = calibrate.temperature_of("binary", certain, np.array([1, 0, 0]))

    assert found is not None
    assert calibrate.LEAST <= found <= calibrate.MOST
    assert np.isfinite(calibrate.rescaled("binary", certain, found)).all()
    assert calibrate.temperature_of("regression", certain, np.array([1.0, 0.0, 0.0])) is None


@pytest.mark.parametrize(
    ("validation", "rows"), [(Holdout(size=400), 400), (KFold(folds=3), 1_500), (NoValidation(), 0)], ids=str
)
def test_a_run_fits_its_temperature_on_rows_it_held_out(
    validation: Validation, rows: int, begin: Callable[..., Attempt], place: Workplace
) -> None:
    recipe = (
        registry.get("digits").presets["baseline"].recipe.model_copy(update={"layers": (Dense(units=8),), "epochs": 4})
    )
    manifest = execute(begin("digits", recipe=recipe, validation=validation), place)
    calibration = manifest.metrics.calibration

    assert calibration is not None
    assert rows == calibration.rows
    assert (calibration.temperature != 1) == (rows > 0)
    assert 0 < calibration.ece_after <= calibration.ece_before + (0.02 if rows else 0)


def test_predictions_are_calibrated_and_labels_stay(begin: Callable[..., Attempt], place: Workplace) -> None:
    recipe = (
        registry.get("digits").presets["baseline"].recipe.model_copy(update={"layers": (Dense(units=8),), "epochs": 4})
    )
    manifest = execute(begin("digits", recipe=recipe, validation=Holdout(size=400)), place)
    calibration = manifest.metrics.calibration
    assert calibration is not None
    task = registry.get("digits")
    artifact = place.store.open("digits", manifest.id)
    predictor = Predictor(task, artifact, version=1)
    rows = place.catalog.read(task, task.datasets[-1]).test
    outputs = predictor.network.in_batches(predictor.encoder.encode(rows.columns))
    raw = predictor.network.__class__(manifest.layers, artifact.weights, predictor.encoder.width)
    before = raw.in_batches(predictor.encoder.encode(rows.columns))

    np.testing.assert_array_equal(before.argmax(axis=1), outputs.argmax(axis=1))
    np.testing.assert_allclose(calibrate.rescaled("multiclass", before, calibration.temperature), outputs, atol=1e-5)
    target = task.targets(rows.target, manifest.labels, "multiclass")
    error = calibrate.expected_calibration_error("multiclass", outputs, target)
    assert error == pytest.approx(calibration.ece_after, abs=1e-4)
