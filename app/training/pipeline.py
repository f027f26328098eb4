"""A run from start to published model."""

import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np

import app
from app.artifacts.manifest import DatasetRecord, Manifest, Parity
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import Catalog
from app.domain.recipes import HEADS, Holdout, KFold
from app.domain.runs import Metrics, Progress, Run
from app.errors import DatasetInvalid, Diverged
from app.services import publication
from app.services.execution import Attempt
from app.tasks import registry
from app.tasks.base import Task
from app.training import devices, evaluate, export
from app.training import fit as fitting
from app.training.build import build, layer_table
from app.training.checkpoint import Checkpoints, Position
from app.training.feed import Examples
from app.training.fit import FitState
from app.training.prepare import Prepared, prepare


@dataclass(frozen=True)
class Workplace:
    """Where a trainer finds and leaves things."""

    store: ArtifactStore
    catalog: Catalog
    checkpoints: Path
    checkpoint_seconds: float


def execute(attempt: Attempt, place: Workplace) -> Manifest:
    """Carry out a run.

    Raises:
        TrainingError: it cannot be finished.
        LeaseLost: another worker has it now; nothing of this attempt stays.
    """
    started = time.perf_counter()
    run = attempt.run()
    attempt.set_device(devices.training_device())
    task = registry.get(run.task)
    prepared = prepare(place.catalog, task, run.dataset, run.recipe, attempt.log)
    configuration = {"recipe": run.recipe.model_dump(mode="json"), "dataset": prepared.dataset.sha256}
    checkpoints = Checkpoints(place.checkpoints / run.id, place.checkpoint_seconds, configuration)
    training = _Training(attempt, run, task, prepared, checkpoints)
    trained = training.train()
    parity = export.check_parity(trained.model, prepared.test)
    staging = place.store.stage(f"{run.id}-{attempt.lease_id}")
    try:
        export.write(trained.model, prepared.encoder, staging)
        seconds = round(time.perf_counter() - started, 3)
        manifest = _manifest(run, attempt, task, prepared, trained, parity, seconds)

        def score(model_id: str) -> float:
            return evaluate.score_model(place.store, task, model_id, prepared.dataset)

        return publication.publish(attempt, place.store, staging, manifest, run.activate, score)
    finally:
        place.store.discard(staging)


@dataclass(frozen=True)
class Trained:
    """What the fits come to."""

    model: keras.Sequential
    metrics: Metrics
    epochs: int  # that the published weights have seen


class _Training:
    """The fits of one attempt: the folds, then the one that is published."""

    def __init__(self, attempt: Attempt, run: Run, task: Task, prepared: Prepared, checkpoints: Checkpoints) -> None:
        self._attempt = attempt
        self._run = run
        self._prepared = prepared
        self._checkpoints = checkpoints
        self._outputs = task.output_units(run.recipe.head, len(prepared.labels))
        self._folds = run.validation.folds if isinstance(run.validation, KFold) else 0
        self._epoch_seconds: list[float] = []
        self._position = Position(fold=1 if self._folds else 0, fold_metrics=[], fold_epochs=[], fit=FitState())
        self._resumed: keras.Sequential | None = None

    def train(self) -> Trained:
        """All fits, from the start or from the last checkpoint."""
        if found := self._checkpoints.load():
            self._resumed, self._position = found
            self._attempt.log(f"resuming after epoch {self._position.fit.epoch}" + _of_fold(self._position.fold))
        self._attempt.forget_epochs(self._position.fold, self._position.fit.epoch)
        while self._position.fold:
            self._train_fold()
        model, state = self._fit(self._final_recipe(), *self._final_split())
        data = self._prepared
        metrics = Metrics(
            train={k: v for k, v in state.metrics.items() if not k.startswith("val_")},
            validation=self._validation_metrics(state.metrics),
            test=fitting.evaluate(model, data.test),
            baseline=evaluate.baseline(registry.get(self._run.task), data.dataset),
        )
        if not all(map(math.isfinite, metrics.test.values())):
            raise Diverged("the loss on the test split is no number")
        return Trained(model, metrics, state.best_epoch if state.best_weights is not None else state.epoch)

    def _train_fold(self) -> None:
        fold, position = self._position.fold, self._position
        held_out = np.array_split(np.arange(len(self._prepared.train)), self._folds)[fold - 1]
        rest = np.setdiff1d(np.arange(len(self._prepared.train)), held_out)
        train, validation = self._prepared.train.pick(rest), self._prepared.train.pick(held_out)
        _, state = self._fit(self._run.recipe, train, validation)
        position.fold_metrics.append(_validation_part(state.metrics))
        position.fold_epochs.append(state.best_epoch if state.best is not None else state.epoch)
        position.fold = fold + 1 if fold < self._folds else 0
        position.fit = FitState()

    def _final_recipe(self) -> Any:
        """After k-fold there is no validation left to stop by: the folds say how many epochs are right."""
        recipe = self._run.recipe
        if not (self._folds and recipe.early_stopping):
            return recipe
        epochs = max(1, round(float(np.mean(self._position.fold_epochs))))
        return recipe.model_copy(update={"epochs": epochs, "early_stopping": None})

    def _final_split(self) -> tuple[Examples, Examples | None]:
        train = self._prepared.train
        if not isinstance(self._run.validation, Holdout):
            return train, None
        size = self._run.validation.size
        if size >= len(train):
            raise DatasetInvalid(f"a hold-out of {size} rows leaves none of the {len(train)} training rows")
        return train.pick(np.arange(size, len(train))), train.pick(np.arange(size))

    def _fit(self, recipe: Any, train: Examples, validation: Examples | None) -> tuple[keras.Sequential, FitState]:
        fold = self._position.fold
        model, self._resumed = self._resumed, None
        if model is None:
            seed = (self._run.seed + fold) % 2**31  # each fold has weights of its own
            model = build(recipe, self._prepared.encoder.width, self._outputs, seed)

        def on_epoch(epoch: int, seconds: float, metrics: Mapping[str, float], state: FitState) -> None:
            self._epoch_seconds.append(seconds)
            progress = self._progress(recipe.epochs, epoch)
            self._attempt.record_epoch(fold, epoch, seconds, metrics, progress)
            self._position.fit = state
            self._checkpoints.save_if_due(model, self._position)

        seeds = (self._run.seed, fold)
        state = fitting.fit(model, recipe, train, validation, seeds, on_epoch, self._position.fit)
        return model, state

    def _progress(self, epochs: int, epoch: int) -> Progress:
        fold, folds = self._position.fold, self._folds
        fits_done = (fold or folds + 1) - 1
        total = self._run.recipe.epochs * folds + epochs if not fold else self._run.recipe.epochs * (folds + 1)
        done = self._run.recipe.epochs * fits_done + epoch
        recent = self._epoch_seconds[-20:]
        return Progress(
            epoch=epoch,
            epochs=epochs,
            fold=fold or None,
            folds=folds or None,
            fraction=round(min(1.0, done / total), 4),
            eta_seconds=round((total - done) * sum(recent) / len(recent), 2),
        )

    def _validation_metrics(self, last: Mapping[str, float]) -> dict[str, float]:
        """Held-out figures: of the last (or best) epoch, or mean and deviation over the folds."""
        if not self._folds:
            return _validation_part(last)
        result: dict[str, float] = {}
        for name in self._position.fold_metrics[0]:
            values = [metrics[name] for metrics in self._position.fold_metrics]
            result |= {name: float(np.mean(values)), f"{name}_std": float(np.std(values))}
        return result


def _manifest(
    run: Run, attempt: Attempt, task: Task, prepared: Prepared, trained: Trained, parity: Parity, seconds: float
) -> Manifest:
    data, layers = prepared.dataset, layer_table(trained.model)
    return Manifest(
        id=f"m-{secrets.token_hex(6)}",
        task=run.task,
        run_id=run.id,
        attempt=run.attempt,
        created_at=attempt.clock(),
        preset=run.preset,
        recipe=run.recipe,
        validation=run.validation,
        seed=run.seed,
        layers=layers,
        parameters=sum(layer.parameters for layer in layers),
        input={"columns": list(task.input_columns), "width": prepared.encoder.width},
        output={"units": layers[-1].units, "activation": HEADS[run.recipe.head].activation},
        labels=prepared.labels,
        metrics=trained.metrics,
        epochs=trained.epochs,
        seconds=seconds,
        parity=parity,
        dataset=DatasetRecord(
            name=data.info.name,
            sha256=data.sha256,
            train_rows=len(data.train),
            test_rows=len(data.test),
            is_sample=data.info.is_sample,
            notes=data.notes,
        ),
        device=devices.training_device(),
        versions={"densely": app.__version__} | {n: metadata.version(n) for n in ("keras", "numpy", "tensorflow")},
    )


def _validation_part(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name.removeprefix("val_"): value for name, value in metrics.items() if name.startswith("val_")}


def _of_fold(fold: int) -> str:
    return f" of fold {fold}" if fold else ""
