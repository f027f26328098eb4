"""Tasks and their datasets."""

from typing import Any

from pydantic import BaseModel, Field

from app.domain.recipes import HeadName, Preset
from app.wire.declarations import Answer, Example, KindName, Range
from app.wire.models import Model


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
    """A task in short."""

    name: str
    own: bool = Field(description="whether it is of the user's own; the others come with Densely")
    kind: KindName
    title: str
    description: str
    answer: Answer
    label_names: dict[str, str] = Field(description="how labels are shown, where that is not as they are called")
    notice: str | None = Field(description="what a user of its data must know")
    example: dict[str, Any] = Field(description="an input that `POST /predict` takes, with `task` added")
    presets: dict[str, Preset] = Field(description="named recipes")
    datasets: list[DatasetSummary]
    active_model: Model | None


class TaskDetail(TaskSummary):
    """A task with its forms."""

    input_schema: dict[str, Any] = Field(description="JSON Schema of one input")
    output_schema: dict[str, Any] = Field(description="JSON Schema of one prediction")
    examples: list[Example] = Field(description="inputs to try, `example` first")
    ranges: dict[str, Range] = Field(description="where numbers of an input usually lie, by name; empty without such")
    labels: list[str | int] = Field(
        description="the answers of a classifier; empty for regression. A multilabel model's manifest has its own list"
    )
    heads: list[HeadName] = Field(description="what a recipe may choose as `head`")
    pictures: list[str] = Field(description="what `GET /models/{id}/{picture}.svg` can draw of its models")
