"""Runs of one task side by side."""

from typing import Any

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.models import Drawing
from densely_client.forms.runs import Metrics, RunStatus


class ComparedRun(Form):
    """A run of a comparison, in short."""

    id: str
    label: str = Field("", description="what it is called beside the others")
    name: str | None
    preset: str
    dataset: str
    seed: int
    seeds: int = 1
    status: RunStatus
    metrics: Metrics
    model_id: str | None


class Difference(Form):
    """A setting in which the runs differ: a dotted path, and one value for each run."""

    field: str
    values: list[Any]


class PairedTest(Form):
    """Two models on the same test rows: could chance alone make them differ so much?"""

    runs: tuple[str, str]
    test: str
    rows: int = Field(description="that both models answered")
    figures: tuple[float, float] = Field(description="accuracy, or mean absolute error, of each")
    first_better: int = Field(description="rows on which the first model is closer to the truth")
    second_better: int = Field(description="rows on which the second is")
    p_value: float
    p_adjusted: float = Field(description="adjusted for the number of pairs")
    better: str | None = Field(description="id of the better run, if chance does not explain it")
    reading: str


class Comparison(Form):
    """Runs of one task: where they differ, their figures, and what paired tests say."""

    task: str
    pictures: list[Drawing] = Field(default_factory=list)
    runs: list[ComparedRun]
    differences: list[Difference]
    tests: list[PairedTest]
    notes: list[str]
