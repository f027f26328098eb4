"""Small published models without TensorFlow: the task's encoder on its sample, one dense layer of drawn weights."""

import json
import secrets
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from app.artifacts.store import PREPROCESSING, WEIGHTS, ArtifactStore
from app.datasets.catalog import Dataset, DatasetCatalog
from app.db import models
from app.db.engine import Database, Transaction
from app.domain.recipes import HEADS, NoValidation
from app.domain.runs import Activate, Metrics
from app.encoding.encoder import Encoder
from app.kinds.base import Task
from app.services import publication
from app.services.attempts import Attempt
from app.services.publication import row_of
from app.services.verdict import Score
from app.wire.declarations import Label
from app.wire.manifests import MANIFEST, DatasetRecord, LayerRow, Manifest, Parity
from tests.support.tasks import TASKS


@cache
def learnt(task: Task) -> tuple[Dataset, Encoder, list[Label]]:
    """The task's sample, with what its baseline learns from it; once per test session."""
    dataset = DatasetCatalog(Path("nowhere")).read(task, task.datasets[-1])
    encoder = task.fit_encoder(task.presets["baseline"].recipe.features, dataset.train.columns)
    return dataset, encoder, task.label_set(dataset.train.target, "multiclass")


def publish_artifact(
    store: ArtifactStore, task: str | Task, *, seed: int = 0, test_metric: float = 0.5, is_sample: bool = False
) -> Manifest:
    """An artifact in the store, with no row in any database; it passes for one of real data unless told otherwise."""
    task = TASKS.get(task) if isinstance(task, str) else task
    recipe = task.presets["baseline"].recipe
    dataset, encoder, labels = learnt(task)
    units = task.output_units(recipe.head, len(labels))
    rng = np.random.default_rng(seed)
    kernel = rng.normal(scale=0.1, size=(encoder.width, units)).astype(np.float32)
    token = secrets.token_hex(6)
    staging = store.stage(token)
    weights: dict[str, Any] = {"0/kernel": kernel, "0/bias": np.zeros(units, np.float32)}
    np.savez(staging / WEIGHTS, **weights)
    (staging / PREPROCESSING).write_text(json.dumps(encoder.to_json()), encoding="utf-8")
    head = HEADS[recipe.head]
    layer = LayerRow(kind="dense", units=units, activation=head.activation, parameters=kernel.size + units)
    manifest = Manifest(
        id=f"m-{token}",
        task=task.name,
        run_id=f"r-{token}",
        attempt=1,
        created_at=datetime.now(UTC),
        preset="baseline",
        recipe=recipe,
        validation=NoValidation(),
        seed=seed,
        layers=[layer],
        parameters=layer.parameters,
        input={"columns": list(task.input_columns), "width": encoder.width},
        output={"units": units, "activation": head.activation},
        labels=labels,
        metrics=Metrics(test={head.metric: test_metric, "loss": 1.0}),
        epochs=1,
        seconds=0.1,
        dataset=DatasetRecord(
            name="sample" if is_sample else task.datasets[0].name,
            sha256=dataset.sha256,
            train_rows=len(dataset.train),
            test_rows=len(dataset.test),
            is_sample=is_sample,
        ),
        device="CPU:0",
        versions={},
        parity=Parity(rows=0, max_difference=0.0),
    )
    return store.publish(staging, manifest)


def publish_run(
    attempt: Attempt, store: ArtifactStore, activate: Activate, score: Score = lambda _: None, **drawn: Any
) -> Manifest:
    """What a trainer does at the end, with a model that stands for the one that it trained."""
    made = publish_artifact(store, "housing", **drawn)
    staging = store.stage("test")
    for path in store.path("housing", made.id).iterdir():
        path.rename(staging / path.name)
    store.discard(store.path("housing", made.id))
    (staging / MANIFEST).unlink()
    manifest = made.model_copy(update={"run_id": attempt.run_id})
    return publication.publish(attempt, store, staging, manifest, activate, score)


def add_model(
    database: Database, store: ArtifactStore, task: str | Task, *, active: bool = True, **drawn: Any
) -> Manifest:
    """A published artifact with its row, active unless told otherwise."""
    manifest = publish_artifact(store, task, **drawn)
    with database.write() as tx:
        register(tx, manifest, active=active)
    return manifest


def register(tx: Transaction, manifest: Manifest, *, active: bool = True) -> None:
    """The row of a published artifact."""
    models.insert_model(tx, **row_of(manifest))
    if active:
        models.activate(tx, manifest.task, manifest.id, datetime.now(UTC), "test")
