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


class BoardRow(Form):
    """A run's place among those that are compared, by its figure on the test split."""

    run: str = Field(description="its id")
    rank: int | None = Field(None, description="1 is the best; None: `reading` says why it has no place")
    name: str = Field(description="of the figure")
    higher_is_better: bool
    value: float | None = None
    low: float | None = Field(None, description="lower bound of its 95 % interval")
    high: float | None = Field(None, description="upper bound of its 95 % interval")
    guessing: float | None = Field(None, description="what guessing scores")
    difference: float | None = Field(None, description="value less that of the best; None for the best itself")
    p_adjusted: float | None = Field(None, description="of the paired test with the best")
    significant: bool | None = Field(None, description="whether that test favours the best")
    reading: str


class Comparison(Form):
    """Runs of one task: where they differ, their figures, and what paired tests say."""

    task: str
    pictures: list[Drawing] = Field(default_factory=list)
    runs: list[ComparedRun]
    board: list[BoardRow] = Field(default_factory=list, description="the runs, best first")
    differences: list[Difference]
    tests: list[PairedTest]
    notes: list[str]
