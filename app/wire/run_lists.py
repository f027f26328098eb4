"""Runs as rows of a list, and what is done to one or to many of them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from app.domain.runs import Line, Note, RunStatus, Slug
from app.wire.runs import Progress, QueuePlace, RunError

MOST_AT_ONCE = 500  # runs of an action
MOST_OF_MESSAGE = 200  # characters of an error, in a list

RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]
RunAction = Literal["cancel", "retry", "archive", "restore", "delete"]


class RunScore(BaseModel):
    """A run's main figure."""

    name: str = Field(
        description="accuracy, f1 or mae, on the test split; of a sweep's trial the same with `val_`, on held-out rows"
    )
    value: float
    guessing: float | None = Field(description="what guessing scores on the test split")
    higher_is_better: bool


class ShortCurve(BaseModel):
    """The loss of the fit that is published, by epoch."""

    name: str = Field(description="`val_loss`, or `loss` where no rows were held out")
    values: list[float] = Field(description="at most 24: of long runs some of them, the first and the last always")


class RunRow(BaseModel):
    """A run in short."""

    id: str
    name: str | None
    task: str
    preset: str
    dataset: str
    dataset_is_sample: bool
    status: RunStatus
    tags: dict[str, str]
    note: str
    archived_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None = Field(description="from its start to its end")
    progress: Progress | None
    score: RunScore | None
    model_id: str | None
    sweep: str | None
    retry_of: str | None
    queue: QueuePlace | None = Field(None, description="of a queued run alone")
    error: RunError | None = Field(description=f"its message cut at {MOST_OF_MESSAGE} characters")
    curve: ShortCurve | None


class RunRows(BaseModel):
    """A part of a list of runs, and how long the whole is."""

    items: list[RunRow]
    next: int | None
    total: int = Field(description="runs on all pages")


class RunPatch(BaseModel):
    """What is changed of a run; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    name: Line | None = Field(None, description="null takes it away")
    tags: dict[Slug, Line] = Field(
        default_factory=dict,
        max_length=20,
        description="in place of those that it has",
        json_schema_extra={"additionalProperties": False},  # than those whose keys have the pattern
    )
    note: Note = ""
    archived: bool = Field(False, strict=True, description="only a run that has ended can be archived")


class RunActionRequest(BaseModel):
    """What is to be done to runs, each by itself."""

    model_config = ConfigDict(extra="forbid")
    action: RunAction
    runs: list[RunId] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="their ids", json_schema_extra={"uniqueItems": True}
    )
    models: bool = Field(False, strict=True, description="with `delete`: their models too, but for one that is active")
    dry_run: bool = Field(False, strict=True, description="only say what would be done")

    @field_validator("runs")
    @classmethod
    def _each_once(cls, runs: list[str]) -> list[str]:
        if len(set(runs)) < len(runs):
            raise ValueError("names a run twice")
        return runs


class RunRefused(BaseModel):
    """A run to which it was not done."""

    run: str
    status: int = Field(description="the status that the call for this run alone is answered with")
    reason: str


class Freed(BaseModel):
    """What is not there any more."""

    bytes: int = Field(description="of the files of models")
    runs: int
    models: int


class RunActionDone(BaseModel):
    """What was done, or with `dry_run` would be."""

    action: RunAction
    dry_run: bool
    done: list[str] = Field(description="the runs to which it was done")
    refused: list[RunRefused]
    created: list[str] = Field(description="the new runs of `retry`; none in a dry run")
    frees: Freed
