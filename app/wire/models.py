"""Trained models, and which of them are active."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.domain.runs import Line, Metrics
from app.wire.manifests import Manifest
from app.wire.pictures import Drawing


class Model(BaseModel):
    """A trained model, in short; its manifest holds the rest."""

    id: str
    task: str
    version: int
    run_id: str | None
    dataset: str
    dataset_is_sample: bool = Field(description="true if it was trained on the bundled sample, not on real data")
    metrics: Metrics
    created_at: datetime
    active: bool
    name: str | None = Field(None, description="of the run that made it, if it had one and is still there")


class ModelDetail(Model):
    """A trained model with its manifest."""

    pictures: list[Drawing]
    manifest: Manifest


class Activation(BaseModel):
    """One change of a task's active model."""

    id: int
    task: str
    model_id: str
    previous_model_id: str | None
    reason: str = Field(description="why, in the words of the service")
    at: datetime
    version: int = Field(description="of the model")
    previous_version: int | None = Field(None, description="null: there was none, or it was removed")
    by: str | None = Field(None, description="name of the API key that asked for it, or for the run; null: none did")
    note: str | None = Field(None, description="why, in the words of the client")


class ActivateRequest(BaseModel):
    """Which model is to answer."""

    model_config = ConfigDict(extra="forbid")
    model_id: str = Field(max_length=64, pattern=r"^[a-z0-9-]+$")
    reason: Line | None = Field(None, description="why, for those who read the history")


# A label, a value, or the labels of a multilabel row; None of a value beyond all numbers.
Said = int | str | float | list[int | str] | None


class Answer(BaseModel):
    """A test row, as a client gets it; the last two fields are a classifier's alone."""

    row: int = Field(description="its number in the test split, from 0")
    target: Said = Field(description="what is true: a label, a value, or a list of labels")
    predicted: Said = Field(description="what the model says, in the same form")
    probability: float | None = Field(
        None, description="of `predicted`; of a multilabel model, of its likeliest label. Null where none was kept"
    )
    probabilities: dict[str, float] | None = Field(None, description="of each label. Null where they were not kept")
