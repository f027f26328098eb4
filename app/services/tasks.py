"""The tasks, from the client's side."""

from pydantic import TypeAdapter

from app.datasets.catalog import DatasetCatalog
from app.kinds.base import Task
from app.services.drawings import kinds_of_dataset
from app.services.registry import RegistryService
from app.tasks.catalog import TaskCatalog
from app.wire.declarations import DatasetInfo
from app.wire.models import Model
from app.wire.tasks import DatasetSummary, TaskDetail, TaskSummary


class TaskService:
    """Shows the tasks, with what is here of them."""

    def __init__(self, tasks: TaskCatalog, catalog: DatasetCatalog, registry: RegistryService) -> None:
        self._tasks = tasks
        self._catalog = catalog
        self._registry = registry

    def list(self) -> list[TaskSummary]:
        """Every task in short."""
        active = self._registry.active()
        return [self._summary(task, active.get(name)) for name, task in self._tasks.all.items()]

    def get(self, name: str) -> TaskDetail:
        """A task in full.

        Raises:
            NotFound: there is no such task.
        """
        task = self._tasks.get(name)
        return TaskDetail(
            **self._summary(task, self._registry.active().get(name)).model_dump(),
            input_schema=task.Input.model_json_schema(),
            output_schema=TypeAdapter(task.Prediction).json_schema(),
            examples=list(task.examples),
            ranges=dict(task.ranges),
            labels=list(task.labels),
            heads=list(task.heads),
            pictures=["diagram", *task.plots],
        )

    def _summary(self, task: Task, active: Model | None) -> TaskSummary:
        return TaskSummary(
            name=task.name,
            kind=task.kind,
            answer=task.answer,
            title=task.title,
            description=task.description,
            notice=task.notice,
            example=task.example,
            presets=task.presets,
            datasets=[self._dataset(task, info) for info in task.datasets],
            active_model=active,
        )

    def _dataset(self, task: Task, info: DatasetInfo) -> DatasetSummary:
        return DatasetSummary(
            name=info.name,
            description=info.description,
            is_sample=info.is_sample,
            here=self._catalog.is_here(info),
            pictures=list(kinds_of_dataset(task, info, self._catalog)),
        )
