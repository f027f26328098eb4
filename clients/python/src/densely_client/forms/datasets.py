"""Datasets: what was found in a file, what is kept of it, and its rows."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.runs import RunData
from densely_client.forms.tasks import AnswerKind, Label, Task


class Fault(Form):
    """A row that cannot be used, or a part of the file."""

    line: int | None = Field(None, description="of the file, from 1; of a Parquet file or an archive the row")
    column: str | None = Field(None, description="as the file calls it; of an archive the file within it")
    message: str


class ValueCount(Form):
    """A value and how many rows have it."""

    value: str
    rows: int


class Histogram(Form):
    """How the numbers of a column are spread: `counts[i]` lie from `edges[i]` up to `edges[i + 1]`."""

    edges: list[float]
    counts: list[int]


class ColumnProfile(Form):
    """What a column of the file holds."""

    name: str = Field(description="as an input calls it")
    source: str = Field(description="as the file calls it")
    role: str = Field(description="what it is used as, such as `text`, `number`, `label` or `ignored`")
    missing: int = Field(0, description="rows without a value")
    distinct: int | None = Field(
        None, description="different values; of very many, and where rows were added, a lower bound"
    )
    least: float | None = Field(None, description="of numbers and dates (days since 1970); of texts the characters")
    greatest: float | None = None
    mean: float | None = None
    histogram: Histogram | None = Field(None, description="of numbers, of dates, and of the lengths of texts")
    common: list[ValueCount] = Field(default_factory=list, description="the most frequent values, of categories")


class LabelCount(Form):
    """A label and the rows that have it."""

    label: Label
    train: int
    test: int


class Findings(Form):
    """What was found in a file."""

    format: str = Field(description="`csv`, `tsv`, `jsonl`, `json`, `parquet` or `zip`")
    encoding: str | None = Field(None, description="of a text file")
    delimiter: str | None = None
    compressed: bool = False
    bytes: int = Field(description="of the file as it came")
    rows: int = Field(description="that can be used")
    skipped: int = Field(0, description="rows left out for their faults")
    faults: list[Fault] = Field(default_factory=list, description="the first twenty")
    duplicates: int = Field(0, description="rows whose input another row has as well")
    train_rows: int
    test_rows: int
    split: Literal["given", "made"]
    columns: list[ColumnProfile]
    labels: list[LabelCount] = Field(default_factory=list, description="of a classifier, in its order")
    warnings: list[str] = Field(default_factory=list, description="what speaks against training on these rows")
    first_rows: list[dict[str, Any]] = Field(default_factory=list, description="as the file has them")


class Look(Form):
    """What a file would become: nothing of it was kept."""

    findings: Findings
    kind: dict[str, Any] = Field(description="how an input would look")
    answer: AnswerKind


class DatasetEntry(Form):
    """A dataset, in short."""

    name: str
    version: int = Field(description="from 1; the same name uploaded again is the next version")
    task: str
    created_at: datetime
    sha256: str = Field(description="of the rows as they are kept")
    bytes: int = Field(description="of the file that keeps them")
    rows: int
    train_rows: int
    test_rows: int
    skipped: int


class DatasetDetail(DatasetEntry):
    """A dataset, with what was found in it."""

    findings: Findings
    pictures: list[str] = Field(default_factory=list, description="what `client.datasets.picture` can draw of it")


class DatasetRow(Form):
    """A row of a dataset, and what a model makes of it."""

    row: int = Field(description="its number in the dataset, from 0")
    split: Literal["train", "test"]
    input: dict[str, Any] = Field(description="as `client.predict` takes it")
    answer: Any = Field(description="what the dataset says: a label, several, or a number")
    prediction: dict[str, Any] | None = Field(None, description="what the model says; only with `model`")
    wrong: bool | None = Field(None, description="whether the model's label is another one; None for numbers")


class TaskCreated(Form):
    """A task that was made of a file."""

    task: Task
    dataset: DatasetDetail
    run: RunData | None = Field(description="its first training, unless none was asked for")
