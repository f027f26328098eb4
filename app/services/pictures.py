"""Drawing runs and models. matplotlib is imported with the first picture: one that draws nothing needs none of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import numpy as np

from app.artifacts.evaluation import Evaluation
from app.artifacts.manifest import Manifest
from app.artifacts.store import ArtifactStore
from app.db import history, models
from app.db.engine import Database
from app.domain.runs import Epoch, Run
from app.errors import Conflict, InvalidInput, NotFound, Unavailable
from app.plots.style import Form
from app.tasks import registry
from app.tasks.base import Picture

MOST_PICTURES = 8  # drawn or waiting at once
MOST_EPOCHS = 1_000  # of a fit in a picture; of longer ones every second, third, ...
NAME_LETTERS = 40  # of a run in a legend, where others have the same


class PictureService:
    """Pictures of runs and models, as bytes."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        self._database = database
        self._store = store
        self._turns = BoundedSemaphore(MOST_PICTURES)

    def curves(self, run_id: str, form: Form, first_epoch: int) -> bytes:
        """Loss and metric of a run by epoch, also while it is going.

        Raises:
            NotFound: there is no such run.
            Conflict: it has no epochs to draw.
        """
        from app.plots import curves

        with self._database.read() as tx:
            run = history.get(tx, run_id)
        title = f"{run.task}: {run.name or run.preset} on {run.dataset}"
        with self._turn():
            return curves.curves(self._epochs(run, first_epoch), run.recipe.metric, title, form, first_epoch)

    def overlay(self, runs: Sequence[Run], form: Form, first_epoch: int) -> bytes:
        """The curves of several runs of one task in one picture.

        Raises:
            InvalidInput: they are measured by different figures.
            Conflict: one of them has no epochs to draw.
        """
        from app.plots import curves

        metrics = {run.recipe.metric for run in runs}
        if len(metrics) > 1:
            raise InvalidInput(f"the runs are measured by different figures: {', '.join(sorted(metrics))}", "runs")
        with self._turn():
            named = zip(_names(runs), [self._epochs(run, first_epoch) for run in runs], strict=True)
            return curves.overlay(list(named), metrics.pop(), f"{runs[0].task}: runs compared", form, first_epoch)

    def diagram(self, model_id: str, form: Form) -> bytes:
        """The layers of a model with their widths and parameter counts.

        Raises:
            NotFound: there is no such model.
            ArtifactInvalid: its manifest cannot be read.
        """
        from app.plots import diagram

        manifest = self._manifest(model_id)
        title = f"{manifest.task}: {manifest.preset}"
        kind = manifest.recipe.features.kind.replace("_", " ")
        with self._turn():
            return diagram.diagram(manifest.layers, manifest.input["width"], kind, title, form)

    def picture(self, model_id: str, kind: Picture, form: Form) -> bytes:
        """What a model's answers on its test split look like.

        Raises:
            NotFound: there is no such model, or models of its task have no such picture.
            ArtifactInvalid: its files are missing or damaged.
        """
        manifest = self._manifest(model_id)
        task = registry.get(manifest.task)
        evaluation = self._store.evaluation(manifest.task, model_id)
        if kind not in task.pictures or manifest.recipe.head == "multilabel":
            has = ["diagram", *(() if manifest.recipe.head == "multilabel" else task.pictures)]
            raise NotFound(f"model {model_id} has no picture {kind!r}; it has {', '.join(has)}")
        lacks = {"boundary": evaluation and evaluation.plane, "sheet": evaluation and evaluation.shown}
        if evaluation is None or lacks.get(kind, True) is None:
            raise NotFound(f"model {model_id} was made by a release that kept no answers to draw")
        title = f"{manifest.task}: {manifest.preset} on {manifest.dataset.name}"
        with self._turn():
            return _draw(kind, manifest, evaluation, title, form)

    def _epochs(self, run: Run, first_epoch: int) -> list[Epoch]:
        with self._database.read() as tx:
            every = -(-history.last_epoch(tx, run.id) // MOST_EPOCHS)
            epochs = history.epochs_of(tx, run.id, max(1, every))
        if not epochs:
            raise Conflict(f"run {run.id} is {run.status} and has no epochs to draw")
        if not any(epoch.epoch >= first_epoch for epoch in epochs):
            raise Conflict(f"run {run.id} has no epochs from {first_epoch} on")
        return epochs

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Pictures are drawn one after the other: few may wait, so that threads are left for other requests."""
        if not self._turns.acquire(blocking=False):
            raise Unavailable(f"{MOST_PICTURES} pictures are being drawn already")
        try:
            yield
        finally:
            self._turns.release()

    def _manifest(self, model_id: str) -> Manifest:
        with self._database.read() as tx:
            row: Any = models.find(tx, model_id)
        if row is None:
            raise NotFound(f"there is no model {model_id!r}")
        return self._store.manifest(row.task, model_id)


def _draw(kind: Picture, manifest: Manifest, evaluation: Evaluation, title: str, form: Form) -> bytes:
    from app.plots import boundary, confusion, regression, sheet

    labels = [str(label) for label in manifest.labels]
    if kind == "confusion":
        target, predicted = evaluation.target.astype(np.int64), evaluation.predicted.astype(np.int64)
        return confusion.confusion(target, predicted, labels, title, form)
    if kind == "predictions":
        unit = registry.get(manifest.task).unit
        return regression.predicted_against_true(evaluation.target, evaluation.predicted, unit, title, form)
    shown, plane = evaluation.shown, evaluation.plane
    assert shown is not None
    if plane is not None:
        first, second = (f"class {label}" for label in labels)
        return boundary.boundary(plane, shown, (first, second), title, form)
    target_names, predicted_names = ([labels[i] for i in column] for column in (shown.target, shown.predicted))
    return sheet.sheet(shown.inputs, target_names, predicted_names, shown.probability.tolist(), title, form)


def _names(runs: Sequence[Run]) -> list[str]:
    """What each run is called in a legend: its name or preset, with what tells it apart from its namesakes."""
    plain = [run.name or run.preset for run in runs]
    return [
        name if plain.count(name) == 1 else f"{name[:NAME_LETTERS]} ({run.id})"
        for name, run in zip(plain, runs, strict=True)
    ]
