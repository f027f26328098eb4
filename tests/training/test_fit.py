"""One fit: history, order, early stopping, resuming."""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.domain.optimizers import SGD, Adagrad, Adam, AdamW, MomentumSGD, RMSprop
from app.domain.recipes import HEADS, Dense, Dropout, EarlyStopping, Flatten, Recipe
from app.domain.tables import Raw, Standardized
from app.encoding.rows import ByteRows, Encoded, SparseRows, dense
from app.errors import Diverged, TrainingError
from app.training import arrange
from app.training import fit as fitting
from app.training.arrange import HotRows
from app.training.build import build
from app.training.checkpoint import Checkpoints, Position
from app.training.examples import Examples
from app.training.fit import FitState, TrainingRows, fit
from app.training.program import Program
from tests.support.tasks import TASKS

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 4)).astype(np.float32)
TARGETS = (ROWS[:, :1] * 2 + 1).astype(np.float32)
TARGETS[40:] += RNG.normal(size=(20, 1)).astype(np.float32)
LENGTHS = RNG.integers(1, 20, size=60)
HOT = SparseRows(
    np.concatenate([np.sort(RNG.choice(30, size=length, replace=False)) for length in LENGTHS]).astype(np.int32),
    np.concatenate(([0], np.cumsum(LENGTHS))),
    30,
    np.ones(60),
)
TRAIN, HELD_OUT = np.arange(40), np.arange(40, 60)
SEED = (7, 0)


def order_of(epoch: int) -> Any:
    """The row numbers that an epoch, counted from 0, goes through."""
    return np.random.default_rng([*SEED, epoch]).permutation(TRAIN)


def recipe(**changes: Any) -> Recipe:
    small = {"layers": (Dense(units=8), Dropout(rate=0.2)), "epochs": 6, "batch_size": 8, "optimizer": Adam()}
    return TASKS.get("housing").presets["baseline"].recipe.model_copy(update={**small, **changes})


def program_of(chosen: Recipe, model: Any = None) -> Program:
    return Program(model or build(chosen, 4, 1, seed=1), chosen, Examples(ROWS, TARGETS))


def train(chosen: Recipe, held_out: Any = None, state: FitState | None = None, model: Any = None) -> Any:
    program = program_of(chosen, model)
    seen: list[tuple[int, dict[str, float]]] = []
    end = fit(program, chosen, TrainingRows(TRAIN), held_out, SEED, lambda e, _, m: seen.append((e, m)), state)
    return program.model, end, seen


def test_each_epoch_is_told_with_its_figures() -> None:
    _, end, seen = train(recipe(layers=(Dense(units=8),)), HELD_OUT)

    assert [1, 2, 3, 4, 5, 6] == [epoch for epoch, _ in seen]
    assert all({"loss", "mae", "val_loss", "val_mae"} == set(metrics) for _, metrics in seen)
    assert end.metrics == seen[-1][1]
    assert seen[-1][1]["loss"] < seen[0][1]["loss"]


def test_every_epoch_sees_every_row_once_in_an_order_of_its_own() -> None:
    seen: list[list[int]] = []

    class Watched(Program):
        def epochs(self, orders: Any, held_out: Any) -> Any:
            seen.extend(order.tolist() for order in orders)
            return super().epochs(orders, held_out)

    chosen = recipe(epochs=2)
    fit(
        Watched(build(chosen, 4, 1, 1), chosen, Examples(ROWS, TARGETS)),
        chosen,
        TrainingRows(TRAIN),
        None,
        SEED,
        lambda *_: None,
    )

    assert [order_of(0).tolist(), order_of(1).tolist()] == seen
    assert [TRAIN.tolist()] * 2 == [sorted(order) for order in seen]
    assert seen[0] != seen[1]


def targets_for(chosen: Recipe) -> Any:
    """Targets that the rows decide, for all 60 of them, in the form that the recipe's loss takes."""
    one, three = ROWS[:, :1] * 2 + 1, ROWS[:, :3]
    forms: dict[str, Any] = {
        "sparse_categorical_crossentropy": three.argmax(axis=1),
        "categorical_crossentropy": np.eye(3)[three.argmax(axis=1)],
    }
    heads = {"multilabel": three > 0, "regression": one, "binary": one > 0, "unit_regression": one > 0}
    found: Any = forms.get(chosen.loss, heads.get(chosen.head))
    return np.asarray(found, dtype=np.int64 if np.ndim(found) == 1 else np.float32)


def assert_keras_own_fit_gives_the_same_history(chosen: Recipe, rows: Encoded = ROWS) -> None:
    """Without dropout: the same weights and batch order give the same figures, epoch by epoch."""
    targets = targets_for(chosen)
    outputs = 3 if HEADS[chosen.head].unit_per_label else 1
    x = dense(rows)
    model, plain = (build(chosen, x.shape[1], outputs, seed=1) for _ in range(2))
    seen: list[dict[str, float]] = []
    program = Program(model, chosen, Examples(rows, targets))
    fit(program, chosen, TrainingRows(TRAIN), HELD_OUT, SEED, lambda _, __, metrics: seen.append(metrics))

    assert chosen.epochs == len(seen)
    for epoch, metrics in enumerate(seen):
        order, held_out = order_of(epoch), (x[HELD_OUT], targets[HELD_OUT])
        kept = plain.fit(x[order], targets[order], batch_size=12, shuffle=False, verbose=0, validation_data=held_out)
        assert metrics == pytest.approx({name: values[0] for name, values in kept.history.items()}, rel=1e-5, abs=1e-6)
    for expected, actual in zip(plain.get_weights(), model.get_weights(), strict=True):
        # Adaptive optimizers divide by the size of the gradient: where that is next to nothing, rounding shows.
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)


def uneven(**changes: Any) -> Recipe:
    """Batches of 12, 12, 12 and 4 rows."""
    return recipe(**{"layers": (Dense(units=8),), "epochs": 3, "batch_size": 12, **changes})


@pytest.mark.parametrize(
    "chosen",
    [
        SGD(learning_rate=0.05),
        SGD(momentum=0.9, nesterov=True),
        MomentumSGD(),
        Adagrad(learning_rate=0.1),
        RMSprop(),
        RMSprop(momentum=0.5, centered=True),
        Adam(),
        Adam(amsgrad=True),
        AdamW(learning_rate=0.01, weight_decay=0.5),
    ],
    ids=str,
)
def test_every_optimizer_learns_as_in_plain_keras_on_the_same_batches(chosen: Any) -> None:
    assert_keras_own_fit_gives_the_same_history(uneven(optimizer=chosen))


@pytest.mark.parametrize(("head", "loss"), [(name, loss) for name, head in HEADS.items() for loss in head.losses])
def test_every_head_and_loss_is_that_of_plain_keras_on_the_same_batches(head: Any, loss: Any) -> None:
    """Means over rows, not over batches: the last batch has a third of the others' rows."""
    assert_keras_own_fit_gives_the_same_history(uneven(head=head, loss=loss))


@pytest.mark.parametrize("penalty", [{"l1": 0.01}, {"l2": 0.1}, {"l1": 0.1, "l2": 0.01}], ids=str)
def test_penalties_are_in_the_loss_as_in_plain_keras(penalty: dict[str, Any]) -> None:
    layers = (Dense(units=8, **penalty), Dense(units=4, **penalty))
    assert_keras_own_fit_gives_the_same_history(uneven(layers=layers, optimizer=SGD()))


@pytest.mark.parametrize("units", [8, None])
@pytest.mark.parametrize("batch_size", [1, 12, 40, 64])
def test_multi_hot_rows_learn_as_their_matrix_does_in_plain_keras(units: int | None, batch_size: int) -> None:
    """Sums of kernel rows instead of a product; something before the first dense layer makes them a matrix."""
    layers = (Dense(units=units),) if units else (Flatten(), Dense(units=8))
    if batch_size == 12:
        assert_keras_own_fit_gives_the_same_history(uneven(layers=layers, optimizer=SGD()), HOT)
    else:
        chosen = uneven(layers=layers, optimizer=SGD(), batch_size=batch_size)
        hot, plain = (Program(build(chosen, 30, 1, 1), chosen, Examples(rows, TARGETS)) for rows in (HOT, dense(HOT)))
        for epoch in range(3):
            assert plain.train(order_of(epoch)) == pytest.approx(hot.train(order_of(epoch)), rel=1e-5)
            assert plain.test(HELD_OUT) == pytest.approx(hot.test(HELD_OUT), rel=1e-5)


@pytest.mark.parametrize("layers", [(Dense(units=8),), (Flatten(), Dense(units=8))], ids=["dense", "flatten"])
def test_bytes_learn_as_the_numbers_they_stand_for_do_in_plain_keras(layers: Any) -> None:
    grey = ByteRows(RNG.integers(0, 256, size=(60, 12), dtype=np.uint8), 255)
    assert_keras_own_fit_gives_the_same_history(uneven(layers=layers), grey)


def test_several_epochs_in_one_call_are_the_same_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the last few, which do not fill a call. The first goes alone: nobody knows yet how long they take."""
    monkeypatch.setattr(fitting, "CALL_SECONDS", 1e9)
    chosen = recipe(epochs=7)
    ends = []
    for at_once in (1, 4):
        program = program_of(chosen)
        program.epochs_at_once = at_once
        seen: list[dict[str, float]] = []
        pauses: list[int] = []
        fit(program, chosen, TrainingRows(TRAIN), HELD_OUT, SEED, lambda _, __, m: seen.append(m),  # noqa: B023
            on_pause=lambda state: pauses.append(state.epoch))  # noqa: B023  # fmt: skip
        assert {1: [1, 2, 3, 4, 5, 6, 7], 4: [1, 5, 7]}[at_once] == pauses
        ends.append((seen, program.model.get_weights()))

    (one, weights), (four, others) = ends
    assert 7 == len(one) == len(four)
    for expected, actual in zip(one, four, strict=True):
        assert expected == pytest.approx(actual, rel=1e-5)
    for expected, actual in zip(weights, others, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_an_epoch_in_several_parts_is_the_same_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of many ones are arranged a few batches at a time."""
    chosen = uneven()
    histories = []
    for most in (arrange.MOST_IDS, 2 * arrange.ROUNDED):
        monkeypatch.setattr(arrange, "MOST_IDS", most)
        program = Program(build(chosen, 30, 1, 1), chosen, Examples(HOT, TARGETS))
        histories.append([program.train(order_of(epoch)) for epoch in range(3)])

    assert histories[0][-1] == pytest.approx(histories[1][-1], rel=1e-6)


def test_where_picked_rows_would_take_more_room_a_batch_becomes_a_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrange, "MOST_PICKED", 0)
    assert_keras_own_fit_gives_the_same_history(uneven(), HOT)

    monkeypatch.setattr(HotRows, "matrix", lambda *_: np.full((8, 30), 7, dtype=np.float32))
    places = np.zeros(8, dtype=np.int32)
    found = HotRows(HOT).multiply(np.ones((30, 4), dtype=np.float32), places, (np.zeros(500, np.int32),) * 2)
    np.testing.assert_array_equal(np.full((8, 4), 210), found)


def test_a_matrix_beyond_32_bits_ends_the_fit_with_what_to_do() -> None:
    wide = SparseRows(HOT.indices, HOT.offsets, 2**28, HOT.known)
    places = np.zeros(8, dtype=np.int32)

    with pytest.raises(TrainingError, match="smaller batches"):
        HotRows(wide).matrix(places, (places, places))


def test_only_one_part_of_an_epoch_is_arranged_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    arranged: list[int] = []
    inputs = HotRows.inputs

    def counted(self: HotRows, order: Any, *rest: Any, again: bool) -> Any:
        arranged.append(1)
        return inputs(self, order, *rest, again=again)

    monkeypatch.setattr(HotRows, "inputs", counted)
    found = arrange.parts(HotRows(HOT), TRAIN, 1, 8)

    next(found)
    assert 1 == len(arranged)
    assert 4 == len(list(found))


def test_empty_places_repeat_a_row_of_the_pass() -> None:
    """Row 0 of the dataset may be one whose outputs overflow: no weight makes that a number again."""
    (part,) = arrange.parts(arrange.DenseRows(ROWS), np.array([5, 7, 9]), 2, 2)

    assert [[5, 7], [9, 5]] == part.places.tolist()
    assert [[1, 1], [1, 0]] == part.mask.tolist()


def test_a_batch_with_more_ones_than_foreseen_finds_its_place() -> None:
    """Long rows that meet in one batch make the program larger, never wrong."""
    lengths = np.array([2] * 59 + [5_000])
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    indices = np.concatenate([np.arange(length) for length in lengths]).astype(np.int32)
    rows = HotRows(SparseRows(indices, offsets, 5_000, np.ones(60)))
    rows._room[4] = arrange.ROUNDED

    places, owners = rows.inputs(np.array([0, 59, 1]), 2, 4)

    assert (2, 2 * arrange.ROUNDED) == places.shape
    assert [2, 5_000, 2] == [int(np.sum(owners[0] == row)) for row in range(3)]
    assert np.all(owners[1] == 4)


def test_a_program_goes_on_from_another_model() -> None:
    """Folds and seeds share a program: each starts with the weights, moments and random state of its own."""
    chosen = recipe()
    shared = program_of(chosen)
    shared.train(order_of(0))
    shared.take_over(build(chosen, 4, 1, seed=9))
    alone = program_of(chosen, build(chosen, 4, 1, seed=9))

    for epoch in (0, 1):
        assert alone.train(order_of(epoch)) == shared.train(order_of(epoch))


@pytest.mark.parametrize("head", list(HEADS))
def test_a_network_without_a_hidden_layer_learns_as_in_plain_keras(head: Any) -> None:
    assert_keras_own_fit_gives_the_same_history(uneven(layers=(), head=head, loss=HEADS[head].losses[0]))


def test_a_fit_resumed_from_a_checkpoint_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    """Weights, optimizer moments, dropout's random state and batch order all go on."""
    whole, _, history = train(recipe(), HELD_OUT)
    checkpoints = Checkpoints(tmp_path / "run", 0, {"recipe": 1})

    class Killed(Exception):
        pass

    model = build(recipe(), 4, 1, seed=1)

    def die_after_three(state: FitState) -> None:
        checkpoints.save(model, Position(0, [], state))
        if state.epoch == 3:
            raise Killed

    program = program_of(recipe(), model)
    program.epochs_at_once = 1
    with pytest.raises(Killed):
        fit(program, recipe(), TrainingRows(TRAIN), HELD_OUT, SEED, lambda *_: None, on_pause=die_after_three)
    found = checkpoints.load()
    assert found is not None
    resumed, position = found
    assert 3 == position.state.epoch
    _, _, rest = train(recipe(), HELD_OUT, position.state, resumed)

    assert [4, 5, 6] == [epoch for epoch, _ in rest]
    for (_, expected), (_, actual) in zip(history[3:], rest, strict=True):
        assert expected == pytest.approx(actual, rel=1e-5)
    for expected, actual in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)


def test_a_checkpoint_of_another_recipe_or_a_damaged_one_is_not_resumed(tmp_path: Path) -> None:
    model, _, _ = train(recipe(epochs=1))
    Checkpoints(tmp_path / "run", 0, {"recipe": 1}).save(model, Position(0, [], FitState(epoch=2)))

    assert Checkpoints(tmp_path / "run", 0, {"recipe": 1}).load() is not None
    assert Checkpoints(tmp_path / "run", 0, {"recipe": 2}).load() is None
    (saved,) = (tmp_path / "run").glob("*/model.keras")
    (tmp_path / "run" / "of-a-killed-trainer").mkdir()
    assert Checkpoints(tmp_path / "run", 0, {"recipe": 1}).load() is not None, "half a new one does no harm"
    saved.write_bytes(b"torn")
    assert Checkpoints(tmp_path / "run", 0, {"recipe": 1}).load() is None


def test_a_young_checkpoint_is_not_replaced(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "run", 3600, {})
    assert not checkpoints.is_due()

    checkpoints = Checkpoints(tmp_path / "run", 0, {})
    assert checkpoints.is_due()


@pytest.mark.parametrize("restore", [True, False])
@pytest.mark.parametrize(("monitor", "patience"), [("val_loss", 2), ("val_mae", 0), ("loss", 1)])
def test_early_stopping_does_what_keras_callback_does(monitor: Any, patience: int, restore: bool) -> None:
    stopping = EarlyStopping(monitor=monitor, patience=patience, restore_best=restore)
    chosen = recipe(layers=(Dense(units=8),), early_stopping=stopping, epochs=60, optimizer=SGD(learning_rate=0.1))
    model, end, seen = train(chosen, HELD_OUT)

    plain = build(chosen, 4, 1, seed=1)
    callback = keras.callbacks.EarlyStopping(monitor=monitor, patience=patience, restore_best_weights=restore)
    data, validation = InOrder(), (ROWS[HELD_OUT], TARGETS[HELD_OUT])
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: data.start(epoch))
    kept = plain.fit(data, epochs=60, validation_data=validation, callbacks=[order, callback], shuffle=False, verbose=0)

    assert len(kept.epoch) == len(seen)
    if len(seen) < 60 and restore:
        assert callback.best_epoch + 1 == end.best_epoch
        assert end.metrics == seen[end.best_epoch - 1][1]
    for expected, actual in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)


class InOrder(keras.utils.PyDataset):  # type: ignore[misc]
    """Our batches for Keras' own `fit`."""

    def __init__(self) -> None:
        super().__init__()
        self.start(0)  # Keras looks at some batches before the first epoch begins

    def start(self, epoch: int) -> None:
        batches = np.array_split(order_of(epoch), 5)
        self.batches = [(ROWS[numbers], TARGETS[numbers]) for numbers in batches]

    def __len__(self) -> int:
        return math.ceil(len(TRAIN) / 8)

    def __getitem__(self, number: int) -> Any:
        return self.batches[number]


def test_a_loss_that_is_no_number_ends_the_fit_with_epoch_and_cause() -> None:
    with pytest.raises(Diverged, match=r"in epoch \d+: most likely the learning rate, 10"):
        train(recipe(optimizer=SGD(learning_rate=10.0), epochs=50))


class Diverging:
    """A program whose first epoch ends without a number."""

    epochs_at_once = 1

    def plan(self, *_: Any) -> None:
        """It has no schedule."""

    def epochs(self, orders: Any, held_out: Any) -> list[dict[str, float]]:
        del orders, held_out
        return [{"loss": math.nan}]


@pytest.mark.parametrize(
    ("features", "told"), [(Standardized(), "this network"), (Raw(), "features that are not standardized")]
)
def test_figures_that_are_not_standardized_are_named_as_the_cause(features: Any, told: str) -> None:
    program: Any = Diverging()

    with pytest.raises(Diverged, match=f"in epoch 1: .* 0.001, is too high for {told}$"):
        fit(program, recipe(features=features), TrainingRows(TRAIN), None, SEED, lambda *_: None)
