"""What is known of a model: how good it is and where it errs, who made it, how fast it answers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class MetricReport(BaseModel):
    """The figure that the model is measured by, on its test split."""

    name: str = Field(description="accuracy, f1 or mae")
    value: float | None
    low: float | None = Field(description="of the 95 % interval; null if no answers were kept")
    high: float | None
    guessing: float | None = Field(description="what guessing scores on the same rows")
    higher_is_better: bool


class ActiveReport(BaseModel):
    """The active model beside this one, on the same test rows."""

    model_id: str
    version: int
    value: float | None
    low: float | None
    high: float | None
    difference: float | None = Field(description="this model's figure less the active one's; null if not comparable")
    p_value: float | None = Field(description="of a paired test on the rows: McNemar's, of numbers Wilcoxon's")
    significant: bool | None = Field(description="whether that is below 0.05")
    reading: str


class LabelReport(BaseModel):
    """One label on the test split."""

    label: int | str
    rows: int = Field(description="that have it")
    predicted: int = Field(description="rows that the model gives it")
    precision: float | None = Field(description="share of the latter that have it; null without any")
    recall: float | None = Field(description="share of the former that are given it; null without any")
    f1: float | None


class ConfusedPair(BaseModel):
    """Rows of one label that the model takes for another."""

    target: int | str
    predicted: int | str
    rows: int
    share: float = Field(description="of the rows of `target`, 0 to 1")


class CalibrationBin(BaseModel):
    """Answers of about the same probability."""

    low: float = Field(alias="from", description="least probability, 0 to 1")
    high: float = Field(alias="to")
    rows: int = Field(description="of several labels at once: rows times labels")
    confidence: float = Field(description="mean probability of the answers")
    accuracy: float = Field(description="share of right ones among them")


class CalibrationReport(BaseModel):
    """How far probabilities are from the share of right answers."""

    error: float = Field(description="expected calibration error, 15 bins, 0 to 1")
    bins: list[CalibrationBin] = Field(description="those that have rows")


class ErrorReport(BaseModel):
    """How far off a regression is, in the target's unit: absolute errors of the test rows."""

    p50: float = Field(description="half of the rows are at most so far off")
    p90: float
    p99: float
    worst: float


class Latency(BaseModel):
    """How long this process takes for the task's example, without HTTP."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float = Field(description="of many rows in one call")
    when: datetime
    device: str


class Origin(BaseModel):
    """Who made a model, and from what."""

    key: str | None = Field(description="name of the API key that queued the run; null: none, or the run is gone")
    run: str | None
    run_exists: bool
    name: str | None = Field(description="of the run")
    sweep: str | None
    preset: str
    dataset: str
    dataset_version: int | None
    tags: dict[str, str]
    note: str


class ModelReport(BaseModel):
    """A model in figures."""

    kind: Literal["labels", "several", "numbers"] = Field(description="what it answers with")
    metric: MetricReport
    active: ActiveReport | None = Field(description="null: this one is active, or none is")
    labels: list[LabelReport] = Field(description="at most 1,000, those with the most rows; none of numbers")
    confusions: list[ConfusedPair] = Field(description="at most 50, the worst first; none of several labels at once")
    calibration: CalibrationReport | None
    errors: ErrorReport | None = Field(description="of numbers")
    latency: Latency | None = Field(
        description="measured when it is first asked for; null if the model cannot answer, or while others are measured"
    )
    bytes: int = Field(description="of its files")
    made_by: Origin
