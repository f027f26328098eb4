"""The tasks, from the client's side."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from app.datasets.catalog import DatasetCatalog
from app.kinds.base import Task
from app.services.registry import RegistryService
from app.tasks.catalog import KINDS, TaskCatalog
from app.wire.declarations import CategoryColumn, DatasetInfo, Declaration, DeclaredKind, TableKind
from app.wire.models import Model
from app.wire.tasks import DatasetSummary, TaskDetail, TaskSummary


class TaskService:
    """Shows the tasks, with what is here of them."""

    def __init__(self, tasks: TaskCatalog, catalog: DatasetCatalog, registry: RegistryService) -> None:
        self._tasks = tasks
        self._catalog = catalog
        self._registry = registry

    def page(self, limit: int, cursor: int | None) -> tuple[list[TaskSummary], int | None]:
        """Tasks in short, by name, and the cursor of the next page: how many came before."""
        start = cursor or 0
        active = self._registry.active()
        declared = self._tasks.declared()
        page = declared[start : start + limit]
        found = [self._summary(each, datasets, active.get(each.name)) for each, datasets in page]
        return found, start + limit if start + limit < len(declared) else None

    def get(self, name: str) -> TaskDetail:
        """A task in full.

        Raises:
            NotFound: there is no such task.
        """
        task = self._tasks.get(name)
        return TaskDetail(
            **self._summary(task.declaration, task.datasets, self._registry.active().get(name)).model_dump(),
            input_schema=task.Input.model_json_schema(),
            output_schema=TypeAdapter(task.Prediction).json_schema(),
            examples=list(task.examples),
            ranges=dict(task.ranges),
            categories=_categories(task.declaration.kind),
            labels=list(task.labels),
            heads=list(task.heads),
            pictures=["diagram", *task.plots],
        )

    def _summary(self, declared: Declaration, datasets: Sequence[DatasetInfo], active: Model | None) -> TaskSummary:
        return TaskSummary(
            name=declared.name,
            own=declared.name not in self._tasks.fixed,
            kind=declared.kind.kind,
            answer=declared.answer,
            label_names=declared.label_names,
            title=declared.title,
            description=declared.description,
            notice=declared.notice,
            example=declared.examples[0].input,
            presets=declared.presets,
            datasets=[self._dataset(KINDS[declared.kind.kind], info) for info in _latest(datasets)],
            active_model=active,
        )

    def _dataset(self, kind: type[Task], info: DatasetInfo) -> DatasetSummary:
        here = self._catalog.is_here(info)
        return DatasetSummary(
            name=info.name,
            description=info.description,
            is_sample=info.is_sample,
            here=here,
            pictures=list(kind.dataset_plots) if here else [],
        )


def _categories(kind: DeclaredKind) -> dict[str, list[str]]:
    if not isinstance(kind, TableKind):
        return {}
    return {column.name: list(column.values) for column in kind.columns if isinstance(column, CategoryColumn)}


def _latest(datasets: Sequence[DatasetInfo]) -> list[DatasetInfo]:
    """Of each that was uploaded several times the latest version, which is the first here."""
    found: dict[str, DatasetInfo] = {}
    for info in datasets:
        found.setdefault(info.name.rpartition("@")[0] if info.upload else info.name, info)
    return list(found.values())
