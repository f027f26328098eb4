"""What is said about a run, by made-up histories."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.advice import Advice, Curve, Known, advise
from app.domain.optimizers import RMSprop
from app.domain.recipes import Dense, Dropout, EarlyStopping, Holdout, KFold, NoValidation, Recipe
from app.domain.runs import Metrics, Spread, SpreadOver
from app.domain.tables import Raw, Standardized
from app.domain.texts import MultiHot

RECIPE = Recipe(
    features=MultiHot(words=1_000),
    layers=(Dense(units=16), Dense(units=16)),
    head="binary",
    loss="binary_crossentropy",
    optimizer=RMSprop(),
    epochs=20,
    batch_size=512,
)
NUMBERS = RECIPE.model_copy(update={"features": Standardized(), "head": "regression", "loss": "mse", "epochs": 100})
GOOD = Metrics(train={"accuracy": 0.92, "loss": 0.2}, test={"accuracy": 0.88, "loss": 0.3}, baseline={"accuracy": 0.5})


def known(epochs: Sequence[dict[str, float]] = (), **changes: Any) -> Known:
    found = Known(RECIPE, Holdout(size=5_000), GOOD, Curve(epochs), succeeded=True, test_rows=25_000, train_rows=25_000)
    return replace(found, **changes)


def history(**figures: Sequence[float]) -> list[dict[str, float]]:
    return [dict(zip(figures, values, strict=True)) for values in zip(*figures.values(), strict=True)]


def falling(count: int, start: float = 0.7, by: float = 0.8) -> list[float]:
    return [start * by**number for number in range(count)]


def valley(count: int, lowest: int, rise: float) -> list[float]:
    """Falls to its lowest in that epoch, from 1, and rises by so much with each after it."""
    return [0.3 + 0.05 * max(0, lowest - n) + rise * max(0, n - lowest) for n in range(1, count + 1)]


def overfitted(lowest: int, count: int = 20, rise: float = 0.03) -> list[dict[str, float]]:
    accuracy = [0.88 - 0.002 * abs(lowest - n) for n in range(1, count + 1)]
    return history(loss=falling(count), val_loss=valley(count, lowest, rise), val_accuracy=accuracy)


def kinds(found: Sequence[Advice]) -> list[str]:
    return [advice.kind for advice in found]


def only(found: Sequence[Advice]) -> Advice:
    (advice,) = found
    return advice


class TestOverfitting:
    """The validation loss rises, the training loss falls on."""

    @pytest.mark.parametrize("lowest", [1, 4, 9, 15])
    def test_it_is_dated_by_the_lowest_validation_loss(self, lowest: int) -> None:
        advice = only(advise(known(overfitted(lowest))))

        assert ("overfitting", lowest, lowest) == (advice.kind, advice.since_epoch, advice.figures["epoch"])
        assert f"Overfitting since epoch {lowest}" == advice.title
        assert advice.change is not None
        stopping = advice.change.early_stopping
        assert stopping == EarlyStopping(monitor="val_loss", patience=3, restore_best=True)

    def test_noise_does_not_move_the_date_far(self) -> None:
        """500 epochs that jitter by a tenth of the loss: the lowest of all need not be the turn."""
        epochs = overfitted(100, 500, 0.001)
        for number, epoch in enumerate(epochs):
            epoch["val_loss"] += 0.03 * (-1) ** number * (number % 7) / 7
        epochs[400]["val_loss"] = 0.0

        since = only(advise(known(epochs))).since_epoch

        assert since is not None
        assert 85 <= since <= 115

    def test_nothing_is_lost_where_the_best_weights_are_kept(self) -> None:
        stopping = EarlyStopping(patience=10, restore_best=True)

        assert [] == advise(known(overfitted(4), recipe=RECIPE.model_copy(update={"early_stopping": stopping})))

    def test_early_stopping_without_the_best_weights_is_told_to_keep_them(self) -> None:
        stopping = EarlyStopping(monitor="val_accuracy", patience=16, restore_best=False)
        recipe = RECIPE.model_copy(update={"early_stopping": stopping})

        advice = only(advise(known(overfitted(4), recipe=recipe)))

        assert advice.change is not None
        assert stopping.model_copy(update={"restore_best": True}) == advice.change.early_stopping
        assert "keep the weights of the best epoch" == advice.change_text

    @pytest.mark.parametrize(
        "epochs",
        [
            pytest.param(overfitted(19), id="the last epoch but one was the best"),
            pytest.param(overfitted(4, rise=0.0005), id="it hardly rose"),
            pytest.param(
                history(loss=[0.5] * 20, val_loss=valley(20, 4, 0.03), val_accuracy=[0.8] * 20), id="nothing learnt"
            ),
            pytest.param(
                history(loss=falling(20), val_loss=valley(20, 4, 0.03), val_accuracy=falling(20, 0.7, 1.01)),
                id="its metric gained",
            ),
            pytest.param(
                history(loss=falling(20), val_loss=[0.3, 0.5] * 10, val_accuracy=[0.8] * 20), id="all of it is noise"
            ),
            pytest.param(overfitted(4)[:4], id="stopped in time"),
        ],
    )
    def test_it_is_not_called_so_where(self, epochs: list[dict[str, float]]) -> None:
        assert "overfitting" not in kinds(advise(known(epochs)))

    def test_folds_are_judged_by_their_mean(self) -> None:
        curve = Curve.mean([overfitted(lowest) for lowest in (3, 4, 5)])

        assert 4 == only(advise(known(curve=curve, validation=KFold(folds=3)))).since_epoch

    def test_without_held_out_rows_a_wide_gap_tells_it_but_not_since_when(self) -> None:
        metrics = GOOD.model_copy(update={"train": {"accuracy": 0.999}, "test": {"accuracy": 0.85}})
        epochs = history(loss=falling(20))

        advice = only(advise(known(epochs, metrics=metrics, validation=NoValidation())))

        assert ("overfitting", None) == (advice.kind, advice.since_epoch)
        assert {"train": 0.999, "test": 0.85} == advice.figures
        assert advice.change is not None
        assert (*RECIPE.layers, Dropout(rate=0.5)) == advice.change.layers

    def test_a_usual_gap_is_none(self) -> None:
        assert [] == advise(known(history(loss=falling(4)), validation=NoValidation()))


class TestStillImproving:
    """It ended too early."""

    def test_the_validation_loss_was_falling_at_the_end(self) -> None:
        epochs = history(loss=falling(20), val_loss=falling(20, 0.7, 0.95), val_accuracy=[0.8] * 20)

        advice = only(advise(known(epochs)))

        assert ("still_improving", 40) == (advice.kind, advice.change and advice.change.epochs)
        assert pytest.approx(1 - 0.95**2) == advice.figures["fall"]

    @pytest.mark.parametrize(
        ("epochs", "changes"),
        [
            pytest.param(history(loss=falling(20), val_loss=falling(20, 0.7, 0.999)), {}, id="hardly"),
            pytest.param(history(loss=falling(10), val_loss=falling(10)), {}, id="stopped early"),
            pytest.param(history(loss=falling(20), val_loss=falling(20)), {"succeeded": False}, id="not over"),
            pytest.param(
                history(loss=falling(20), val_loss=falling(20), val_accuracy=[*[0.9] * 19, 0.996]), {}, id="all right"
            ),
            pytest.param(history(loss=falling(20)), {}, id="the training loss alone, and test rows do worse"),
        ],
    )
    def test_it_is_not_said_where(self, epochs: list[dict[str, float]], changes: dict[str, Any]) -> None:
        assert [] == advise(known(epochs, **changes))

    def test_without_held_out_rows_the_test_rows_must_do_as_well(self) -> None:
        metrics = Metrics(train={"loss": 0.3}, test={"loss": 0.31})

        assert ["still_improving"] == kinds(advise(known(history(loss=falling(20)), metrics=metrics)))

    def test_columns_on_one_scale_come_before_more_epochs(self) -> None:
        recipe = NUMBERS.model_copy(update={"features": Raw(), "epochs": 20})
        epochs = history(loss=falling(20), val_loss=falling(20), val_mae=falling(20))

        advice = only(advise(known(epochs, recipe=recipe)))

        assert ("still_improving", "standardize the columns") == (advice.kind, advice.change_text)

    def test_the_most_epochs_are_not_exceeded(self) -> None:
        recipe = RECIPE.model_copy(update={"epochs": 10_000})
        epochs = history(loss=falling(10_000, by=0.9998), val_loss=falling(10_000, by=0.9998))

        advice = only(advise(known(epochs, recipe=recipe)))

        assert ("still_improving", None, None) == (advice.kind, advice.change, advice.change_text)


class TestUnstable:
    """The loss jumps."""

    def test_a_loss_that_jumps_again_and_again(self) -> None:
        losses = [0.7, 0.5, 0.4, 0.7, 0.4, 0.3, 0.6, 0.3, 0.5, 0.3]

        advice = only(advise(known(history(loss=losses))))

        assert ("unstable", 4, 3.0) == (advice.kind, advice.since_epoch, advice.figures["jumps"])
        assert advice.change is not None
        assert RMSprop(learning_rate=0.000333) == advice.change.optimizer

    def test_a_loss_that_is_nearly_zero_may_jitter(self) -> None:
        """Several times its own size, but next to nothing of what it began with."""
        assert [] == advise(known(history(loss=[0.7, 0.2, *[0.0004, 0.002] * 9])))

    def test_one_that_became_no_number(self) -> None:
        advice = only(advise(known(history(loss=[0.7] * 6), metrics=Metrics(), diverged=True, succeeded=False)))

        assert ("unstable", 7, {"learning_rate": 0.001}) == (advice.kind, advice.since_epoch, advice.figures)
        assert advice.change is not None
        assert advice.change.optimizer is not None
        assert 0.0001 == advice.change.optimizer.learning_rate

    def test_columns_as_they_are_come_before_the_learning_rate(self) -> None:
        recipe = NUMBERS.model_copy(update={"features": Raw(exclude=("CHAS",))})

        advice = only(advise(known(metrics=Metrics(), recipe=recipe, diverged=True, succeeded=False)))

        assert advice.change is not None
        assert Standardized(exclude=("CHAS",)) == advice.change.features


class TestGuessing:
    """No better than without a network."""

    def test_a_network_that_does_not_move_takes_larger_steps(self) -> None:
        metrics = Metrics(train={"accuracy": 0.5}, test={"accuracy": 0.503}, baseline={"accuracy": 0.5})

        advice = only(advise(known(history(loss=[0.6932, 0.6931, 0.6931]), metrics=metrics)))

        assert ("no_better_than_guessing", {"test": 0.503, "guessing": 0.5}) == (advice.kind, advice.figures)
        assert advice.change is not None
        assert RMSprop(learning_rate=0.01) == advice.change.optimizer

    def test_few_rows_cannot_tell_it_from_guessing(self) -> None:
        metrics = Metrics(test={"accuracy": 0.6}, baseline={"accuracy": 0.5})

        assert ["no_better_than_guessing", "few_rows"] == kinds(advise(known(metrics=metrics, test_rows=40)))
        assert [] == advise(known(metrics=metrics, test_rows=4_000))

    def test_always_answering_the_commonest_label_is_no_art(self) -> None:
        """95 of 100: guessing by shares scores 0.905."""
        metrics = Metrics(train={"accuracy": 0.95}, test={"accuracy": 0.95}, baseline={"accuracy": 0.905})

        found = advise(known(metrics=metrics, labels={"no": 23_750, "yes": 1_250}))

        assert ["no_better_than_guessing", "unbalanced_labels"] == kinds(found)
        assert {"test": 0.95, "guessing": 0.905, "commonest": 0.95} == found[0].figures
        assert all(advice.change and advice.change.class_weights == "balanced" for advice in found)

    def test_errors_as_large_as_the_mean_makes(self) -> None:
        metrics = Metrics(train={"mae": 6.6}, test={"mae": 6.7}, baseline={"mae": 6.6})

        advice = only(advise(known(metrics=metrics, recipe=NUMBERS)))

        assert ("no_better_than_guessing", "standardize the targets") == (advice.kind, advice.change_text)
        better = metrics.model_copy(update={"test": {"mae": 6.5}})
        assert [] == advise(known(metrics=better, recipe=NUMBERS))

    def test_what_is_learnt_but_does_not_carry_over(self) -> None:
        metrics = Metrics(train={"accuracy": 1.0}, test={"accuracy": 0.5}, baseline={"accuracy": 0.5})

        advice = advise(known(metrics=metrics))[0]

        assert "does not carry over" in advice.message
        assert "drop half" in (advice.change_text or "")


class TestRows:
    """What the dataset says."""

    def test_rare_labels(self) -> None:
        advice = only(advise(known(labels={"a": 20_000, "b": 4_000})))

        assert {"most": 20_000, "fewest": 4_000, "labels": 2} == advice.figures
        assert [] == advise(known(labels={"a": 20_000, "b": 4_001}))
        weighed = RECIPE.model_copy(update={"class_weights": "balanced"})
        assert [] == advise(known(labels={"a": 20_000, "b": 4_000}, recipe=weighed))

    def test_few_to_learn_from_or_to_test_on(self) -> None:
        advice = only(advise(known(labels={"a": 20, "b": 15}, train_rows=35, validation=Holdout(size=5))))

        assert ("few_rows", {"train_rows": 30}, None) == (advice.kind, advice.figures, advice.change)
        advice = only(advise(known(test_rows=99)))
        assert ({"test_rows": 99}, True) == (advice.figures, "0.8 to 0.93" in advice.message)
        assert [] == advise(known(test_rows=100, train_rows=5_050))


class TestSpread:
    """Folds or seeds that differ."""

    def spread(self, over: str, std: float, name: str = "accuracy", mean: float = 0.8) -> Metrics:
        found = {name: Spread(mean=mean, std=std, min=mean - std, max=mean + std)}
        told = SpreadOver.model_validate({"over": over, "count": 5, "validation": found, "test": found})
        return Metrics(spread=told)

    def test_seeds(self) -> None:
        advice = only(advise(known(metrics=self.spread("seeds", 0.03))))

        assert ("wide_spread", 5) == (advice.kind, advice.change and advice.change.members)
        assert [] == advise(known(metrics=self.spread("seeds", 0.019)))

    def test_folds_as_far_as_their_rows_explain(self) -> None:
        """With 100 rows in a fold, twice the deviation of a share of 0.8 is 0.08."""
        folds: dict[str, Any] = {"validation": KFold(folds=5), "train_rows": 500}

        assert [] == advise(known(metrics=self.spread("folds", 0.079), **folds))
        advice = only(advise(known(metrics=self.spread("folds", 0.081), **folds)))
        assert (None, True) == (advice.change, "contiguous" in advice.message)

    def test_errors_by_their_mean(self) -> None:
        wide = self.spread("folds", 0.6, "mae", 2.5)

        assert ["wide_spread"] == kinds(advise(known(metrics=wide, recipe=NUMBERS)))
        assert [] == advise(known(metrics=self.spread("folds", 0.4, "mae", 2.5), recipe=NUMBERS))


def test_a_good_run_and_one_of_which_nothing_is_known_get_none() -> None:
    good = history(loss=falling(4, 0.5), val_loss=[0.4, 0.32, 0.29, 0.288], val_accuracy=[0.83, 0.87, 0.88, 0.884])

    assert [] == advise(known(good, labels={"positive": 12_500, "negative": 12_500}))
    assert [] == advise(Known(RECIPE, NoValidation(), Metrics(), Curve([])))
