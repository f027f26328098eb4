"""The fits of one attempt: the folds or the further seeds, then the fit that is published."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from app.domain.recipes import KFold, Recipe
from app.domain.runs import Calibration, FitMetrics, Metrics, seed_of_fit
from app.kinds.base import Task
from app.services.attempts import Attempt
from app.training import calibrate, evaluate, export, interpolate
from app.training import fit as fitting
from app.training.arrange import Numbers
from app.training.calibrate import Temperature
from app.training.checkpoint import Checkpoints, Position
from app.training.devices import Wanted
from app.training.fit import FitState
from app.training.hopes import Hopes
from app.training.material import Material, words_of
from app.training.networks import Networks
from app.training.prepare import PIECES, Prepared, Seen
from app.training.program import Program
from app.training.reached import Reached
from app.training.shared import Rig, Shared
from app.training.splits import Splits
from app.training.spread import spread_of, validation_of
from app.training.temperatures import Temperatures
from app.training.tested import Tested, test
from app.wire.runs import Run

MOST_LOGITS = 2**22  # of all folds together, kept for one temperature: 16 MiB in memory and in a checkpoint


@dataclass(frozen=True)
class Trained:
    """What the fits come to."""

    model: keras.Model
    outputs: NDArray[np.float32]  # on the test split, (rows, units), calibrated
    metrics: Metrics
    epochs: int  # that the published weights have seen
    seen: Seen  # the rows as it sees them


class Fits:
    """Trains them one after the other, from the start or from the last checkpoint."""

    def __init__(
        self,
        attempt: Attempt,
        run: Run,
        task: Task,
        prepared: Prepared,
        checkpoints: Checkpoints,
        shared: Shared | None = None,
        devices: Wanted = "1",
    ) -> None:
        """`shared`: of the trials before this one, if it is one. `devices`: that share its batches, if they can."""
        self._attempt = attempt
        self._run = run
        self._task = task
        self._prepared = prepared
        self._checkpoints = checkpoints
        self._units = task.output_units(run.recipe.head, len(prepared.labels))
        self._folds = run.validation.folds if isinstance(run.validation, KFold) else 0
        self._others = self._folds or run.seeds - 1  # fits besides the one that is published
        self._reached = Reached(run, self._folds, self._others)
        self._position = Position(fit=1 if self._others else 0, finished=[], state=FitState())
        self._resumed: keras.Model | None = None
        self._shared = shared
        # One program for all fits: compiling takes longer than many an epoch.
        self._rig = (
            shared.rig(prepared, run.recipe, run.validation, self._units)
            if shared
            else Rig(Material(prepared, run.recipe, self._units))
        )
        self._material = self._rig.material
        self._temperatures = Temperatures(run.recipe.head, self._material)
        self.hopes = Hopes(run.trial)
        self._splits = Splits(run.validation, prepared.train.rows)
        self._networks = Networks(run, prepared, self._units, task.picture_shape, devices, attempt.log)
        self.devices = self._networks.devices

    def train(self) -> Trained:
        """All fits.

        Raises:
            Diverged, DatasetInvalid, LeaseLost: see the message.
        """
        self._resume()
        while self._position.fit:
            self._train_other()
        split = self._splits.final()
        model, state = self._fit(self._final_recipe(), *split)
        tested = self._test(model)
        own = self._measured(model, state, split[1], tested)
        fits = self._finished()
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
        calibrated = self._temperatures.calibrated(tested.logits, metrics.calibration)
        outputs = tested.outputs if calibrated is None else calibrated
        return Trained(model, outputs, metrics, own.epochs, self._material.seen)

    def measure(self) -> Metrics:
        """Of a trial: the fit that leaves rows out, or all that do. Neither the test split nor a fit on all rows.

        Raises:
            Hopeless: a bar was not reached.
            Diverged, DatasetInvalid, LeaseLost: see the message.
        """
        self._resume()
        if not self._folds:
            split = self._splits.final()
            model, state = self._fit(self._run.recipe, *split)
            own = self._measured(model, state, split[1], None)
            return Metrics(train=own.train, validation=own.validation, fits=[own])
        fits = self._finished()
        while self._position.fit:
            self._train_other()
            fits = self._finished()
            self.hopes.after_folds(fits, validation_of(fits))
        return Metrics(validation=validation_of(fits), spread=spread_of("folds", fits), fits=fits)

    def _resume(self) -> None:
        """From the last checkpoint, if there is one."""
        if found := self._checkpoints.load():
            self._resumed, self._position = found
            self._attempt.log(f"resuming after epoch {self._position.state.epoch}" + self._which())
        if self._run.attempt > 1:
            self._attempt.forget_epochs(self._position.fit, self._position.state.epoch)
        if self._run.trial and found and not self._folds:
            self.hopes.remember([epoch.metrics for epoch in self._attempt.history()])

    def _finished(self) -> list[FitMetrics]:
        return [FitMetrics.model_validate(saved) for saved in self._position.finished]

    def _train_other(self) -> None:
        """A fold, or a further seed."""
        position = self._position
        split = self._splits.fold(position.fit) if self._folds else self._splits.final()
        model, state = self._fit(self._run.recipe, *split)
        tested = None if self._folds else self._test(model)  # folds are not measured on the test split
        position.finished.append(self._measured(model, state, split[1], tested).model_dump())
        if self._folds and self._temperatures.has_any and not self._run.trial:
            held_out = self._material.held_out(self._splits.thinned(position.fit, self._most_logits()))
            position.logits.append(export.logits_of(model, held_out.rows))
        position.fit = position.fit + 1 if position.fit < self._others else 0
        position.state = FitState()

    def _most_logits(self) -> int:
        """Rows of a fold whose logits are kept."""
        each = 1 + PIECES if self._prepared.pieces else 1
        return max(1, MOST_LOGITS // (self._folds * self._units * each))

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
        begun = self._reached.at(number, recipe.epochs, self._position.state.epoch)
        if self._rig.program is None:
            self._attempt.enter("compiling", begun)
        program = self._program_for(recipe, own_seed, train)
        model = program.model

        def on_epoch(epoch: int, seconds: float, metrics: Mapping[str, float]) -> None:
            self._reached.took(seconds)
            reached = self._reached.at(number, recipe.epochs, epoch)
            self._attempt.record_epoch(number, epoch, seconds, metrics, reached)
            if not self._folds:
                self.hopes.after_epoch(epoch, metrics)

        def on_pause(state: FitState) -> None:
            self._position.state = state
            if self._checkpoints.is_due():
                self._attempt.flush()  # what the next attempt does not train again must be in the history
                if refused := self._checkpoints.save(model, self._position):
                    self._attempt.log(f"goes on without a checkpoint, which cannot be written: {refused}")

        order = (self._run.seed, number) if self._folds else (own_seed, 0)  # a further seed is as a run of that seed
        try:
            rows = self._material.trained_on(train)
            self._attempt.enter("training", begun)
            planned = self._run.recipe.epochs  # of the last fit too, which the folds may have made shorter
            state = self._position.state
            state = fitting.fit(program, recipe, rows, validation, order, on_epoch, state, on_pause, planned)
            interpolate.settle(program, self._material.seen, train, validation, state)
        finally:
            self._attempt.flush()
        return self._networks.as_it_answers(model, recipe, own_seed), state

    def _program_for(self, recipe: Recipe, seed: int, train: Numbers) -> Program:
        """The program for a fit on these rows, from its beginning or from where a former attempt was."""
        resumed, self._resumed = self._resumed, None
        is_new = self._material.see(train)
        program = self._rig.program
        if program is None:
            program = self._rig.program = self._made(recipe, seed, resumed)
        else:
            if is_new:
                program.show(self._material.examples().rows)
            if resumed is None and self._rig.starts.again(program, seed, recipe):
                return program
            program.take_over(resumed or self._networks.build(recipe, seed))
        if self._shared and resumed is None:
            self._rig.starts.keep(program, seed)
        return program

    def _made(self, recipe: Recipe, seed: int, resumed: keras.Model | None) -> Program:
        examples, size = self._material.examples(), len(self._material.trained_on(self._splits.rows))
        rows = self._shared.on_device(examples.rows) if self._shared else None
        again = self._shared is not None
        program = self._networks.program(recipe, seed, resumed, examples, size, rows, orders_come_again=again)
        program.make_ready(watched=self._run.validation.kind != "none")
        return program

    def _measured(
        self, model: keras.Model, state: FitState, held_out: Numbers | None, tested: Tested | None
    ) -> FitMetrics:
        number, held_out = self._position.fit, None if self._folds else held_out  # folds tell one temperature together
        of = self._temperatures.of_trial if self._run.trial else self._temperatures.of_fit
        temperature = of(model, held_out)
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

    def _calibration(self, own: FitMetrics, tested: Tested) -> Calibration | None:
        """By the published fit's own held-out rows, or by those of all folds at once, which are all rows."""
        if tested.logits is None:
            return None
        head, target = self._run.recipe.head, self._prepared.test.targets
        rows, found = 0, None
        if self._folds:
            most = self._most_logits()
            held_out = [self._splits.thinned(fold, most) for fold in range(1, self._folds + 1)]
            rows = sum(map(len, held_out))
            logits = np.concatenate(self._position.logits)
            found = self._temperatures.likeliest(logits, self._material.truth_of(held_out), rows)
        elif prior := self._run.prior:
            rows, found = prior.rows, Temperature(prior.temperature, prior.length_exponent)
        elif own.temperature is not None:
            _, split = self._splits.final()
            rows, found = len(split) if split is not None else 0, Temperature(own.temperature, own.length_exponent)
        return calibrate.calibration_of(head, found, tested.logits, target, rows, words_of(self._material.seen.test))

    def _test(self, model: keras.Model) -> Tested:
        self._attempt.enter("testing")
        return test(model, self._task, self._prepared, self._material.seen, self._run.recipe, self._units)

    def _which(self) -> str:
        number = self._position.fit
        if self._run.seeds > 1:
            return f" of seed {seed_of_fit(self._run.seed, number)}"
        return f" of fold {number}" if number else ""
