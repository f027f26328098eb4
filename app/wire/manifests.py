"""The manifest: everything there is to know about a model without loading its weights."""

import re
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.domain.recipes import Recipe, Validation
from app.domain.runs import Metrics

MANIFEST = "manifest.json"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
FORMAT_VERSION = 1  # raise it when a reader of the old form would misread the new one


LayerKind = Literal[
    "dense", "dropout", "flatten", "reshape", "conv2d", "max_pool", "global_average_pool", "batch_norm", "activation",
]  # fmt: skip


class LayerRow(BaseModel):
    """A line of the layer table."""

    model_config = ConfigDict(frozen=True)
    kind: LayerKind
    units: int = Field(description="width of the layer's output; of a picture its channels")
    shape: tuple[int, int, int] | None = Field(
        None, description="of its output, if that is a picture: rows, columns, channels"
    )
    activation: str | None = Field(None, description="for dense layers, convolutions and activations")
    kernel_size: int | None = Field(None, description="for convolutions, pixels a side")
    strides: int | None = Field(None, description="for convolutions, pixels from one result to the next")
    padding: str | None = Field(None, description="for convolutions: `same` or `valid`")
    pool_size: int | None = Field(None, description="for max_pool, pixels a side")
    rate: float | None = Field(None, description="for dropout layers, share of the inputs set to zero in training")
    parameters: int = Field(description="weights; of batch_norm also its moving means and variances")


class DatasetRecord(BaseModel):
    """What a model was trained on."""

    model_config = ConfigDict(frozen=True)
    name: str
    sha256: str = Field(description="of the Parquet file, or of the sample's rows")
    train_rows: int
    test_rows: int
    is_sample: bool = Field(description="true if the rows are the bundled sample, not real data")
    notes: list[str] = Field(default_factory=list, description="what was done to the rows on import")


class Parity(BaseModel):
    """How closely NumPy and Keras agreed at export."""

    model_config = ConfigDict(frozen=True)
    rows: int = Field(description="held-out rows compared")
    max_difference: float = Field(description="largest difference, relative where outputs exceed 1")


class NoveltyRecord(BaseModel):
    """How novel rows are from which a measure was not learnt: each fifth of the training rows, by the others."""

    model_config = ConfigDict(frozen=True)
    rows: int = Field(description="training rows on which the measure was tried")
    limit: float = Field(description="novelty above which an answer warns, 0 to 1")
    shares: list[float] = Field(description="of these rows, ascending from 0 to 1; a novelty is such a share")
    scores: list[float] = Field(description="that so many of them have at most; between two of them it is interpolated")
    false_alarms: float = Field(description="share of the test rows whose answers warn, 0 to 1")


class FileRecord(BaseModel):
    """A file of the artifact."""

    model_config = ConfigDict(frozen=True)
    sha256: str
    bytes: int


class Manifest(BaseModel):
    """`manifest.json`."""

    model_config = ConfigDict(frozen=True)
    format_version: int = FORMAT_VERSION
    id: str
    task: str
    run_id: str
    attempt: int
    created_at: datetime
    preset: str
    recipe: Recipe
    validation: Validation
    seed: int
    seeds: int = Field(1, description="how often it was trained, from `seed` on; this is the model of `seed`")
    layers: list[LayerRow] = Field(description="of an ensemble, those of each member")
    parameters: int = Field(description="trained weights of all layers of all members")
    input: dict[str, Any] = Field(description="columns taken, and numbers per encoded row")
    output: dict[str, Any] = Field(description="units and activation of the last layer")
    labels: list[str | int] = Field(description="what each output unit stands for; both answers of a binary head")
    metrics: Metrics
    epochs: int = Field(description="epochs of the published fit")
    seconds: float = Field(description="time spent training and evaluating, seconds")
    dataset: DatasetRecord
    device: str
    devices: int = Field(1, description="that shared each batch in training; `device` names them")
    versions: dict[str, str]
    parity: Parity
    novelty: NoveltyRecord | None = Field(None, description="of models that tell it; those of former releases do not")
    files: dict[str, FileRecord] = Field(default_factory=dict, description="every other file of the artifact")

    @field_validator("files")
    @classmethod
    def _lie_beside_it(cls, files: dict[str, FileRecord]) -> dict[str, FileRecord]:
        """A path would lead out of the artifact's folder, to any file that the service may read."""
        for name in files:
            if name == MANIFEST or not _FILE_NAME.fullmatch(name):
                raise ValueError(f"{name[:80]!r} is no file of an artifact")
        return files
