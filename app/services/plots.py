"""Drawing runs, models and datasets. matplotlib comes with the first picture: who draws nothing needs none of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import models, run_queries
from app.db.engine import Database
from app.domain.counting import counted
from app.encoding.rows import dense
from app.errors import Conflict, DatasetInvalid, InvalidInput, NotFound, Unavailable
from app.kinds.base import DatasetPlot, Plot, Split, Task
from app.plots.style import Look
from app.services.drawings import SweepPlot, kinds_of_runs
from app.services.legends import labels_of
from app.tasks.catalog import TaskCatalog
from app.wire.datasets import DatasetDetail
from app.wire.declarations import DatasetInfo, Label
from app.wire.manifests import Manifest
from app.wire.runs import Epoch, Run
from app.wire.sweeps import Sweep

MOST_PLOTS = 16  # drawn or waiting at once: four pages of the browser's
MOST_EPOCHS = 1_000  # of a fit in a picture; of longer ones every second, third, ...
MOST_SHOWN: dict[DatasetPlot, int] = {"points": 2_000, "sheet": 100}  # rows of a dataset
SPLITS: dict[Split, str] = {"train": "training", "test": "test"}

Figure = Literal["loss", "val_loss", "accuracy", "val_accuracy", "mae", "val_mae", "f1", "val_f1"]


class PlotService:
    """Pictures of runs, models and datasets, as bytes."""

    def __init__(self, database: Database, tasks: TaskCatalog, store: ArtifactStore, catalog: DatasetCatalog) -> None:
        self._database = database
        self._tasks = tasks
        self._store = store
        self._catalog = catalog
        self._turns = BoundedSemaphore(MOST_PLOTS)
        self._reading = Lock()  # a dataset at a time: pictures wait for each other anyway, and rows take memory

    def curves(self, run_id: str, look: Look, first_epoch: int) -> bytes:
        """Loss and metric of a run by epoch, also while it is going.

        Raises:
            NotFound: there is no such run.
            Conflict: it has no epochs to draw.
        """
        from app.plots import curves

        with self._database.read() as tx:
            run = run_queries.get(tx, run_id)
        title = f"{run.task}: {run.name or run.preset} on {run.dataset}"
        with self._turn():
            return curves.curves(self._epochs(run, first_epoch), run.recipe.metric, title, look, first_epoch)

    def overlay(self, runs: Sequence[Run], look: Look, first_epoch: int, only: Figure | None = None) -> bytes:
        """The curves of several runs of one task in one picture: of loss and metric, or of one figure.

        Raises:
            InvalidInput: they are measured by different figures, or not by the one that is asked for.
            Conflict: one of them has no epochs to draw, or none with that figure.
        """
        from app.plots import curves

        metrics = {run.recipe.metric for run in runs}
        if len(metrics) > 1:
            raise InvalidInput(f"the runs are measured by different figures: {', '.join(sorted(metrics))}", "runs")
        metric, title = metrics.pop(), f"{runs[0].task}: runs compared"
        measured = ["loss", "val_loss", metric, f"val_{metric}"]
        if only and only not in measured:
            raise InvalidInput(f"these runs are measured by {', '.join(measured)}", "only")
        with self._turn():
            named = list(zip(labels_of(runs), [self._epochs(run, first_epoch, only) for run in runs], strict=True))
            if only:
                return curves.single(named, only, title, look, first_epoch)
            return curves.overlay(named, metric, title, look, first_epoch)

    def boundaries(self, runs: Sequence[Run], look: Look) -> bytes:
        """The planes of several runs' models side by side.

        Raises:
            InvalidInput: models of their task have no such picture.
            Conflict: one of them has no model, or one that kept no answers.
            ArtifactInvalid: a model's files are missing or damaged.
        """
        from app.plots import boundary

        if "boundaries" not in kinds_of_runs(self._tasks.all.get(runs[0].task)):
            raise InvalidInput(f"models of task {runs[0].task!r} have no boundaries", "runs")
        datasets = list(dict.fromkeys(run.dataset for run in runs))
        with self._turn():
            panels = []
            for run, label in zip(runs, labels_of(runs), strict=True):
                evaluation = self._store.evaluation(run.task, run.model_id) if run.model_id else None
                if evaluation is None or evaluation.plane is None or evaluation.shown is None:
                    raise Conflict(f"run {run.id} is {run.status} and has no model with answers to draw")
                told = f"test accuracy {np.mean(evaluation.right()):.1%}"
                if len(datasets) > 1 and run.dataset not in label:
                    told += f", {run.dataset}"
                panels.append(boundary.Panel(label, told, evaluation.plane, evaluation.shown))
            title = f"{runs[0].task}: boundaries on {', '.join(datasets)}"
            return boundary.boundaries(panels, _classes(self._tasks.get(runs[0].task).labels), title, look)

    def of_sweep(self, sweep: Sweep, kind: SweepPlot, look: Look) -> bytes:
        """A sweep so far, also while it is going.

        Raises:
            Conflict: none of its trials has a figure, or too few for the importance of fields.
        """
        from app.plots import best, importance, parallel, trials

        if not len(trials.figures(sweep)):
            raise Conflict(f"no trial of sweep {sweep.id} has a figure to draw")
        if kind == "importance" and not sweep.importance:
            raise Conflict(f"sweep {sweep.id} has too few figures, or fields, to tell which fields are important")
        plan = sweep.plan
        title = f"{plan.task}: {sweep.name or plan.preset} on {plan.dataset}"
        draw = {"best": best.best, "importance": importance.importance, "parallel": parallel.parallel}[kind]
        with self._turn():
            return draw(sweep, title, look)

    def of_dataset(self, task_name: str, dataset: str, kind: DatasetPlot, split: Split, look: Look) -> bytes:
        """The first rows of a dataset.

        Raises:
            NotFound: there is no such task or dataset, or its rows have no such picture.
            Conflict: the rows are not on this machine.
            Unavailable: they cannot be read.
        """
        from app.plots import boundary, sheet

        task = self._tasks.get(task_name)
        info = task.dataset(dataset)
        if info is None or kind not in task.dataset_plots:
            names, have = ", ".join(each.name for each in task.datasets), ", ".join(task.dataset_plots) or "none"
            raise NotFound(f"there is no picture {kind!r} of {dataset!r}: of {task.name}'s {names} there is {have}")
        title = f"{task.name}: {dataset}"
        with self._turn():
            shown, target = self._first(task, info, split, MOST_SHOWN[kind])
            which = "The first" if len(target) == MOST_SHOWN[kind] else "All"
            rows = f"{which} {counted(len(target), f'{SPLITS[split]} row')}"
            if kind == "sheet":
                shown_as = task.declaration.label_names
                labels = [shown_as.get(str(label), str(label)) for label in target]
                return sheet.examples(shown, labels, title, f"{rows} with their labels", look, ink=task.shows_ink)
            sides = task.targets(target, task.labels, task.heads[0])
            return boundary.points(shown, sides.astype(np.int64), _classes(task.labels), title, rows, look)

    def of_findings(self, dataset: DatasetDetail, kind: Literal["labels", "lengths", "columns"], look: Look) -> bytes:
        """What was found in a dataset.

        Raises:
            NotFound: there is nothing of the kind in it.
        """
        from app.plots import rows

        if kind not in dataset.pictures:
            have = ", ".join(dataset.pictures) or "none"
            raise NotFound(f"there is no picture {kind!r} of dataset {dataset.name!r}; there is {have}")
        title = f"{dataset.task}: {dataset.name}, version {dataset.version}"
        found = dataset.findings
        task = self._tasks.all.get(dataset.task)
        names = task.declaration.label_names if task else {}
        with self._turn():
            if kind == "labels":
                counts = [
                    each.model_copy(update={"label": names.get(str(each.label), each.label)}) for each in found.labels
                ]
                return rows.labels(counts, title, look)
            roles, unit = (("text",), "characters") if kind == "lengths" else (("number", "date"), "")
            return rows.histograms([column for column in found.columns if column.role in roles], unit, title, look)

    def diagram(self, model_id: str, look: Look) -> bytes:
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
            return diagram.diagram(manifest.layers, manifest.input["width"], kind, title, look, manifest.recipe.members)

    def of_model(self, model_id: str, kind: Plot, look: Look) -> bytes:
        """What a model's answers on its test split look like.

        Raises:
            NotFound: there is no such model, or models of its task have no such picture.
            ArtifactInvalid: its files are missing or damaged.
        """
        manifest = self._manifest(model_id)
        task = self._tasks.get(manifest.task)
        evaluation = self._store.evaluation(manifest.task, model_id)
        if kind not in task.plots or manifest.recipe.head == "multilabel":
            has = ["diagram", *(() if manifest.recipe.head == "multilabel" else task.plots)]
            raise NotFound(f"model {model_id} has no picture {kind!r}; it has {', '.join(has)}")
        lacks = {"boundary": evaluation and evaluation.plane, "sheet": evaluation and evaluation.shown}
        if evaluation is None or lacks.get(kind, True) is None:
            raise NotFound(f"model {model_id} was made by a release that kept no answers to draw")
        title = f"{manifest.task}: {manifest.preset} on {manifest.dataset.name}"
        with self._turn():
            return _draw(kind, manifest, task, evaluation, title, look)

    def _first(self, task: Task, info: DatasetInfo, split: Split, most: int) -> tuple[NDArray[Any], Sequence[Any]]:
        """The rows as pictures show them, and their targets."""
        try:
            with self._reading:
                rows = self._catalog.first(task, info, split, most)
            encoder = task.fit_encoder(task.presets["baseline"].recipe.features, rows.columns)
            return task.exhibit(dense(encoder.encode(rows.columns))), rows.target
        except FileNotFoundError as error:
            raise Conflict(f"dataset {info.name!r} is not on this machine; training on it fetches it") from error
        except (DatasetInvalid, TypeError, ValueError) as error:
            raise Unavailable(f"the rows of dataset {info.name!r} cannot be read") from error

    def _epochs(self, run: Run, first_epoch: int, figure: str | None = None) -> list[Epoch]:
        with self._database.read() as tx:
            every = -(-run_queries.last_epoch(tx, run.id) // MOST_EPOCHS)
            epochs = run_queries.epochs_of(tx, run.id, max(1, every))
        if not epochs:
            raise Conflict(f"run {run.id} is {run.status} and has no epochs to draw")
        if not any(epoch.epoch >= first_epoch for epoch in epochs):
            raise Conflict(f"run {run.id} has no epochs from {first_epoch} on")
        if figure and not any(epoch.metrics.get(figure) is not None for epoch in epochs):
            raise Conflict(f"run {run.id} has no {figure} in its epochs")
        return epochs

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Pictures are drawn one after the other: few may wait, so that threads are left for other requests."""
        if not self._turns.acquire(blocking=False):
            raise Unavailable(f"{MOST_PLOTS} pictures are being drawn already")
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


def _draw(kind: Plot, manifest: Manifest, task: Task, evaluation: Evaluation, title: str, look: Look) -> bytes:
    from app.plots import boundary, confusion, regression, sheet

    names = task.declaration.label_names
    labels = [names.get(str(label), str(label)) for label in manifest.labels]
    if kind == "confusion":
        target, predicted = evaluation.target.astype(np.int64), evaluation.predicted.astype(np.int64)
        return confusion.confusion(target, predicted, labels, title, look)
    if kind == "predictions":
        return regression.predicted_against_true(evaluation.target, evaluation.predicted, task.unit, title, look)
    shown, plane = evaluation.shown, evaluation.plane
    assert shown is not None
    if plane is not None:
        return boundary.boundary(plane, shown, _classes(labels), title, look)
    target_names, predicted_names = ([labels[i] for i in column] for column in (shown.target, shown.predicted))
    probability = shown.probability.tolist()
    return sheet.sheet(shown.inputs, target_names, predicted_names, probability, title, look, ink=task.shows_ink)


def _classes(labels: Sequence[Label]) -> tuple[str, str]:
    first, second = (f"class {label}" for label in labels)
    return first, second
