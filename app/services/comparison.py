"""Comparing runs: where their recipes differ, their figures, and whether the difference may be chance."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import run_queries
from app.db.engine import Database
from app.domain.runs import RunStatus
from app.errors import ArtifactInvalid, InvalidInput, NotEvaluated
from app.services import drawings
from app.services.board import Answered, Board, by_errors
from app.services.legends import labels_of, settings_of
from app.services.paired import LEVEL, mcnemar, wilcoxon
from app.tasks.catalog import TaskCatalog
from app.wire.comparisons import ComparedRun, Comparison, Difference, PairedTest
from app.wire.runs import Run

MOST_RUNS = 10


class ComparisonService:
    """Puts runs side by side."""

    def __init__(self, database: Database, tasks: TaskCatalog, store: ArtifactStore, catalog: DatasetCatalog) -> None:
        self._database = database
        self._tasks = tasks
        self._store = store
        self._catalog = catalog

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
            found = [run_queries.get(tx, run_id) for run_id in run_ids]
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
        labels = dict(zip(run_ids, labels_of(found), strict=True))
        answers, reasons = self._answers(found)
        tests, notes = _tests(found, answers, reasons)
        return Comparison(
            task=found[0].task,
            pictures=drawings.of_runs(found, self._tasks, self._catalog),
            runs=[_short(run, labels[run.id]) for run in found],
            board=Board(found, labels, answers, tests).rows(reasons),
            differences=_differences([settings_of(run) for run in found]),
            tests=tests,
            notes=notes,
        )

    def _answers(self, found: Sequence[Run]) -> tuple[dict[str, Answered], dict[str, str]]:
        """By run: what their models answered on the test split; or why that is not known."""
        answers, reasons = {}, {}
        for run in found:
            try:
                answers[run.id] = self._answer(run)
            except (ArtifactInvalid, NotEvaluated) as error:
                reasons[run.id] = str(error)
        return answers, reasons

    def _answer(self, run: Run) -> Answered:
        if run.model_id is None:
            raise NotEvaluated(_without_model(run))
        manifest = self._store.manifest(run.task, run.model_id)
        evaluation = self._store.evaluation(run.task, run.model_id)
        if evaluation is None:
            raise NotEvaluated("its model was made by a release that kept no answers")
        return Answered(manifest.dataset.sha256, evaluation)


def _without_model(run: Run) -> str:
    if run.trial is not None:
        return "it is a trial of a sweep, which publishes no model and is not measured on the test split"
    if run.status is RunStatus.SUCCEEDED:
        return "its model has been removed, and its answers with it"
    return f"it is {run.status} and has no model"


def _tests(
    found: Sequence[Run], answers: Mapping[str, Answered], reasons: Mapping[str, str]
) -> tuple[list[PairedTest], list[str]]:
    """The tests of all pairs, and why some have none."""
    pairs, notes = [], []
    for run in found:
        if run.id in reasons:
            notes.append(f"run {run.id}: {reasons[run.id]}")
        elif run.seeds > 1:
            notes.append(f"run {run.id}: tested is the model of seed {run.seed}; its spread tells of the others")
    for first, second in itertools.combinations([run for run in found if run.id in answers], 2):
        one, other = answers[first.id], answers[second.id]
        if not one.same_rows(other):
            notes.append(f"runs {first.id} and {second.id}: they were not measured on the same test rows")
        elif not one.same_targets(other):
            notes.append(f"runs {first.id} and {second.id}: they learnt different targets of the same rows")
        else:
            pairs.append(_Pair(first, second, one.evaluation, other.evaluation))
    return [pair.told(p) for pair, p in zip(pairs, _holm([pair.p for pair in pairs]), strict=True)], notes


class _Pair:
    """Two runs with answers on the same rows."""

    def __init__(self, first: Run, second: Run, one: Evaluation, other: Evaluation) -> None:
        self._runs = (first.id, second.id)
        self._rows = len(one.target)
        self._by_errors = by_errors(first.recipe.head, one)
        # Above zero where the first is better.
        gains = other.errors() - one.errors() if self._by_errors else _as_numbers(one) - _as_numbers(other)
        self._first, self._second = int(np.sum(gains > 0)), int(np.sum(gains < 0))
        sides = (one, other)
        self._figures = [float(np.mean(side.errors() if self._by_errors else side.right())) for side in sides]
        tested = wilcoxon(gains) if self._by_errors else mcnemar(self._first, self._second)
        self.p, self._lead = tested.p_value, tested.lead

    def told(self, adjusted: float) -> PairedTest:
        """The test with the p-value that counts the other pairs too."""
        better = self._runs[0 if self._lead > 0 else 1] if adjusted < LEVEL else None
        what = "mean error" if self._by_errors else "accuracy"
        figures = f"{what} {self._figures[0]:.4g} against {self._figures[1]:.4g}"
        verdict = (
            f"more than chance explains, in favour of {better}"
            if better
            else "chance explains that; this test split does not tell them apart"
        )
        return PairedTest(
            runs=self._runs,
            test="wilcoxon" if self._by_errors else "mcnemar",
            rows=self._rows,
            figures=(self._figures[0], self._figures[1]),
            first_better=self._first,
            second_better=self._second,
            p_value=self.p,
            p_adjusted=adjusted,
            better=better,
            reading=f"{figures}, adjusted p = {adjusted:.2g}: {verdict}",
        )


def _short(run: Run, label: str) -> ComparedRun:
    return ComparedRun.model_validate(run.model_dump(include=set(ComparedRun.model_fields)) | {"label": label})


def _as_numbers(evaluation: Evaluation) -> NDArray[np.float64]:
    return evaluation.right().astype(np.float64)


def _holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the same order: the smallest times n, the next times n - 1, ..."""
    adjusted = [1.0] * len(values)
    least = 0.0
    for rank, place in enumerate(np.argsort(values, kind="stable").tolist()):
        least = max(least, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = least
    return adjusted


def _differences(settings: Sequence[Mapping[str, Any]]) -> list[Difference]:
    fields = dict.fromkeys(field for each in settings for field in each)
    rows = [Difference(field=field, values=[each.get(field) for each in settings]) for field in fields]
    return [row for row in rows if any(value != row.values[0] for value in row.values)]
