"""Comparing runs: where their recipes differ, their figures, and whether the difference may be chance."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from app.artifacts.evaluation import Evaluation
from app.artifacts.store import ArtifactStore
from app.db import history
from app.db.engine import Database
from app.domain.recipes import HEADS
from app.domain.runs import Metrics, Run, RunStatus
from app.errors import ArtifactInvalid, InvalidInput

MOST_RUNS = 10
LEVEL = 0.05  # of significance, the usual one


class ComparedRun(BaseModel):
    """A run in short."""

    id: str
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
    first_better: int = Field(description="rows on which only the first is right, or has the smaller error")
    second_better: int = Field(description="the other way round")
    p_value: float = Field(description="probability of a difference so large if both models were equally good")
    reading: str


class Comparison(BaseModel):
    """Runs of one task side by side."""

    task: str
    runs: list[ComparedRun]
    differences: list[Difference]
    tests: list[PairedTest] = Field(description="of each pair with published models and the same test split")
    notes: list[str] = Field(description="why some pairs have no test")


class ComparisonService:
    """Puts runs side by side."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        self._database = database
        self._store = store

    def runs(self, run_ids: Sequence[str]) -> list[Run]:
        """The runs, of one task.

        Raises:
            NotFound: there is no such run.
            InvalidInput: too few, too many, one twice, or of different tasks.
        """
        if not 2 <= len(run_ids) <= MOST_RUNS:
            raise InvalidInput(f"takes 2 to {MOST_RUNS} run ids, got {len(run_ids)}", field="runs")
        if len(set(run_ids)) < len(run_ids):
            raise InvalidInput("names a run twice", field="runs")
        with self._database.read() as tx:
            found = [history.get(tx, run_id) for run_id in run_ids]
        if len({run.task for run in found}) > 1:
            tasks = ", ".join(f"{run.id} is of {run.task}" for run in found)
            raise InvalidInput(f"only runs of one task can be compared: {tasks}", field="runs")
        return found

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        """
        Raises:
            NotFound, InvalidInput: as `runs`.
        """
        found = self.runs(run_ids)
        tests, notes = self._tests(found)
        return Comparison(
            task=found[0].task,
            runs=[ComparedRun.model_validate(run.model_dump(include=set(ComparedRun.model_fields))) for run in found],
            differences=_differences([_settings(run) for run in found]),
            tests=tests,
            notes=notes,
        )

    def _tests(self, found: Sequence[Run]) -> tuple[list[PairedTest], list[str]]:
        tests, notes, answers = [], [], {}
        for run in found:
            try:
                answers[run.id] = self._answers(run)
            except (ArtifactInvalid, _NothingKept) as error:
                notes.append(f"run {run.id}: {error}")
        for first, second in itertools.combinations([run for run in found if run.id in answers], 2):
            (data, one), (other_data, other) = answers[first.id], answers[second.id]
            if data != other_data or not np.array_equal(one.target, other.target):
                notes.append(f"runs {first.id} and {second.id}: they were not measured on the same test rows")
                continue
            tests.append(_test(first, second, one, other))
        return tests, notes

    def _answers(self, run: Run) -> tuple[str, Evaluation]:
        """The checksum of the run's dataset, and its model's answers on the test split."""
        if run.model_id is None:
            raise _NothingKept(f"it is {run.status} and has no model")
        manifest = self._store.manifest(run.task, run.model_id)
        evaluation = self._store.evaluation(run.task, run.model_id)
        if evaluation is None:
            raise _NothingKept("its model was made by a release that kept no answers")
        return manifest.dataset.sha256, evaluation


class _NothingKept(Exception):
    """A run without answers to test."""


def _test(first: Run, second: Run, one: Evaluation, other: Evaluation) -> PairedTest:
    # Slow to import, and most API processes never compare.
    from scipy import stats

    if HEADS[first.recipe.head].metric == "mae" and one.target.dtype.kind == "f":
        differences = one.errors() - other.errors()
        better, worse = int(np.sum(differences < 0)), int(np.sum(differences > 0))
        p = float(stats.wilcoxon(differences).pvalue) if better + worse else 1.0
        kind: Literal["mcnemar", "wilcoxon"] = "wilcoxon"
    else:
        better = int(np.sum(one.right() & ~other.right()))
        worse = int(np.sum(other.right() & ~one.right()))
        p = float(stats.binomtest(better, better + worse).pvalue) if better + worse else 1.0
        kind = "mcnemar"
    return PairedTest(
        runs=(first.id, second.id),
        test=kind,
        rows=len(one.target),
        first_better=better,
        second_better=worse,
        p_value=p,
        reading=_reading(first.id if better > worse else second.id, better, worse, p),
    )


def _reading(leader: str, better: int, worse: int, p: float) -> str:
    counts = f"the first is better on {better:,} rows, the second on {worse:,}"
    if p < LEVEL:
        return f"{counts}: more than chance explains (p = {p:.2g}), in favour of {leader} on this test split"
    return f"{counts}: chance explains that (p = {p:.2g}); this test split does not tell them apart"


def _settings(run: Run) -> dict[str, Any]:
    """What decides a run's result, by dotted path."""
    parts = {"dataset", "seed", "seeds", "recipe", "validation"}
    return dict(_flat(run.model_dump(mode="json", include=parts)))


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [pair for name, part in value.items() for pair in _flat(part, f"{path}.{name}" if path else name)]
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        return [pair for place, part in enumerate(value) for pair in _flat(part, f"{path}.{place}")]
    return [(path, value)]


def _differences(settings: Sequence[Mapping[str, Any]]) -> list[Difference]:
    fields = dict.fromkeys(field for each in settings for field in each)
    rows = [Difference(field=field, values=[each.get(field) for each in settings]) for field in fields]
    return [row for row in rows if any(value != row.values[0] for value in row.values)]
