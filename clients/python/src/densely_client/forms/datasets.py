"""Datasets of the user's own: what was found in a file, and what is kept of it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.runs import RunData
from densely_client.forms.tasks import AnswerKind, Label, Task


class Fault(Form):
    """A row that cannot be used, or a part of the file."""

    line: int | None = None
    column: str | None = None
    message: str


class ValueCount(Form):
    """A value and how many rows have it."""

    value: str
    rows: int


class Histogram(Form):
    """`counts[i]` numbers lie from `edges[i]` up to `edges[i + 1]`."""

    edges: list[float]
    counts: list[int]


class ColumnProfile(Form):
    """What a column of a file holds."""

    name: str = Field(description="as an input calls it")
    source: str = Field(description="as the file calls it")
    role: str = Field(description="`text`, `number`, `category`, `flag`, `date`, `image`, `label`, `split`, `ignored`")
    missing: int = 0
    distinct: int | None = None
    least: float | None = None
    greatest: float | None = None
    mean: float | None = None
    histogram: Histogram | None = None
    common: list[ValueCount] = Field(default_factory=list)


class LabelCount(Form):
    """A label and the rows that have it."""

    label: Label
    train: int
    test: int


class Findings(Form):
    """What was found in a file."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    compressed: bool = False
    bytes: int
    rows: int = Field(description="that can be used")
    skipped: int = Field(0, description="rows left out for their faults")
    faults: list[Fault] = Field(default_factory=list, description="the first ones")
    duplicates: int = 0
    train_rows: int
    test_rows: int
    split: str = Field(description="`given` or `made`")
    columns: list[ColumnProfile]
    labels: list[LabelCount] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    first_rows: list[dict[str, Any]] = Field(default_factory=list)


class Look(Form):
    """What was found in a file of which nothing was kept."""

    findings: Findings
    kind: dict[str, Any] = Field(description="what an input would be")
    answer: AnswerKind


class DatasetEntry(Form):
    """A dataset in short."""

    name: str
    version: int
    task: str
    created_at: datetime
    sha256: str
    bytes: int
    rows: int
    train_rows: int
    test_rows: int
    skipped: int


class DatasetDetail(DatasetEntry):
    """A dataset with what was found in it."""

    findings: Findings
    pictures: list[str] = Field(default_factory=list)


class DatasetRow(Form):
    """A row of a dataset, and what a model makes of it."""

    row: int
    split: Literal["train", "test"]
    input: dict[str, Any]
    answer: Any
    prediction: dict[str, Any] | None = None
    wrong: bool | None = None


class TaskCreated(Form):
    """A task that was made with its first rows."""

    task: Task
    dataset: DatasetDetail
    run: RunData | None = Field(description="its first training, if one was wanted")
