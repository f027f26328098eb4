"""What is known of a model."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from densely_client.forms.base import Form


class MetricReport(Form):
    """The figure that a model is measured by, on its test split."""

    name: str
    value: float | None
    low: float | None = Field(description="of the 95 % interval; None if no answers were kept")
    high: float | None
    guessing: float | None
    higher_is_better: bool


class ActiveReport(Form):
    """The active model beside this one."""

    model_id: str
    version: int
    value: float | None
    low: float | None
    high: float | None
    difference: float | None = Field(description="this model's figure less the active one's")
    p_value: float | None
    significant: bool | None
    reading: str


class LabelReport(Form):
    """One label on the test split."""

    label: int | str
    rows: int = Field(description="that have it")
    predicted: int = Field(description="rows that the model gives it")
    precision: float | None
    recall: float | None
    f1: float | None


class ConfusedPair(Form):
    """Rows of one label that the model takes for another."""

    target: int | str
    predicted: int | str
    rows: int
    share: float = Field(description="of the rows of `target`, 0 to 1")


class CalibrationBin(Form):
    """Answers of about the same probability."""

    from_: float = Field(alias="from")
    to: float
    rows: int
    confidence: float
    accuracy: float


class CalibrationReport(Form):
    """How far probabilities are from the share of right answers."""

    error: float
    bins: list[CalibrationBin]


class ErrorReport(Form):
    """Absolute errors of the test rows."""

    p50: float
    p90: float
    p99: float
    worst: float


class Latency(Form):
    """How long the service takes for its task's example, without HTTP."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float
    when: datetime
    device: str


class Origin(Form):
    """Who made a model, and from what."""

    key: str | None
    run: str | None
    run_exists: bool
    name: str | None
    sweep: str | None
    preset: str
    dataset: str
    dataset_version: int | None
    tags: dict[str, str]
    note: str


class ModelReport(Form):
    """A model in figures."""

    kind: Literal["labels", "several", "numbers"]
    metric: MetricReport
    active: ActiveReport | None = Field(description="None: this one is active, or none is")
    labels: list[LabelReport]
    confusions: list[ConfusedPair] = Field(description="the worst first")
    calibration: CalibrationReport | None
    errors: ErrorReport | None
    latency: Latency | None
    bytes: int
    made_by: Origin
