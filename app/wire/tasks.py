"""Tasks and their datasets."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.domain.recipes import HeadName, Preset
from app.wire.datasets import AnswerSpec, DatasetDetail, Findings, KindSpec
from app.wire.declarations import Answer, DeclaredKind, KindName, TaskName
from app.wire.models import Model
from app.wire.pieces import Example, Range
from app.wire.runs import Run

Title = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
Description = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


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
    categories: dict[str, list[str]] = Field(
        description="known values of an input's categories, by name, most frequent first; others are taken too"
    )
    labels: list[str | int] = Field(
        description="the answers of a classifier; empty for regression. A multilabel model's manifest has its own list"
    )
    heads: list[HeadName] = Field(description="what a recipe may choose as `head`")
    pictures: list[str] = Field(description="what `GET /models/{id}/{picture}.svg` can draw of its models")


class TaskCreate(BaseModel):
    """A task to be made. What is left out is guessed from its rows; without rows, kind and answer are needed."""

    model_config = ConfigDict(extra="forbid")
    name: TaskName = Field(description="small letters, digits and hyphens; no other task may have it")
    title: Title | None = Field(None, description="default: the name")
    description: Description = ""
    kind: KindSpec | None = Field(None, description="what an input is; without rows with its columns")
    answer: AnswerSpec | None = Field(None, description="what is asked")


class TaskPatch(BaseModel):
    """What can be changed of a task of the user's own; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    title: Title | None = None
    description: Description | None = None
    label_names: dict[str, Title] | None = Field(
        None, max_length=10_000, description="how labels are shown; of a label that is left out, as it is called"
    )


class TaskCreated(BaseModel):
    """A task that was made with its first rows."""

    task: TaskDetail
    dataset: DatasetDetail
    run: Run | None = Field(description="its first training; null if none was wanted")


class Look(BaseModel):
    """What was found in a file of which nothing was kept."""

    findings: Findings
    kind: DeclaredKind
    answer: Answer
