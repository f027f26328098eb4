"""What clients get of a task; the other forms come from the domain, the tasks and the services."""

from typing import Any

from pydantic import BaseModel, Field, TypeAdapter

from app.datasets.catalog import Catalog
from app.domain.recipes import HeadName, Preset
from app.kinds.base import Task
from app.kinds.declarations import Answer, Example, KindName, Range
from app.services.drawings import kinds_of_dataset
from app.services.registry import Model


class DatasetSummary(BaseModel):
    """A dataset that a task can train on."""

    name: str
    description: str
    is_sample: bool = Field(description="true if these are toy rows, not real data")
    here: bool = Field(description="whether the rows are on this machine; if not, training fetches the published file")
    pictures: list[str] = Field(
        description="what `GET /tasks/{task}/datasets/{name}/{picture}.svg` can draw of it, once it is here"
    )


class TaskSummary(BaseModel):
    """A kind of problem."""

    name: str
    kind: KindName
    title: str
    description: str
    answer: Answer
    notice: str | None = Field(description="what a user of its data must know")
    example: dict[str, Any] = Field(description="an input that `POST /predict` takes, with `task` added")
    presets: dict[str, Preset] = Field(description="named recipes")
    datasets: list[DatasetSummary]
    active_model: Model | None


class TaskDetail(TaskSummary):
    """A kind of problem with its forms."""

    input_schema: dict[str, Any] = Field(description="JSON Schema of one input")
    output_schema: dict[str, Any] = Field(description="JSON Schema of one prediction")
    examples: list[Example] = Field(description="inputs to try, `example` first")
    ranges: dict[str, Range] = Field(description="where numbers of an input usually lie, by name; empty without such")
    labels: list[str | int] = Field(
        description="the answers of a classifier; empty for regression. A multilabel model's manifest has its own list"
    )
    heads: list[HeadName] = Field(description="what a recipe may choose as `head`")
    pictures: list[str] = Field(description="what `GET /models/{id}/{picture}.svg` can draw of its models")


def task_summary(task: Task, active: Model | None, catalog: Catalog) -> TaskSummary:
    """A task in short."""
    datasets = [
        DatasetSummary(
            name=d.name,
            description=d.description,
            is_sample=d.is_sample,
            here=catalog.is_here(d),
            pictures=list(kinds_of_dataset(task, d, catalog)),
        )
        for d in task.datasets
    ]
    return TaskSummary(
        name=task.name,
        kind=task.kind,
        answer=task.answer,
        title=task.title,
        description=task.description,
        notice=task.notice,
        example=task.example,
        presets=task.presets,
        datasets=datasets,
        active_model=active,
    )


def task_detail(task: Task, active: Model | None, catalog: Catalog) -> TaskDetail:
    """A task in full."""
    return TaskDetail(
        **task_summary(task, active, catalog).model_dump(),
        input_schema=task.Input.model_json_schema(),
        output_schema=TypeAdapter(task.Prediction).json_schema(),
        examples=list(task.examples),
        ranges=dict(task.ranges),
        labels=list(task.labels),
        heads=list(task.heads),
        pictures=["diagram", *task.pictures],
    )
