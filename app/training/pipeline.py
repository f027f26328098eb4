"""A run from start to published model."""

import secrets
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import app
from app.artifacts.evaluation import Evaluation
from app.artifacts.evaluation import save as save_evaluation
from app.artifacts.manifest import DatasetRecord, Manifest, Parity
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import Catalog
from app.domain.recipes import HEADS, HeadName
from app.domain.runs import Run
from app.services import publication
from app.services.execution import Attempt
from app.tasks import registry
from app.tasks.base import Task
from app.training import devices, evaluate, export
from app.training import fit as fitting
from app.training.build import layer_table
from app.training.checkpoint import Checkpoints
from app.training.feed import Examples
from app.training.fits import Fits, Trained
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
    trained = Fits(attempt, run, task, prepared, checkpoints).train()
    parity = export.check_parity(trained.model, prepared.test)
    evaluation = _evaluate(task, run.recipe.head, prepared, trained)
    staging = place.store.stage(f"{run.id}-{attempt.lease_id}")
    try:
        export.write(trained.model, prepared.encoder, staging)
        save_evaluation(evaluation, staging)
        seconds = round(time.perf_counter() - started, 3)
        manifest = _manifest(run, attempt, task, prepared, trained, parity, seconds)

        def score(model_id: str) -> float | None:
            return evaluate.score_model(place.store, task, model_id, prepared.dataset, run.recipe.head)

        return publication.publish(attempt, place.store, staging, manifest, run.activate, score)
    finally:
        place.store.discard(staging)


def _evaluate(task: Task, head: HeadName, prepared: Prepared, trained: Trained) -> Evaluation:
    """The answers on the test split, and what pictures show."""
    outputs = fitting.predict(trained.model, prepared.test)

    def ask(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return fitting.predict(trained.model, Examples(rows, np.zeros(len(rows))))

    return evaluate.evaluation_of(task, head, prepared.dataset, prepared.labels, outputs, ask)


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
        seeds=run.seeds,
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
