"""A run from start to published model."""

import json
import secrets
import time
import zlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

import app
from app.artifacts.evaluation import Evaluation
from app.artifacts.evaluation import save as save_evaluation
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.datasets.encoded import EncodedCache
from app.domain.optimizers import SGD
from app.domain.recipes import HEADS, Coordinates, Dense, HeadName, Recipe
from app.errors import Hopeless, NotFound, TaskGone, TrainingError
from app.inference.forward import Network
from app.kinds.base import Task
from app.services import publication
from app.services.attempts import Attempt
from app.tasks.catalog import TaskCatalog
from app.training import evaluate, export, novelty
from app.training.build import build, layer_table
from app.training.checkpoint import Checkpoints
from app.training.devices import Devices, Wanted
from app.training.examples import Examples
from app.training.fits import Fits, Trained
from app.training.prepare import Prepared, prepare
from app.training.program import Program
from app.training.shared import Shared
from app.wire.manifests import DatasetRecord, Manifest, Parity
from app.wire.runs import Progress, Run


def warm_up() -> None:
    """Train something tiny: the first program that a process builds and compiles takes a second longer than others."""
    layers = (Dense(units=5, activation="tanh"),)
    recipe = Recipe(
        features=Coordinates(),
        layers=layers,
        head="binary",
        loss="binary_crossentropy",
        optimizer=SGD(),
        epochs=1,
        batch_size=4,
    )
    model = build(recipe, 2, 1, seed=0)
    rows = np.zeros((4, 2), dtype=np.float32)
    numbers = np.arange(4)
    Program(model, recipe, Examples(rows, rows[:, :1])).epochs([numbers], numbers)
    export.network_of(model)(rows)


@dataclass(frozen=True)
class Workplace:
    """Where a trainer finds and leaves things."""

    tasks: TaskCatalog
    store: ArtifactStore
    catalog: DatasetCatalog
    encoded: EncodedCache
    checkpoints: Path
    checkpoint_seconds: float
    devices: Wanted = "1"  # that share the batches of a run


def execute(attempt: Attempt, place: Workplace) -> Manifest:
    """Carry out a run.

    Raises:
        TrainingError: it cannot be finished.
        LeaseLost: another worker has it now; nothing of this attempt stays.
    """
    started = time.perf_counter()
    run = attempt.run()
    task, prepared, fits = _fits(attempt, place, run)
    trained = fits.train()
    attempt.enter("testing")
    parity = export.check_parity(trained.model, trained.seen.test)
    evaluation = _evaluate(task, run.recipe.head, prepared, trained)
    seen = trained.seen
    network = _network(trained)
    found = novelty.learn(seen.encoder, seen.train, prepared.train.targets, seen.test, network)
    measure, record = found or (None, None)
    attempt.enter("publishing")
    staging = place.store.stage(f"{run.id}-{attempt.lease_id}")
    try:
        export.write(trained.model, seen.encoder, measure, staging)
        save_evaluation(evaluation, staging)
        seconds = round(time.perf_counter() - started, 3)
        manifest = _manifest(run, attempt, task, prepared, fits.devices, trained, parity, seconds)
        manifest = manifest.model_copy(update={"novelty": record})

        def score(model_id: str) -> float | None:
            return evaluate.score_model(place.store, task, model_id, prepared, run.recipe.head)

        return publication.publish(attempt, place.store, staging, manifest, run.activate, score)
    finally:
        place.store.discard(staging)


def measure(attempt: Attempt, place: Workplace, shared: Shared) -> None:
    """Carry out a sweep's trial, which comes to figures of held-out rows; `shared`: of the trials before it.

    Raises:
        TrainingError, LeaseLost: as `execute`.
    """
    _, _, fits = _fits(attempt, place, attempt.run(), shared)
    try:
        metrics = fits.measure()
    except Hopeless as end:
        attempt.prune(end.message, fits.hopes.found)
    except TrainingError:
        raise
    except BaseException:
        shared.forget()  # it may be half changed
        raise
    else:
        attempt.measured(metrics)


def _fits(attempt: Attempt, place: Workplace, run: Run, shared: Shared | None = None) -> tuple[Task, Prepared, Fits]:
    """The run's task, its rows, and what will be trained on them."""
    attempt.enter("preparing", Progress(epochs=run.recipe.epochs))
    task = _task_of(run, attempt, place.tasks)

    def make() -> Prepared:
        return prepare(place.catalog, place.encoded, task, run.dataset, run.recipe, attempt.log)

    prepared = shared.prepared(run, make) if shared else make()
    configuration = {
        "recipe": run.recipe.model_dump(mode="json"),
        "dataset": prepared.sha256,
        "rows": _digest(prepared),
        **({"trial": True} if shared else {}),  # whose network has other layers
    }
    checkpoints = Checkpoints(place.checkpoints / run.id, place.checkpoint_seconds, configuration)
    fits = Fits(attempt, run, task, prepared, checkpoints, shared, place.devices)
    attempt.set_device(str(fits.devices))
    return task, prepared, fits


def _digest(prepared: Prepared) -> int:
    """Of how rows are encoded: an attempt goes on from a former one's weights only where that is the same."""
    return zlib.crc32(json.dumps(prepared.encoder.to_json(), sort_keys=True).encode())


def _task_of(run: Run, attempt: Attempt, tasks: TaskCatalog) -> Task:
    """The run's task as the database has it now.

    Raises:
        TaskGone: it has been removed since.
    """
    attempt.declare(tasks, run.task)
    try:
        return tasks.get(run.task)
    except NotFound as error:
        raise TaskGone(f"there is no task {run.task!r} any more") from error


def _evaluate(task: Task, head: HeadName, prepared: Prepared, trained: Trained) -> Evaluation:
    """The answers on the test split, and what pictures show."""
    return evaluate.evaluation_of(task, head, prepared, trained.outputs, _network(trained).in_batches)


def _network(trained: Trained) -> Network:
    """As it will answer, calibrated."""
    calibration = trained.metrics.calibration
    return export.network_of(trained.model, calibration.temperature if calibration else 1.0)


def _manifest(
    run: Run,
    attempt: Attempt,
    task: Task,
    prepared: Prepared,
    devices: Devices,
    trained: Trained,
    parity: Parity,
    seconds: float,
) -> Manifest:
    layers = layer_table(trained.model)
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
        parameters=sum(layer.parameters for layer in layers) * run.recipe.members,
        input={"columns": list(task.input_columns), "width": prepared.encoder.width},
        output={"units": layers[-1].units, "activation": HEADS[run.recipe.head].activation},
        labels=prepared.labels,
        metrics=trained.metrics,
        epochs=trained.epochs,
        seconds=seconds,
        parity=parity,
        dataset=_record_of(prepared),
        device=str(devices),
        devices=len(devices.names),
        versions={"densely": app.__version__} | {n: metadata.version(n) for n in ("keras", "numpy", "tensorflow")},
    )


def _record_of(prepared: Prepared) -> DatasetRecord:
    return DatasetRecord(
        name=prepared.info.name,
        sha256=prepared.sha256,
        train_rows=len(prepared.train),
        test_rows=len(prepared.test),
        is_sample=prepared.info.is_sample,
        notes=prepared.notes,
    )
