"""Which pictures there are of a model, of several runs, and of a dataset: their titles and addresses."""

from collections.abc import Sequence
from typing import Literal

from app.artifacts.evaluation import EVALUATION
from app.datasets.catalog import DatasetCatalog
from app.domain.runs import RunStatus
from app.kinds.base import DatasetPicture, Picture, Task
from app.tasks.catalog import TaskCatalog
from app.wire.declarations import DatasetInfo
from app.wire.manifests import Manifest
from app.wire.pictures import Drawing
from app.wire.runs import Run

ComparedPicture = Literal["boundaries"]
SIDE_BY_SIDE: dict[ComparedPicture, Picture] = {"boundaries": "boundary"}  # of which picture of a model

_MODELS: dict[Picture, str] = {
    "confusion": "Confusion of the classes",
    "predictions": "Predicted against true values",
    "boundary": "Boundary",
    "sheet": "Test pictures",
}
_DATASETS: dict[DatasetPicture, str] = {"points": "Training points", "sheet": "Training pictures"}


def of_dataset(task: Task | None, dataset: str, catalog: DatasetCatalog) -> list[Drawing]:
    """Of the rows of a dataset, if they are on this machine."""
    info = task.dataset(dataset) if task else None
    if task is None or info is None:
        return []
    places = {
        kind: f"tasks/{task.name}/datasets/{dataset}/{kind}.svg" for kind in kinds_of_dataset(task, info, catalog)
    }
    return [Drawing(title=_DATASETS[kind], path=path) for kind, path in places.items()]


def kinds_of_dataset(task: Task, info: DatasetInfo, catalog: DatasetCatalog) -> tuple[DatasetPicture, ...]:
    """What can be drawn of a dataset's rows; nothing before they are on this machine."""
    return task.dataset_pictures if catalog.is_here(info) else ()


def of_model(manifest: Manifest, tasks: TaskCatalog, catalog: DatasetCatalog) -> list[Drawing]:
    """Of a model: its layers, its answers on the test split, and the rows that it learnt from."""
    drawings = [Drawing(title="Layers", path=f"models/{manifest.id}/diagram.svg")]
    task = tasks.all.get(manifest.task)
    if task and EVALUATION in manifest.files and manifest.recipe.head != "multilabel":
        drawings += [Drawing(title=_MODELS[kind], path=f"models/{manifest.id}/{kind}.svg") for kind in task.pictures]
    return drawings + of_dataset(task, manifest.dataset.name, catalog)


def kinds_of_runs(task: Task | None) -> list[ComparedPicture]:
    """What can be drawn of this task's models side by side."""
    return [name for name, each in SIDE_BY_SIDE.items() if task and each in task.pictures]


def of_runs(runs: Sequence[Run], tasks: TaskCatalog, catalog: DatasetCatalog) -> list[Drawing]:
    """Of several runs of one task; none before all have succeeded."""
    if any(run.status != RunStatus.SUCCEEDED for run in runs):
        return []
    task = tasks.all.get(runs[0].task)
    query = "runs=" + ",".join(run.id for run in runs)
    drawings = []
    if len({run.recipe.metric for run in runs}) == 1:
        drawings.append(Drawing(title="Curves", path=f"compare.svg?{query}"))
        if all("loss" in run.metrics.validation for run in runs):
            drawings.append(Drawing(title="Validation loss", path=f"compare.svg?only=val_loss&{query}"))
    drawings += [Drawing(title=kind.capitalize(), path=f"compare/{kind}.svg?{query}") for kind in kinds_of_runs(task)]
    datasets = list(dict.fromkeys(run.dataset for run in runs))
    for dataset in datasets:
        for one in of_dataset(task, dataset, catalog):
            drawings.append(one if len(datasets) == 1 else one.model_copy(update={"title": f"{one.title}: {dataset}"}))
    return drawings
