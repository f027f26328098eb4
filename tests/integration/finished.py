"""Finished runs without training: epochs as a trainer records them, and a model with its answers on a test split."""

import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation, Plane, Shown, millionths_of, save
from app.artifacts.store import ArtifactStore
from app.db import models, runs
from app.db.engine import Database
from app.domain.recipes import HEADS, HeadName
from app.domain.runs import Metrics
from app.encoding.rows import dense
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.services.publication import row_of
from app.wire.manifests import MANIFEST, Manifest
from app.wire.runs import Progress
from tests.support.artifacts import learnt, publish_artifact
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

SURE = 0.8125  # how probable the answers of a classifier are

Epochs = Sequence[dict[str, float]]


class Finished:
    """Makes runs and models in a database and a store."""

    def __init__(self, database: Database, store: ArtifactStore, clock: FakeClock) -> None:
        self.database = database
        self.store = store
        self.clock = clock

    def claimed(self, task: str, epochs: Epochs = (), **asked: Any) -> Attempt:
        """A run that is going on, with these epochs of the fit that is published."""
        run_id = queue_run(self.database, self.clock, task, **asked)
        claim = WorkerService(self.database, self.clock, "w-1", 3600).claim()
        assert claim is not None
        assert run_id == claim.run.id
        attempt = Attempt(self.database, self.clock, run_id, claim.lease_id)
        for number, metrics in enumerate(epochs, 1):
            attempt.record_epoch(0, number, 0.1, metrics, Progress(epoch=number, epochs=len(epochs)))
        attempt.flush()
        return attempt

    def run(
        self,
        task: str,
        evaluation: Evaluation | None,
        epochs: Epochs = (),
        *,
        metrics: Metrics | None = None,
        sha256: str | None = None,
        **asked: Any,
    ) -> str:
        """The id of a run that has succeeded; its model's id is that of the run with another first letter."""
        attempt = self.claimed(task, epochs, **asked)
        run = attempt.run()
        metric = HEADS[run.recipe.head].metric
        changes = {
            "run_id": run.id,
            "id": model_of(run.id),
            "recipe": run.recipe,
            "preset": run.preset,
            "seed": run.seed,
        }
        changes["metrics"] = metrics or Metrics(test={metric: 0.5, "loss": 1.0})
        manifest = self._publish(task, evaluation, changes, sha256)
        with self.database.write() as tx:
            runs.publish(tx, run.id, attempt.lease_id, self.clock(), manifest.metrics)
            models.insert_model(tx, **row_of(manifest))
        return run.id

    def _publish(
        self, task: str, evaluation: Evaluation | None, changes: dict[str, Any], sha256: str | None
    ) -> Manifest:
        made = publish_artifact(self.store, task)
        staging = self.store.stage(made.id)
        for path in self.store.path(task, made.id).iterdir():
            if path.name != MANIFEST:
                shutil.copyfile(path, staging / path.name)
        self.store.discard(self.store.path(task, made.id))
        if evaluation:
            save(evaluation, staging)
        if sha256:
            changes["dataset"] = made.dataset.model_copy(update={"sha256": sha256})
        return self.store.publish(staging, made.model_copy(update=changes))


def model_of(run_id: str) -> str:
    return run_id.replace("r-", "m-", 1)


def _sigmoid(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the first coordinate."""
    return (1 / (1 + np.exp(-grid[:, 0]))).astype(np.float32)


def answers_of(task: str, head: HeadName | None = None) -> Evaluation:
    """Answers on the sample's test split of a model that is right on nine rows of ten, with what pictures show."""
    kind = TASKS.get(task)
    dataset, encoder, labels = learnt(kind)
    head = head or kind.heads[0]
    rng = np.random.default_rng(0)
    wrong = rng.random(len(dataset.test)) < 0.1
    target = kind.targets(dataset.test.target, labels, "multiclass")
    if head == "regression":
        values = target.astype(np.float32)
        return Evaluation(values, values + rng.normal(size=len(values)).astype(np.float32))
    guess = np.where(wrong, (target + 1) % len(labels), target)
    if head == "multilabel":
        one = np.eye(len(labels), dtype=bool)
        return Evaluation(
            one[target], one[guess], millionths=millionths_of((0.1 + 0.7 * one[guess]).astype(np.float32))
        )
    truth, guess = target.astype(np.int32), guess.astype(np.int32)
    surest = np.where(np.eye(len(labels), dtype=bool)[guess], SURE, (1 - SURE) / (len(labels) - 1))
    outputs = surest.astype(np.float32)
    kept = millionths_of(outputs if HEADS[head].unit_per_label else outputs[:, 1:])
    if not {"boundary", "sheet"} & set(kind.plots):
        return Evaluation(truth, guess, millionths=kept)
    rows = kind.exhibit(dense(encoder.encode(dataset.test.columns)))
    shown = Shown(rows[:80], truth[:80], guess[:80], np.full(80, 0.9, dtype=np.float32))
    plane = Plane.around(rows, _sigmoid) if "boundary" in kind.plots else None
    return Evaluation(truth, guess, shown, plane, kept)
