"""Runs on texts as n-grams: weights learnt from what is trained on, sentences as rows, temperatures by length."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from app.db import runs
from app.db.engine import Database
from app.domain.recipes import KFold, Recipe
from app.domain.runs import Change
from app.domain.texts import NGrams
from app.encoding.n_grams import NGramEncoder
from app.encoding.rows import SparseRows
from app.inference.predictor import Predictor
from app.services.attempts import Attempt
from app.training import calibrate
from app.training.calibrate import Temperature
from app.training.calibrate_texts import temperature_of_texts
from app.training.checkpoint import Checkpoints, Position
from app.training.fit import TrainingRows
from app.training.interpolate import interpolated
from app.training.material import Material
from app.training.pipeline import Workplace, execute
from app.training.prepare import Prepared, prepare
from app.training.weighing import directions
from app.wire.predictions import Options
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

Begin = Callable[..., Attempt]
TASK = TASKS.get("sentiment")
RNG = np.random.default_rng(3)


def small(**features: Any) -> Recipe:
    usual = {"max_n": 2, "max_features": 2_000, "weights": "naive_bayes", "negation": True, "sentences": 0.5}
    chosen = NGrams.model_validate(usual | features)
    return TASK.presets["best"].recipe.model_copy(update={"features": chosen, "epochs": 3})


def prepared_for(place: Workplace, recipe: Recipe) -> Prepared:
    return prepare(place.catalog, place.encoded, TASK, "sample", recipe, lambda _: None)


@pytest.mark.parametrize(
    "features",
    [
        {"weights": "naive_bayes", "contrast": True, "spelling": True},
        {"weights": "tf_idf"},
        {"weights": "presence"},
        {"weights": "naive_bayes", "hashed": True, "max_features": 2**15},
    ],
)
def test_a_run_publishes_a_model_that_answers(features: dict[str, Any], begin: Begin, place: Workplace) -> None:
    manifest = execute(begin("sentiment", recipe=small(**features), validation=KFold(folds=3)), place)

    assert manifest.metrics.test["accuracy"] > 0.85
    assert manifest.parity.max_difference <= 1e-5
    calibration = manifest.metrics.calibration
    assert calibration is not None
    assert calibration.length_exponent != 0
    assert calibration.ece_after < calibration.ece_before
    predictor = Predictor(TASK, place.store.open("sentiment", manifest.id), version=1)
    item = TASK.Input(text="A wonderful film. The plot isn't a dull mess, and I loved it.")
    (found,) = predictor.predict([item], Options(explain=True))
    assert "positive" == found["label"]
    explanation = found["explanation"]
    assert ["A wonderful film.", "The plot isn't a dull mess, and I loved it."] == [
        item.text[part["start"] : part["end"]] for part in explanation.sentences
    ]
    assert "is not" in {word["word"] for word in explanation.words}
    rows = place.catalog.read(TASK, TASK.datasets[-1]).test
    encoded = predictor.encoder.encode(rows.columns)
    outputs = predictor.network.in_batches(encoded)
    error = calibrate.expected_calibration_error(
        "binary", outputs, TASK.targets(rows.target, manifest.labels, "binary")
    )
    assert error == pytest.approx(calibration.ece_after, abs=1e-4)


def test_rows_that_are_held_out_say_nothing_of_the_weights(place: Workplace) -> None:
    prepared = prepared_for(place, small())
    assert prepared.has_open_weights
    train = np.arange(1_000, len(prepared.train))
    other = prepared.train.targets.copy()
    other[:1_000] = 1 - other[:1_000]
    turned = replace(prepared, train=replace(prepared.train, targets=other))

    scales: list[Any] = []
    for each in (prepared, turned):
        encoder = each.seen_after(train).encoder
        assert isinstance(encoder, NGramEncoder)
        scales.append(encoder.scale)
    np.testing.assert_array_equal(*scales)
    again = prepared.seen_after(np.arange(len(prepared.train))).encoder
    assert isinstance(again, NGramEncoder)
    assert again.scale is not None
    assert (again.scale != scales[0]).any()


def test_a_fit_never_sees_a_sentence_of_a_text_that_is_held_out(place: Workplace) -> None:
    recipe = small()
    prepared = prepared_for(place, recipe)
    material, train = Material(prepared, recipe, 1), np.arange(1_000, len(prepared.train))
    material.see(train)
    rows, count = material.trained_on(train), len(prepared.train)

    order = rows.order((1, 0), 0)
    assert prepared.pieces is not None
    texts, pieces = order[order < count], order[order >= count] - count
    assert train.tolist() == sorted(texts.tolist())
    assert round(0.5 * len(rows.pieces)) == len(pieces) == len(set(pieces.tolist()))
    assert prepared.pieces.owners[pieces].min() >= 1_000
    assert set(rows.order((1, 0), 1).tolist()) != set(order.tolist()), "another draw in each epoch"
    examples = material.examples()
    np.testing.assert_array_equal(
        examples.targets[count + pieces, 0], prepared.train.targets[prepared.pieces.owners[pieces]]
    )
    held_out = material.held_out(np.arange(1_000))
    truth = held_out.truth
    assert truth.words is not None
    assert len(truth.targets) == len(truth.words) == len(truth.weights) == len(held_out.rows) > 1_000
    assert 1_000 == (truth.weights == 1).sum()


def test_without_sentences_an_epoch_is_what_it_was() -> None:
    rows = TrainingRows(np.arange(10, 20))

    assert 10 == len(rows)
    assert np.random.default_rng([7, 0, 3]).permutation(np.arange(10, 20)).tolist() == rows.order((7, 0), 3).tolist()


def test_encoded_rows_are_kept_with_their_sentences(place: Workplace) -> None:
    """Of built-in samples nothing is kept, so the entry is made by hand."""
    from app.training.prepare import _from_entry, _to_entry

    prepared = prepared_for(place, small())
    arrays, meta = _to_entry(prepared)
    place.encoded.put("key", arrays, meta)
    entry = place.encoded.get("key")
    assert entry is not None
    again = _from_entry(TASK, prepared.info, prepared.sha256, entry, prepared.read)

    assert again.pieces is not None
    assert prepared.pieces is not None
    np.testing.assert_array_equal(prepared.pieces.owners, again.pieces.owners)
    for one, other in ((prepared.pieces.rows, again.pieces.rows), (prepared.train.rows, again.train.rows)):
        np.testing.assert_array_equal(one.values, other.values)  # type: ignore[union-attr]
        np.testing.assert_array_equal(one.words, other.words)  # type: ignore[union-attr]


def test_interpolation_draws_weights_towards_the_ratios(begin: Begin, place: Workplace) -> None:
    """In Keras' model, in what NumPy serves and in the figures, of each fold too."""
    recipe = small(interpolation=0.25)
    manifest = execute(begin("sentiment", recipe=recipe, validation=KFold(folds=3)), place)
    plain = execute(begin("sentiment", recipe=small(), validation=KFold(folds=3)), place)

    assert manifest.parity.max_difference <= 1e-5
    kernels = []
    for each in (plain, manifest):
        artifact = place.store.open("sentiment", each.id)
        predictor = Predictor(TASK, artifact, version=1)
        model = keras.saving.load_model(place.store.path("sentiment", each.id) / "model.keras")
        kernels.append(model.layers[-1].get_weights()[0])
        rows = place.catalog.read(TASK, TASK.datasets[-1]).test
        encoded = predictor.encoder.encode(rows.columns)
        right = (predictor.network.in_batches(encoded)[:, 0] > 0.5) == (np.array(rows.target) == "positive")
        assert each.metrics.test["accuracy"] == pytest.approx(right.mean(), abs=1e-6)
    prepared = prepared_for(place, recipe)
    seen = prepared.seen_after(np.arange(len(prepared.train)))
    assert seen.directions is not None
    learnt, drawn = kernels
    np.testing.assert_allclose(interpolated(learnt, seen.directions, 0.25), drawn, atol=1e-6)
    assert [fit.validation for fit in manifest.metrics.fits] != [fit.validation for fit in plain.metrics.fits]
    assert plain.metrics.test["loss"] != manifest.metrics.test["loss"]


def test_a_resumed_run_interpolates_once(
    begin: Begin, place: Workplace, database: Database, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """Killed after the last epoch of the first fold, whose weights are then drawn once, and not twice."""
    place = replace(place, checkpoint_seconds=0)
    recipe = small(interpolation=0.5, sentences=0.0).model_copy(update={"epochs": 2})
    asked = {"recipe": recipe, "seed": 5, "validation": KFold(folds=2)}
    expected = execute(begin("sentiment", **asked), place)
    attempt = begin("sentiment", **asked)
    save = Checkpoints.save

    def save_and_die(self: Checkpoints, model: Any, position: Position) -> None:
        save(self, model, position)
        if position.state.epoch == recipe.epochs:
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

    assert manifest.metrics.test == pytest.approx(expected.metrics.test, rel=1e-5)
    for one, other in zip(expected.metrics.fits, manifest.metrics.fits, strict=True):
        assert other.validation == pytest.approx(one.validation, rel=1e-5)


def test_directions_are_the_signs_of_the_ratios(place: Workplace) -> None:
    rows = SparseRows(np.array([0, 1, 0, 1, 0, 2, 0, 2], np.int32), np.arange(0, 9, 2), 4, np.ones(4))
    targets = np.array([1, 1, 0, 0])

    assert [1, -1] == directions(rows, targets)[1:3].tolist()
    np.testing.assert_array_equal(directions(rows, targets), -directions(rows, 1 - targets))


def test_sentences_count_for_little_in_a_temperature() -> None:
    """Of texts that are sure and right, and as many sentences that say nothing."""
    logits = np.full((200, 1), 2.0, np.float32)
    target = np.concatenate([np.ones(100, np.int64), np.arange(100) % 2])
    words = np.full(200, 50)

    equal, little = (
        temperature_of_texts("binary", logits, target, words, np.repeat([1.0, weight], 100)) for weight in (1.0, 0.02)
    )
    assert equal is not None
    assert little is not None
    assert little.of(words).max() < 1 < equal.of(words).min()


@pytest.mark.parametrize("exponent", [-0.3, 0.0, 0.4])
def test_a_known_exponent_is_found(exponent: float) -> None:
    words = RNG.integers(1, 1_000, 20_000)
    logits = RNG.normal(0, 3, (20_000, 1))
    right = 1 / (1 + np.exp(-logits[:, 0]))
    target = (RNG.random(20_000) < right).astype(np.int64)
    temperature = Temperature(2.0, exponent)

    found = temperature_of_texts(
        "binary", (logits * temperature.of(words)).astype(np.float32), target, words, np.ones(len(words))
    )

    assert found is not None
    assert found.value == pytest.approx(2.0, rel=0.1)
    assert found.length_exponent == pytest.approx(exponent, abs=0.05)
