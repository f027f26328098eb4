"""Which plots there are of a model, of several runs, and of a dataset, and their titles."""

from collections.abc import Sequence
from typing import Literal

from app.artifacts.evaluation import EVALUATION
from app.datasets.catalog import DatasetCatalog
from app.domain.runs import RunStatus
from app.kinds.base import DatasetPlot, Plot, Task
from app.tasks.catalog import TaskCatalog
from app.wire import pictures
from app.wire.declarations import DatasetInfo
from app.wire.manifests import Manifest
from app.wire.pictures import Drawing
from app.wire.runs import Run

ComparedPlot = Literal["boundaries"]
SweepPlot = Literal["best", "importance", "parallel"]
SIDE_BY_SIDE: dict[ComparedPlot, Plot] = {"boundaries": "boundary"}  # of which plot of a model

_MODELS: dict[Plot, str] = {
    "confusion": "Confusion of the classes",
    "predictions": "Predicted against true values",
    "boundary": "Boundary",
    "sheet": "Test pictures",
}
_DATASETS: dict[DatasetPlot, str] = {"points": "Training points", "sheet": "Training pictures"}


def of_dataset(task: Task | None, dataset: str, catalog: DatasetCatalog) -> list[Drawing]:
    """Of the rows of a dataset, if they are on this machine."""
    info = task.dataset(dataset) if task else None
    if task is None or info is None:
        return []
    kinds = kinds_of_dataset(task, info, catalog)
    return [pictures.of_dataset(task.name, dataset, kind, _DATASETS[kind]) for kind in kinds]


def kinds_of_dataset(task: Task, info: DatasetInfo, catalog: DatasetCatalog) -> tuple[DatasetPlot, ...]:
    """What can be drawn of a dataset's rows; nothing before they are on this machine."""
    return task.dataset_plots if catalog.is_here(info) else ()


def of_model(manifest: Manifest, tasks: TaskCatalog, catalog: DatasetCatalog) -> list[Drawing]:
    """Of a model: its layers, its answers on the test split, and the rows that it learnt from."""
    drawings = [pictures.of_model(manifest.id, "diagram", "Layers")]
    task = tasks.all.get(manifest.task)
    if task and EVALUATION in manifest.files and manifest.recipe.head != "multilabel":
        drawings += [pictures.of_model(manifest.id, kind, _MODELS[kind]) for kind in task.plots]
    return drawings + of_dataset(task, manifest.dataset.name, catalog)


def kinds_of_runs(task: Task | None) -> list[ComparedPlot]:
    """What can be drawn of this task's models side by side."""
    return [name for name, each in SIDE_BY_SIDE.items() if task and each in task.plots]


def of_runs(runs: Sequence[Run], tasks: TaskCatalog, catalog: DatasetCatalog) -> list[Drawing]:
    """Of several runs of one task; none before all have succeeded."""
    if any(run.status != RunStatus.SUCCEEDED for run in runs):
        return []
    task = tasks.all.get(runs[0].task)
    ids = [run.id for run in runs]
    drawings = []
    if len({run.recipe.metric for run in runs}) == 1:
        drawings.append(pictures.of_curves(ids, "Curves"))
        if all("loss" in run.metrics.validation for run in runs):
            drawings.append(pictures.of_curves(ids, "Validation loss", only="val_loss"))
    if all(run.model_id for run in runs):
        drawings += [pictures.of_models(ids, kind, kind.capitalize()) for kind in kinds_of_runs(task)]
    datasets = list(dict.fromkeys(run.dataset for run in runs))
    for dataset in datasets:
        for one in of_dataset(task, dataset, catalog):
            drawings.append(one if len(datasets) == 1 else one.model_copy(update={"title": f"{one.title}: {dataset}"}))
    return drawings
