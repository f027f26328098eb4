"""Runs: what is asked for, where it stands, and what happened to it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from app.domain.numbers import Integer
from app.domain.recipes import Recipe, RecipePatch, Validation
from app.domain.runs import Activate, Line, Metrics, Note, Phase, RunStatus, Slug
from app.domain.trials import Prior, Trial


class TrainRequest(BaseModel):
    """What a client asks for; everything left out comes from the task and the preset."""

    model_config = ConfigDict(extra="forbid")
    task: str = Field(max_length=64, description="name of a task, see `GET /tasks`")
    preset: str = Field("baseline", max_length=64, description="a named recipe of the task")
    dataset: str | None = Field(None, max_length=64, description="default: the task's first dataset")
    seed: Annotated[int, Integer(0, 2**31 - 1)] | None = Field(
        None,
        description="of weights, batch order and dropout; default: drawn, and kept",
    )
    recipe: RecipePatch = Field(default_factory=RecipePatch, description="fields that replace the preset's")
    seeds: Annotated[int, Integer(1, 20)] = Field(
        1,
        description="train so many times, with `seed`, `seed` + 1 and so on, and report mean and spread; the model of "
        "`seed` is published",
    )
    validation: Validation | None = Field(None, description="default: the preset's")
    activate: Activate = Field("if_better", description="when the new model becomes the active one")
    name: Line | None = None
    tags: dict[Slug, Line] = Field(default_factory=dict, max_length=20)
    note: Note = Field("", description="what there is to say about it")
    webhook: str | None = Field(
        None,
        max_length=2_000,
        description="http or https URL that is sent the run, signed, when it has ended; no call shows it again",
    )


class Progress(BaseModel):
    """How far a running attempt is."""

    epoch: int = Field(0, description="epochs finished in this fit")
    epochs: int = Field(description="epochs this fit has at most")
    fold: int | None = Field(None, description="which fold of k, from 1; null for the fit that is published")
    folds: int | None = Field(None, description="how many folds")
    seed: int | None = Field(None, description="which seed, where there are several")
    fraction: float = Field(0.0, description="share of all epochs done, 0 to 1")
    eta_seconds: float | None = Field(None, description="estimated time left, seconds; from the second epoch on")
    phase: Phase | None = Field(
        None, description="what the attempt is at, or of a run that has ended was at last; null: of a former release"
    )


class RunError(BaseModel):
    """Why a run failed, or a sweep's trial was stopped early."""

    type: str = Field(description="name of the error")
    message: str


class QueuePlace(BaseModel):
    """Where a run stands that waits."""

    place: int = Field(description="from 1, which is next")
    expected_start: datetime | None = Field(
        description="by what earlier runs like those before it took, and by how many are trained side by side; null "
        "where nothing tells"
    )


class Run(BaseModel):
    """One row of the queue and of the history at once."""

    id: str
    task: str
    status: RunStatus
    preset: str
    dataset: str
    dataset_is_sample: bool = Field(description="true if the rows are the bundled sample, not real data")
    recipe: Recipe
    validation: Validation
    seed: int
    seeds: int = Field(description="how often it is trained, with seeds from `seed` on")
    activate: Activate
    name: str | None
    tags: dict[str, str]
    attempt: int = Field(description="which try this is; 0 before the first")
    max_attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    progress: Progress | None = Field(description="of a running run null until its trainer has begun")
    metrics: Metrics
    model_id: str | None
    error: RunError | None
    device: str | None = Field(description="what trained, for example CPU:0, GPU:0 or GPU:0 to GPU:3")
    retry_of: str | None
    traceparent: str | None = Field(
        description="the trace of the request that asked for it (W3C Trace Context), which its webhook continues"
    )
    sweep: str | None = Field(None, description="the sweep that it belongs to")
    trial: Trial | None = Field(None, description="of a sweep's trial; null for the run of its winner")
    prior: Prior | None = Field(None, description="of a winner's run: what its trial found out on held-out rows")
    note: str = Field("", description="what somebody wrote about it")
    archived_at: datetime | None = Field(None, description="since when lists leave it out unless they are asked")
    queue: QueuePlace | None = Field(None, description="of a queued run alone")


class Epoch(BaseModel):
    """One epoch of a run's history: `loss`, `accuracy` or `mae`, and the same with `val_` where measured."""

    epoch: int = Field(description="from 1")
    fold: int | None = Field(description="which fold of k, from 1; null for the fit that is published")
    seed: int | None = Field(None, description="whose fit this is, where there are several seeds")
    seconds: float
    metrics: dict[str, float] = Field(exclude=True)

    @model_serializer(mode="wrap")
    def _flat(self, handler: SerializerFunctionWrapHandler) -> dict[str, int | float | None]:
        return {**handler(self), **self.metrics}


class Event(BaseModel):
    """Something that happened to a run."""

    id: int
    run_id: str
    type: Literal["status", "epoch", "log"]
    at: datetime
    data: dict[str, Any]


class History(BaseModel):
    """A run's epochs, in the order they were trained."""

    epochs: list[Epoch]
