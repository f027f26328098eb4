"""The fits of one attempt: the folds or the further seeds, then the fit that is published."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from app.domain.counting import counted
from app.domain.recipes import Holdout, KFold, Recipe
from app.domain.runs import Calibration, Figures, FitMetrics, Metrics, seed_of_fit
from app.errors import DatasetInvalid, Diverged
from app.kinds.base import Task
from app.services.execution import Attempt
from app.training import calibrate, evaluate, export, interpolate
from app.training import fit as fitting
from app.training.arrange import Numbers
from app.training.build import TargetUnit, build, metric_of
from app.training.calibrate import Logits, Temperature
from app.training.calibrate_texts import temperature_of_texts
from app.training.checkpoint import Checkpoints, Position
from app.training.examples import for_loss
from app.training.fit import FitState
from app.training.held_out import order_of
from app.training.material import Material, Truth, words_of
from app.training.prepare import PIECES, Prepared, Seen
from app.training.program import Program
from app.training.spread import spread_of, validation_of
from app.wire.runs import Progress, Run

MOST_LOGITS = 2**22  # of all folds together, kept for one temperature: 16 MiB in memory and in a checkpoint


@dataclass(frozen=True)
class Trained:
    """What the fits come to."""

    model: keras.Model
    outputs: NDArray[np.float32]  # on the test split, (rows, units), calibrated
    metrics: Metrics
    epochs: int  # that the published weights have seen
    seen: Seen  # the rows as it sees them


@dataclass(frozen=True)
class Tested:
    """What a fit answers on the test split."""

    figures: Figures
    outputs: NDArray[np.float32]  # (rows, units), as the network gives them
    logits: NDArray[np.float32] | None  # the same before the last activation, of heads that can be calibrated


class Fits:
    """Trains them one after the other, from the start or from the last checkpoint."""

    def __init__(self, attempt: Attempt, run: Run, task: Task, prepared: Prepared, checkpoints: Checkpoints) -> None:
        self._attempt = attempt
        self._run = run
        self._task = task
        self._prepared = prepared
        self._checkpoints = checkpoints
        self._units = task.output_units(run.recipe.head, len(prepared.labels))
        self._folds = run.validation.folds if isinstance(run.validation, KFold) else 0
        self._others = self._folds or run.seeds - 1  # fits besides the one that is published
        self._epoch_seconds: list[float] = []
        self._position = Position(fit=1 if self._others else 0, finished=[], state=FitState())
        self._resumed: keras.Model | None = None
        self._program: Program | None = None  # one for all fits: compiling takes longer than many an epoch
        self._material = Material(prepared, run.recipe, self._units)
        self._picture = task.picture_shape
        self._order = order_of(run.validation, prepared.train.rows)
        self._rows = self._order.rows
        raw = run.recipe.targets == "raw"
        self._unit = None if raw else TargetUnit.of(prepared.train.targets)

    def train(self) -> Trained:
        """All fits.

        Raises:
            Diverged, DatasetInvalid, LeaseLost: see the message.
        """
        if found := self._checkpoints.load():
            self._resumed, self._position = found
            self._attempt.log(f"resuming after epoch {self._position.state.epoch}" + self._which())
        self._attempt.forget_epochs(self._position.fit, self._position.state.epoch)
        while self._position.fit:
            self._train_other()
        split = self._final_split()
        model, state = self._fit(self._final_recipe(), *split)
        tested = self._test(model)
        own = self._measured(model, state, split[1], tested)
        fits = [FitMetrics.model_validate(saved) for saved in self._position.finished]
        if self._run.seeds > 1:
            fits = [own, *fits]
        metrics = Metrics(
            train=own.train,
            validation=validation_of(fits) if self._folds else own.validation,
            test=own.test,
            baseline=evaluate.baseline(
                self._run.recipe.head, self._prepared.train.targets, self._prepared.test.targets
            ),
            spread=spread_of("folds" if self._folds else "seeds", fits) if fits else None,
            fits=fits,
            calibration=self._calibration(own, tested),
        )
        return Trained(model, self._calibrated(tested, metrics.calibration), metrics, own.epochs, self._material.seen)

    def _train_other(self) -> None:
        """A fold, or a further seed."""
        position = self._position
        split = self._fold_split(position.fit) if self._folds else self._final_split()
        model, state = self._fit(self._run.recipe, *split)
        tested = None if self._folds else self._test(model)  # folds are not measured on the test split
        position.finished.append(self._measured(model, state, split[1], tested).model_dump())
        if self._folds and self._run.recipe.head in calibrate.CALIBRATED:
            held_out = self._material.held_out(self._calibrating(position.fit))
            position.logits.append(export.logits_of(model, held_out.rows))
        position.fit = position.fit + 1 if position.fit < self._others else 0
        position.state = FitState()

    def _fold_split(self, fold: int) -> tuple[Numbers, Numbers]:
        ends = np.cumsum([len(part) for part in np.array_split(self._rows, self._folds)])
        held_out = self._order.parts(ends[:-1].tolist())[fold - 1]
        return np.setdiff1d(self._rows, held_out), held_out

    def _calibrating(self, fold: int) -> Numbers:
        """The rows of a fold whose logits are kept: all that it holds out, or of very many an even share."""
        _, held_out = self._fold_split(fold)
        each = 1 + PIECES if self._prepared.pieces else 1
        most = max(1, MOST_LOGITS // (self._folds * self._units * each))
        return held_out[:: math.ceil(len(held_out) / most)]

    def _final_split(self) -> tuple[Numbers, Numbers | None]:
        if not isinstance(self._run.validation, Holdout):
            return self._rows, None
        size = self._run.validation.size
        if size >= len(self._rows):
            raise DatasetInvalid(
                f"a hold-out of {counted(size, 'row')} leaves none of the training rows: there are {len(self._rows):,}"
            )
        held_out, rest = self._order.parts([size])
        return rest, held_out

    def _final_recipe(self) -> Recipe:
        """After k-fold there is no validation left to stop by: the folds say how many epochs are right."""
        recipe = self._run.recipe
        if not (self._folds and recipe.early_stopping):
            return recipe
        epochs = max(1, round(float(np.mean([fit["epochs"] for fit in self._position.finished]))))
        return recipe.model_copy(update={"epochs": epochs, "early_stopping": None})

    def _fit(self, recipe: Recipe, train: Numbers, validation: Numbers | None) -> tuple[keras.Model, FitState]:
        number = self._position.fit
        own_seed = seed_of_fit(self._run.seed, number)  # each fit has weights of its own
        model, self._resumed = self._resumed, None
        program = self._program_for(model or self._built(recipe, own_seed), train)
        model = program.model

        def on_epoch(epoch: int, seconds: float, metrics: Mapping[str, float]) -> None:
            self._epoch_seconds.append(seconds)
            self._attempt.record_epoch(number, epoch, seconds, metrics, self._progress(recipe.epochs, epoch))

        def on_pause(state: FitState) -> None:
            self._position.state = state
            if self._checkpoints.is_due():
                self._attempt.flush()  # what the next attempt does not train again must be in the history
                if refused := self._checkpoints.save(model, self._position):
                    self._attempt.log(f"goes on without a checkpoint, which cannot be written: {refused}")

        order = (self._run.seed, number) if self._folds else (own_seed, 0)  # a further seed is as a run of that seed
        try:
            rows = self._material.trained_on(train)
            planned = self._run.recipe.epochs  # of the last fit too, which the folds may have made shorter
            state = self._position.state
            state = fitting.fit(program, recipe, rows, validation, order, on_epoch, state, on_pause, planned)
            interpolate.settle(program, self._material.seen, train, validation, state)
        finally:
            self._attempt.flush()
        return model, state

    def _built(self, recipe: Recipe, seed: int) -> keras.Model:
        return build(recipe, self._prepared.encoder.width, self._units, seed, self._unit, self._picture)

    def _program_for(self, model: keras.Model, train: Numbers) -> Program:
        """The program for a fit on these rows, going on from this model."""
        is_new = self._material.see(train)
        if self._program is None:
            examples, size = self._material.examples(), len(self._material.trained_on(self._rows))
            self._program = Program(model, self._run.recipe, examples, self._picture, size)
            return self._program
        self._program.take_over(model)
        if is_new:
            self._program.show(self._material.examples().rows)
        return self._program

    def _measured(
        self, model: keras.Model, state: FitState, held_out: Numbers | None, tested: Tested | None
    ) -> FitMetrics:
        number, temperature = self._position.fit, self._temperature(model, held_out)
        return FitMetrics(
            fold=number or None if self._folds else None,
            seed=seed_of_fit(self._run.seed, number) if self._run.seeds > 1 else None,
            epochs=state.best_epoch if state.best_weights is not None else state.epoch,
            train={k: v for k, v in state.metrics.items() if not k.startswith("val_")},
            validation={k.removeprefix("val_"): v for k, v in state.metrics.items() if k.startswith("val_")},
            test=tested.figures if tested else {},
            temperature=temperature.value if temperature else None,
            length_exponent=temperature.length_exponent if temperature else 0.0,
        )

    def _temperature(self, model: keras.Model, held_out: Numbers | None) -> Temperature | None:
        if held_out is None or self._folds or self._run.recipe.head not in calibrate.CALIBRATED:
            return None  # folds together tell one temperature better than each of them
        found = self._material.held_out(held_out)
        return self._likeliest(export.logits_of(model, found.rows), found.truth, len(held_out))

    def _likeliest(self, logits: Logits, truth: Truth, rows: int) -> Temperature | None:
        """By so many rows, and what sentences they have."""
        if rows < calibrate.FEWEST:
            return None
        head = self._run.recipe.head
        if truth.words is None:
            return calibrate.temperature_of(head, logits, truth.targets)
        return temperature_of_texts(head, logits, truth.targets, truth.words, truth.weights)

    def _calibration(self, own: FitMetrics, tested: Tested) -> Calibration | None:
        """By the published fit's own held-out rows, or by those of all folds at once, which are all rows."""
        if tested.logits is None:
            return None
        head, target = self._run.recipe.head, self._prepared.test.targets
        rows, found = 0, None
        if self._folds:
            held_out = [self._calibrating(fold) for fold in range(1, self._folds + 1)]
            rows = sum(map(len, held_out))
            logits = np.concatenate(self._position.logits)
            found = self._likeliest(logits, self._material.truth_of(held_out), rows)
        elif own.temperature is not None:
            _, split = self._final_split()
            rows, found = len(split) if split is not None else 0, Temperature(own.temperature, own.length_exponent)
        return calibrate.calibration_of(head, found, tested.logits, target, rows, words_of(self._material.seen.test))

    def _calibrated(self, tested: Tested, calibration: Calibration | None) -> NDArray[np.float32]:
        """The answers on the test split as `/predict` would give them."""
        if calibration is None or tested.logits is None:
            return tested.outputs
        temperature = Temperature(calibration.temperature, calibration.length_exponent)
        words = words_of(self._material.seen.test)
        return calibrate.probabilities(self._run.recipe.head, tested.logits, temperature, words)

    def _test(self, model: keras.Model) -> Tested:
        """Loss and metric on the test split; of a classifier that is trained for another metric, its accuracy too.

        Raises:
            Diverged: the loss is no number.
        """
        data, recipe = self._prepared, self._run.recipe
        logits = export.logits_of(model, self._material.seen.test) if recipe.head in calibrate.CALIBRATED else None
        if logits is None:
            outputs = self._task.within(export.outputs_of(model, self._material.seen.test))
        else:
            outputs = calibrate.probabilities(recipe.head, logits)
        targets = for_loss(data.test.targets, recipe, self._units)
        figures = fitting.evaluate(model, outputs, targets, metric_of(recipe))
        if data.labels and recipe.metric == "mae":
            right = evaluate.answers(recipe.head, outputs, data.labels) == data.test.targets
            figures["accuracy"] = float(np.mean(right))
        if not all(map(math.isfinite, figures.values())):
            raise Diverged("the loss on the test split is no number")
        return Tested(figures, outputs, logits)

    def _progress(self, epochs: int, epoch: int) -> Progress:
        number, recipe = self._position.fit, self._run.recipe
        done = recipe.epochs * ((number or self._others + 1) - 1) + epoch
        total = recipe.epochs * self._others + (recipe.epochs if number else epochs)
        recent = self._epoch_seconds[1:][-20:]  # the first one compiles, and tells nothing
        return Progress(
            epoch=epoch,
            epochs=epochs,
            fold=number or None if self._folds else None,
            folds=self._folds or None,
            seed=seed_of_fit(self._run.seed, number) if self._run.seeds > 1 else None,
            fraction=round(min(1.0, done / total), 4),
            eta_seconds=round((total - done) * sum(recent) / len(recent), 2) if recent else None,
        )

    def _which(self) -> str:
        number = self._position.fit
        if self._run.seeds > 1:
            return f" of seed {seed_of_fit(self._run.seed, number)}"
        return f" of fold {number}" if number else ""
