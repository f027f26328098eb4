"""Tasks: what can be asked, what an input looks like, and what the answer is."""

from typing import Any

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.models import Model, ModelRef
from densely_client.forms.recipes import Preset

Label = str | int


class Dataset(Form):
    """A dataset that a task can train on."""

    name: str
    description: str
    is_sample: bool
    here: bool = Field(description="whether the rows are on the service's machine")
    pictures: list[str] = Field(default_factory=list, description="what `client.tasks.picture` can draw of it")


class AnswerKind(Form):
    """What is asked: one or more of several labels, or a number."""

    kind: str = Field(description="`one_of`, `several_of`, `number` or `rating`")
    column: str | None = Field(None, description="of the datasets, that holds it")
    labels: list[Label] | None = Field(None, description="of `one_of` and `several_of`")
    several: str | None = Field(None, description="of `one_of`: column of lists of labels, where a row may have more")
    shows: list[str] | None = Field(None, description="of `one_of`: what an answer holds besides label and probability")
    title: str | None = Field(None, description="of `number` and `rating`: what it is")
    unit: str | None = Field(None, description="of `number` and `rating`")
    least: float | None = Field(None, alias="from", description="of `rating`")
    greatest: float | None = Field(None, alias="to", description="of `rating`")


class Example(Form):
    """An input to try."""

    title: str
    input: dict[str, Any] = Field(description="its fields, as `client.predict` takes them")


class Range(Form):
    """Where a number of an input usually lies; more is taken."""

    least: float
    greatest: float
    step: float


class TaskSummary(Form):
    """What can be asked, in short."""

    name: str
    own: bool = Field(False, description="whether it is of the user's own; the others come with Densely")
    label_names: dict[str, str] = Field(default_factory=dict, description="how labels are shown, where that differs")
    kind: str = Field(description="`text`, `image`, `table` or `plane`: how an input looks")
    title: str
    description: str
    answer: AnswerKind
    notice: str | None = Field(None, description="what a user of its data must know")
    example: dict[str, Any]
    presets: dict[str, Preset]
    datasets: list[Dataset]
    active_model: Model | None


class Task(TaskSummary):
    """What can be asked, with its schemas, examples and pictures."""

    input_schema: dict[str, Any] = Field(description="JSON Schema of one input")
    output_schema: dict[str, Any] = Field(description="JSON Schema of one prediction")
    examples: list[Example]
    ranges: dict[str, Range] = Field(description="where numbers of an input usually lie, by name")
    categories: dict[str, list[str]] = Field(
        default_factory=dict, description="known values of an input's categories, by name; others are taken too"
    )
    labels: list[Label] = Field(default_factory=list, description="the answers of a classifier")
    heads: list[str] = Field(default_factory=list, description="what a recipe may choose as `head`")
    pictures: list[str] = Field(default_factory=list, description="what `client.models.picture` can draw")


class Encoded(Form):
    """How a model sees an input; which fields `encoding` has depends on the task's kind."""

    task: str
    model: ModelRef
    encoding: dict[str, Any]


class Decoded(Form):
    """What a model sees, turned back."""

    task: str
    model: ModelRef
    decoding: dict[str, Any]
