"""What rows count in the loss, and the average of the weights: both as Keras has them, alone, resumed and together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.optimizers import SGD, Adam
from app.domain.recipes import Averaging, Cosine, Dense, Dropout, EarlyStopping, Holdout, KFold, Recipe
from app.services.attempts import Attempt
from app.training import fit as fitting
from app.training.balancing import balanced
from app.training.build import build
from app.training.checkpoint import Checkpoints, Position
from app.training.examples import Examples
from app.training.fit import FitState, TrainingRows, fit
from app.training.pipeline import Workplace, execute
from app.training.program import Program
from app.wire.runs import Run
from tests.support.tasks import TASKS

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 4)).astype(np.float32)
RARE = (ROWS[:, :1] + RNG.normal(size=(60, 1)) > 1.0).astype(np.float32)  # a few of the rows
TRAIN, HELD_OUT = np.arange(40), np.arange(40, 60)
SEED = (7, 0)
AVERAGE = Averaging(momentum=0.8)


def recipe(**changes: Any) -> Recipe:
    small = {"layers": (Dense(units=8),), "epochs": 4, "batch_size": 12, "optimizer": SGD(learning_rate=0.1)}
    loss = {"head": "binary", "loss": "binary_crossentropy"}
    return TASKS.get("housing").presets["baseline"].recipe.model_copy(update={**small, **loss, **changes})


def train(
    chosen: Recipe, targets: Any = RARE, state: FitState | None = None, model: Any = None
) -> tuple[keras.Model, FitState, list[dict[str, float]]]:
    units = 3 if chosen.head == "multiclass" else 1
    program = Program(model or build(chosen, 4, units, seed=1), chosen, Examples(ROWS, targets))
    seen: list[dict[str, float]] = []
    end = fit(program, chosen, TrainingRows(TRAIN), HELD_OUT, SEED, lambda _, __, figures: seen.append(figures), state)
    return program.model, end, seen


def batches() -> Any:
    """The numbers of the rows of each step of four epochs, epoch by epoch."""
    for epoch in range(4):
        order = np.random.default_rng([*SEED, epoch]).permutation(TRAIN)
        yield [order[at : at + 12] for at in range(0, len(order), 12)]


def assert_same_weights(expected: keras.Model, actual: keras.Model) -> None:
    for first, second in zip(expected.get_weights(), actual.get_weights(), strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-4, atol=1e-6)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40), st.data())
def test_all_labels_count_the_same_and_a_row_counts_one_on_the_average(labels: list[int], data: st.DataObject) -> None:
    """Among the rows that are trained on; what other rows there are tells nothing."""
    places = np.array(labels)
    numbers = np.array(data.draw(st.lists(st.integers(0, len(labels) - 1), min_size=1, unique=True)))
    weights = balanced(places, numbers)
    one_hot = np.eye(5, dtype=np.float32)[places]

    assert len(numbers) == pytest.approx(weights[numbers].sum(), rel=1e-4)
    sums = [weights[numbers][places[numbers] == label].sum() for label in np.unique(places[numbers])]
    assert [pytest.approx(sums[0], rel=1e-4)] * len(sums) == sums
    assert not weights[~np.isin(places, places[numbers])].any()
    np.testing.assert_array_equal(weights, balanced(one_hot, numbers))
    np.testing.assert_array_equal(weights, balanced(one_hot @ np.arange(5), numbers))


def test_zeros_and_ones_are_weighed_as_scikit_learn_does() -> None:
    """Of four rows, of which one has the label: 4 / (2 x 3) and 4 / (2 x 1)."""
    targets = np.array([[0], [0], [0], [1], [1]], dtype=np.float32)

    np.testing.assert_allclose(balanced(targets, np.arange(4)), [2 / 3, 2 / 3, 2 / 3, 2, 2], rtol=1e-6)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mse", "sparse_categorical_crossentropy", "categorical"])
def test_weighed_labels_learn_as_with_keras_class_weight(loss: Any) -> None:
    """Same history and weights: of training the loss is weighed, of validation it is not."""
    binary = loss in ("binary_crossentropy", "mse")
    name = "categorical_crossentropy" if loss == "categorical" else loss
    chosen = recipe(head="binary" if binary else "multiclass", loss=name, class_weights="balanced")
    places = RARE[:, 0].astype(np.int64) if binary else np.digitize(ROWS[:, 0], [0.5, 1.2])
    forms: dict[str, Any] = {
        "sparse_categorical_crossentropy": places,
        "categorical": np.eye(3, dtype=np.float32)[places],
    }
    targets = forms.get(loss, RARE)
    model, _, seen = train(chosen, targets)

    counts = np.bincount(places[TRAIN])
    assert counts.min() < counts.max() / 3
    weight = {label: 40 / (len(counts) * count) for label, count in enumerate(counts.tolist())}
    plain = build(chosen, 4, 1 if binary else 3, seed=1)
    held_out = (ROWS[HELD_OUT], targets[HELD_OUT])
    for metrics, steps in zip(seen, batches(), strict=True):
        order = np.concatenate(steps)
        kept = plain.fit(ROWS[order], targets[order], batch_size=12, shuffle=False, verbose=0,
                         validation_data=held_out, class_weight=weight)  # fmt: skip
        assert metrics == pytest.approx({name: each[0] for name, each in kept.history.items()}, rel=1e-5, abs=1e-6)
    assert_same_weights(plain, model)


def test_a_rare_label_is_found_more_often_if_it_counts_as_much_as_the_other() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(2_000, 4)).astype(np.float32)
    targets = (rows[:, :1] + rng.normal(size=(2_000, 1)) > 2.2).astype(np.float32)
    train_numbers, test = np.arange(1_500), np.arange(1_500, 2_000)
    recalls = []
    for weights in ("none", "balanced"):
        chosen = recipe(class_weights=weights, optimizer=Adam(learning_rate=0.01), epochs=10, batch_size=64)
        program = Program(build(chosen, 4, 1, seed=1), chosen, Examples(rows, targets))
        fit(program, chosen, TrainingRows(train_numbers), None, SEED, lambda *_: None)
        found = fitting.predict(program.model, rows[test]) > 0.5
        recalls.append(float(found[targets[test] > 0].mean()))

    assert targets.mean() < 0.1
    assert recalls[0] < 0.4
    assert recalls[1] > 0.6


def test_each_fold_is_weighed_by_what_it_is_trained_on(
    begin: Callable[..., Attempt], place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the rows that a fold holds out tells what its rows count."""
    weighed: list[Any] = []
    plan = Program.plan

    def watched(self: Program, epochs: int, rows: int, numbers: Any, rate: float) -> None:
        plan(self, epochs, rows, numbers, rate)
        assert self._row_weights is not None
        weights = self._row_weights.numpy()
        weighed.append((len(numbers), float(weights[numbers].sum()), float(weights.sum())))

    monkeypatch.setattr(Program, "plan", watched)
    base = TASKS.get("planar").presets["baseline"].recipe
    chosen = base.model_copy(update={"epochs": 1, "class_weights": "balanced"})
    execute(begin("planar", recipe=chosen, validation=KFold(folds=3)), place)

    assert 4 == len(weighed)
    for count, own, _ in weighed:
        assert count == pytest.approx(own, rel=1e-4)


def average_of(chosen: Recipe, steps: Any, momentum: float) -> list[Any]:
    """Keras' own steps, and the average of the weights after each, worked out here."""
    model = build(chosen.model_copy(update={"averaging": None}), 4, 1, seed=1)
    average: list[Any] = []
    for epoch in steps:
        for numbers in epoch:
            model.train_on_batch(ROWS[numbers], RARE[numbers])
            now = model.get_weights()
            average = [momentum * a + (1 - momentum) * n for a, n in zip(average or now, now, strict=True)]
    return average


def test_what_is_left_is_the_average_of_the_weights_over_the_steps() -> None:
    chosen = recipe(averaging=AVERAGE)
    model, _, _ = train(chosen)

    for expected, actual in zip(average_of(chosen, batches(), 0.8), model.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)


def test_it_is_that_of_keras_use_ema() -> None:
    chosen = recipe(averaging=AVERAGE, optimizer=Adam())
    model, _, _ = train(chosen)
    plain = build(chosen, 4, 1, seed=1)
    for epoch in batches():
        for numbers in epoch:
            plain.train_on_batch(ROWS[numbers], RARE[numbers])
    plain.optimizer.finalize_variable_values(plain.trainable_variables)

    assert_same_weights(plain, model)


@pytest.mark.parametrize("at_once", [1, 4])
def test_validation_judges_the_average_while_learning_goes_on_as_without_it(at_once: int) -> None:
    """One epoch a call, or several: both measure it, and leave the weights that learn as they were."""
    figures: dict[bool, list[dict[str, float]]] = {}
    for averaged in (True, False):
        chosen = recipe(averaging=AVERAGE if averaged else None)
        program = Program(build(chosen, 4, 1, seed=1), chosen, Examples(ROWS, RARE))
        program.epochs_at_once = at_once
        orders = [np.concatenate(epoch) for epoch in batches()]
        calls = [orders] if at_once == 4 else [[order] for order in orders]
        figures[averaged] = [found for call in calls for found in program.epochs(call, HELD_OUT)]
        program.model.set_weights(program.weights())
        loss = program.model.evaluate(ROWS[HELD_OUT], RARE[HELD_OUT], verbose=0)[0]
        assert figures[averaged][-1]["val_loss"] == pytest.approx(loss, rel=1e-5)
        program.model.set_weights([np.zeros_like(each) for each in program.weights()])
        assert program.test(HELD_OUT)["loss"] == pytest.approx(np.log(2), rel=1e-5), "by what the model has now"

    for with_it, without in zip(figures[True], figures[False], strict=True):
        assert without["loss"] == pytest.approx(with_it["loss"], rel=1e-5)
    assert abs(figures[True][0]["val_loss"] - figures[False][0]["val_loss"]) > 1e-4


def test_early_stopping_keeps_the_average_of_its_best_epoch() -> None:
    stopping = EarlyStopping(monitor="val_loss", patience=3)
    chosen = recipe(averaging=AVERAGE, early_stopping=stopping, epochs=60, optimizer=SGD(learning_rate=2.0))
    model, end, _ = train(chosen)

    assert end.best_epoch < end.epoch
    outputs = fitting.predict(model, ROWS[HELD_OUT]).astype(np.float64)
    truth = RARE[HELD_OUT]
    loss = -np.mean(np.log(np.where(truth > 0, outputs, 1 - outputs)))
    assert end.metrics["val_loss"] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("members", [1, 2])
def test_a_resumed_fit_has_the_same_average_and_the_same_weights_of_labels(tmp_path: Path, members: int) -> None:
    changes = {"averaging": AVERAGE, "class_weights": "balanced", "layers": (Dense(units=8), Dropout(rate=0.2))}
    chosen = recipe(members=members, optimizer=Adam(), **changes)
    whole, _, history = train(chosen)
    checkpoints = Checkpoints(tmp_path / "run", 0, {})
    model = build(chosen, 4, 1, seed=1)
    program = Program(model, chosen, Examples(ROWS, RARE))
    program.epochs_at_once = 1

    class Killed(Exception):
        pass

    def die_after_two(state: FitState) -> None:
        checkpoints.save(model, Position(0, [], state))
        if state.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        fit(program, chosen, TrainingRows(TRAIN), HELD_OUT, SEED, lambda *_: None, on_pause=die_after_two)
    found = checkpoints.load()
    assert found is not None
    resumed, _, rest = train(chosen, state=found[1].state, model=found[0])

    assert [pytest.approx(each, rel=1e-5) for each in history[2:]] == rest
    assert_same_weights(whole, resumed)


@pytest.mark.parametrize("members", [1, 2])
def test_a_model_of_averages_is_published_and_answers_as_keras_does(
    begin: Callable[..., Attempt], run_of: Callable[[Attempt], Run], place: Workplace, members: int
) -> None:
    """Its test figure is that of the weights in the artifact, also where several seeds share a program."""
    base = TASKS.get("planar").presets["baseline"].recipe
    chosen = base.model_copy(update={"epochs": 3, "averaging": AVERAGE, "members": members})
    attempt = begin("planar", recipe=chosen, validation=Holdout(size=100), seeds=2, seed=3)
    manifest = execute(attempt, place)

    assert AVERAGE == manifest.recipe.averaging
    assert manifest.parity.max_difference <= 1e-5
    assert 2 == len({each.test["loss"] for each in run_of(attempt).metrics.fits})


def test_the_last_fit_has_the_schedule_that_the_folds_saw(
    begin: Callable[..., Attempt], place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its epochs are as many as the folds found right, of a course that was planned for all."""
    trained, planned = [], []
    own_fit, own_plan = fitting.fit, Program.plan

    def fit_watched(program: Program, recipe: Recipe, *rest: Any) -> FitState:
        trained.append(recipe.epochs)
        return own_fit(program, recipe, *rest)

    def plan_watched(self: Program, epochs: int, *rest: Any) -> None:
        planned.append(epochs)
        own_plan(self, epochs, *rest)

    monkeypatch.setattr(fitting, "fit", fit_watched)
    monkeypatch.setattr(Program, "plan", plan_watched)
    stopping = EarlyStopping(monitor="val_loss", patience=1)
    changes = {"epochs": 30, "early_stopping": stopping, "schedule": Cosine(), "optimizer": Adam(learning_rate=0.05)}
    chosen = (
        TASKS.get("housing").presets["baseline"].recipe.model_copy(update={"layers": (Dense(units=16),), **changes})
    )
    execute(begin("housing", recipe=chosen, validation=KFold(folds=2)), place)

    assert [30, 30] == trained[:2]
    assert trained[2] < 30
    assert [30, 30, 30] == planned
