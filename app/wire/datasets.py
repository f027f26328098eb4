"""Datasets of the user's own: how a file is to be read, what was found in it, and what is kept of it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.numbers import Number
from app.wire.declarations import Answer, DatasetName, DeclaredKind

# As short as it is, so that with its version it fits wherever the name of a dataset does.
UPLOAD_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$"
UploadName = Annotated[str, Field(pattern=UPLOAD_NAME)]
FileFormat = Literal["csv", "tsv", "jsonl", "json", "parquet", "zip"]
Role = Literal["text", "number", "category", "flag", "date", "image", "label", "split", "ignored"]

MOST_FAULTS = 20  # that are listed; more are counted
MOST_COMMON = 20  # values of a column that are counted one by one
FIRST_ROWS = 10  # of a file, that are shown


class Fault(BaseModel):
    """A row that cannot be used, or a part of the file."""

    line: int | None = Field(None, description="of the file, from 1; of a Parquet file or an archive the row, from 1")
    column: str | None = Field(None, description="as the file calls it; of an archive the file within it")
    message: str


class ValueCount(BaseModel):
    """A value and how many rows have it."""

    value: str
    rows: int


class Histogram(BaseModel):
    """How the numbers of a column are spread: `counts[i]` lie from `edges[i]` up to `edges[i + 1]`."""

    edges: list[float]
    counts: list[int]


class ColumnProfile(BaseModel):
    """What a column of the file holds."""

    name: str = Field(description="as an input calls it")
    source: str = Field(description="as the file calls it")
    role: Role = Field(description="what it is used as")
    missing: int = Field(0, description="rows without a value")
    distinct: int | None = Field(
        None, description="different values; of very many, and where rows were added, a lower bound"
    )
    least: float | None = Field(None, description="of numbers and dates (days since 1970); of texts the characters")
    greatest: float | None = None
    mean: float | None = None
    histogram: Histogram | None = Field(None, description="of numbers, of dates, and of the lengths of texts")
    common: list[ValueCount] = Field(default_factory=list, description="the most frequent values, of categories")


class LabelCount(BaseModel):
    """A label and the rows that have it."""

    label: str | int
    train: int
    test: int


class Findings(BaseModel):
    """What was found in a file, before or after anything was kept."""

    format: FileFormat
    encoding: str | None = Field(None, description="of a text file, for example utf-8 or windows-1252")
    delimiter: str | None = None
    compressed: bool = Field(False, description="whether it came as .gz")
    bytes: int = Field(description="of the file as it came")
    rows: int = Field(description="that can be used")
    skipped: int = Field(0, description="rows left out for their faults")
    faults: list[Fault] = Field(default_factory=list, description=f"the first {MOST_FAULTS}")
    duplicates: int = Field(0, description="rows whose input another row has as well, after normalising")
    train_rows: int
    test_rows: int
    split: Literal["given", "made"]
    columns: list[ColumnProfile]
    labels: list[LabelCount] = Field(default_factory=list, description="of a classifier, in its order")
    warnings: list[str] = Field(
        default_factory=list, description="what speaks against training on these rows as they are"
    )
    first_rows: list[dict[str, Any]] = Field(default_factory=list, description="as the file has them")


class DatasetEntry(BaseModel):
    """A dataset that was uploaded, in short."""

    name: DatasetName
    version: int = Field(description="from 1; the same name uploaded again is the next version")
    task: str
    created_at: datetime
    sha256: str = Field(description="of the rows as they are kept, a Parquet file")
    bytes: int = Field(description="of that file")
    rows: int
    train_rows: int
    test_rows: int
    skipped: int


class DatasetDetail(DatasetEntry):
    """A dataset that was uploaded, with what was found in it."""

    findings: Findings
    pictures: list[str] = Field(description="what `GET /datasets/{name}/{picture}.svg` can draw of it")


class DatasetRow(BaseModel):
    """A row of a dataset, and what a model makes of it."""

    row: int = Field(description="its number in the dataset, from 0")
    split: Literal["train", "test"]
    input: dict[str, Any] = Field(description="as `POST /predict` takes it, with `task` added")
    answer: Any = Field(description="what the dataset says: a label, several, or a number")
    prediction: dict[str, Any] | None = Field(None, description="what the model says; only with `model`")
    wrong: bool | None = Field(None, description="whether the model's label is another one; null for numbers")


class TextSpec(BaseModel):
    """One or more columns of texts."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["text"] = "text"
    columns: list[str] | None = Field(None, min_length=1, max_length=8, description="the texts; default: guessed")


class ImageSpec(BaseModel):
    """Pictures, scaled to one size."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["image"] = "image"
    size: Annotated[int, Field(ge=8, le=96)] = Field(28, description="pixels of a side")
    colours: Literal["grey", "rgb"] = "grey"
    scaling: Literal["fit", "centre", "crop"] = Field(
        "fit", description="whole, with a border; by its centre of mass, as MNIST; or its middle, filling the square"
    )


class TableSpec(BaseModel):
    """Columns of numbers, categories, true or false, and dates."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["table"] = "table"
    columns: list[str] | None = Field(None, min_length=1, max_length=1_000, description="default: all but the answer")
    roles: dict[str, Literal["number", "category", "flag", "date"]] = Field(
        default_factory=dict, description="of columns that would be guessed wrong, by name"
    )


KindSpec = Annotated[TextSpec | ImageSpec | TableSpec, Field(discriminator="kind")]


class OneOfSpec(BaseModel):
    """One of several labels."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["one_of"] = "one_of"
    column: str | None = Field(None, description="that holds it; default: guessed")
    labels: list[str] | None = Field(None, min_length=2, max_length=10_000, description="default: those of the rows")


class SeveralOfSpec(BaseModel):
    """Any number of labels at once."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["several_of"] = "several_of"
    column: str | None = Field(None, description="that holds them, as a list or as a text with separators")
    labels: list[str] | None = Field(None, min_length=2, max_length=10_000)
    separator: str = Field(";", min_length=1, max_length=3, description="between the labels of a text")


class NumberSpec(BaseModel):
    """A number."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["number"] = "number"
    column: str | None = None
    unit: str = Field("", max_length=40)


class RatingSpec(BaseModel):
    """A number within bounds, such as 1 to 5 stars."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    kind: Literal["rating"] = "rating"
    column: str | None = None
    least: Annotated[Number, Field(ge=-1e6, le=1e6)] = Field(0.0, alias="from")
    greatest: Annotated[Number, Field(ge=-1e6, le=1e6)] = Field(1.0, alias="to")


AnswerSpec = Annotated[OneOfSpec | SeveralOfSpec | NumberSpec | RatingSpec, Field(discriminator="kind")]


class ImportPlan(BaseModel):
    """What the importing process is told besides the file, which is its standard input."""

    task: str
    task_number: int | None = Field(None, description="tells the task from another one of its name")
    dataset: DatasetName
    filename: str = Field("", description="as the client called it; only its ending is looked at")
    content_type: str = ""
    kind: KindSpec | None = Field(None, description="of a new task; null: guessed")
    answer: AnswerSpec | None = Field(None, description="of a new task; null: guessed")
    declared_kind: DeclaredKind | None = Field(None, description="of a task that has its columns already")
    declared_answer: Answer | None = None
    fixed: bool = Field(False, description="whether the declared labels and categories are all there may be")
    mapping: dict[str, str] = Field(default_factory=dict, description="columns of the file by names of the task")
    out: str | None = Field(None, description="path of the Parquet file to write; null: only look")
    owner: str = Field("", description="identity of the database whose rows they are, for the file's metadata")
    folder: str | None = Field(None, description="where files without a name lie meanwhile; null: the system's own")
    earlier: str | None = Field(None, description="path of the rows that these are added to")
    earlier_findings: Findings | None = None
    seed: int = 0
    test_share: float = Field(0.2, gt=0, lt=1, description="of rows without a split of their own")
    faulty_share: float = Field(0.01, ge=0, le=1, description="of rows that may be skipped; with more nothing is kept")
    most_bytes: int = 2**31
    most_rows: int = 10_000_000
    most_columns: int = 1_000
    most_labels: int = 10_000


class ImportResult(BaseModel):
    """What the importing process says at its end."""

    findings: Findings
    kind: DeclaredKind
    answer: Answer
    title: str = Field(description="of the answer's column, as the file calls it")
    examples: list[dict[str, Any]] = Field(description="inputs as `POST /predict` takes them, from the test rows")
    sha256: str | None = Field(None, description="of the written file")
    bytes: int | None = None
