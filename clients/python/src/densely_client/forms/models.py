"""Trained models."""

from datetime import datetime
from typing import Any

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.runs import Metrics


class ModelRef(Form):
    """The model that answered."""

    id: str
    version: int


class Model(Form):
    """A trained model, in short."""

    id: str
    task: str
    version: int
    run_id: str | None
    dataset: str
    dataset_is_sample: bool
    metrics: Metrics
    created_at: datetime
    active: bool
    name: str | None = Field(None, description="of the run that made it, if it is still there")


class Drawing(Form):
    """A picture that can be asked for."""

    title: str
    path: str = Field(description="relative to the service's own address; also with `.png` in place of `.svg`")


class ModelDetail(Model):
    """A trained model with its manifest: recipe, layers, dataset, versions, checksums."""

    pictures: list[Drawing] = Field(default_factory=list)
    manifest: dict[str, Any]


class Activation(Form):
    """One change of a task's active model."""

    id: int
    task: str
    model_id: str
    previous_model_id: str | None
    reason: str = Field(description="why, in the words of the service")
    at: datetime
    version: int | None = Field(None, description="of the model; a service of before tells none")
    previous_version: int | None = Field(None, description="None: there was none, or it was removed")
    by: str | None = Field(None, description="name of the API key that asked for it")
    note: str | None = Field(None, description="why, in the words of whoever asked")
