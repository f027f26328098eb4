"""Runs side by side."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.domain.runs import Metrics, RunStatus
from app.wire.pictures import Drawing


class ComparedRun(BaseModel):
    """A run in short."""

    id: str
    label: str = Field(description="its name or preset, and what else tells it apart from the others")
    name: str | None
    preset: str
    dataset: str
    seed: int
    seeds: int
    status: RunStatus
    metrics: Metrics = Field(description="with the spread over folds or seeds, where there is one")
    model_id: str | None


class Difference(BaseModel):
    """A setting in which the runs differ."""

    field: str = Field(description="dotted path, for example `recipe.layers.0.units`")
    values: list[Any] = Field(description="one for each run, in their order; null where a run has no such setting")


class PairedTest(BaseModel):
    """Two models on the same test rows: could chance alone make them differ so much?"""

    runs: tuple[str, str]
    test: Literal["mcnemar", "wilcoxon"] = Field(
        description="mcnemar (1947), in its exact binomial form: rows that only one of them gets right; "
        "wilcoxon (1945), signed ranks: absolute errors row by row"
    )
    rows: int = Field(description="rows of the test split")
    figures: tuple[float, float] = Field(description="accuracy, or mean absolute error, of each on these rows")
    first_better: int = Field(description="rows on which only the first is right, or has the smaller error")
    second_better: int = Field(description="the other way round")
    p_value: float = Field(description="probability of a difference so large if both models were equally good")
    p_adjusted: float = Field(description="the same, adjusted for the number of pairs compared here (Holm 1979)")
    better: str | None = Field(description="the run that the test favours, if the adjusted value is below 0.05")
    reading: str


class BoardRow(BaseModel):
    """A run's place among those that are compared, by its figure on the test split.

    Places are given to runs whose models answered the same test rows. Where these rows are another run's too, but
    not those of most, or where there is no model, the place is null, and `reading` says why.
    """

    run: str = Field(description="its id")
    rank: int | None = Field(description="1 is the best; equal figures share a place")
    name: str = Field(description="of the figure: accuracy, mae or f1")
    higher_is_better: bool
    value: float | None
    low: float | None = Field(
        description="lower bound of the figure's 95 % interval: Wilson's (1927) for accuracy; of mae and f1 the normal "
        "one, that of f1 by the delta method"
    )
    high: float | None = Field(description="its upper bound")
    guessing: float | None = Field(description="what guessing scores")
    difference: float | None = Field(description="value less that of the best; null for the best itself")
    p_adjusted: float | None = Field(description="of the paired test with the best, see `tests`")
    significant: bool | None = Field(description="whether that test, too, favours the best, at 0.05")
    reading: str


class Comparison(BaseModel):
    """Runs of one task side by side."""

    task: str
    pictures: list[Drawing] = Field(description="of all runs together; none before all have succeeded")
    runs: list[ComparedRun]
    board: list[BoardRow] = Field(description="the runs, best first; those without a place last")
    differences: list[Difference]
    tests: list[PairedTest] = Field(description="of each pair with published models and the same test split")
    notes: list[str] = Field(description="why some pairs have no test")
