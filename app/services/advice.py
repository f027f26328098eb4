"""What would make a run better: gathers what is known of it, and keeps only changes that could be trained."""

from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from app.datasets import browsing
from app.datasets.catalog import DatasetCatalog
from app.db import datasets, run_queries
from app.db.engine import Database, Transaction
from app.domain.advice import Advice, Curve, Known, advise
from app.domain.recipes import KFold, Recipe, RecipePatch
from app.domain.runs import RunStatus
from app.errors import DatasetInvalid, Diverged, InvalidInput, NotFound
from app.kinds.base import Task
from app.services.training import TrainingService
from app.tasks.catalog import TaskCatalog
from app.wire.advice import RunAdvice
from app.wire.datasets import Findings
from app.wire.declarations import DatasetInfo
from app.wire.runs import Run, TrainRequest

MOST_EPOCHS = 10_000  # of all folds that are looked at: as many as one fit may have


@dataclass(frozen=True)
class Counts:
    """Rows of a dataset, as far as known."""

    labels: dict[str, int] | None = None  # of the training split
    train: int | None = None
    test: int | None = None

    @classmethod
    def of(cls, found: Findings) -> "Counts":
        """As they were counted."""
        # A task may know labels that this dataset has no rows of, as a sample has: those are not rare but unasked.
        labels = {str(each.label): each.train for each in found.labels if each.train or each.test}
        return cls(labels or None, found.train_rows, found.test_rows)


class AdviceService:
    """Says what could be better about a run."""

    def __init__(
        self, database: Database, tasks: TaskCatalog, catalog: DatasetCatalog, training: TrainingService
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._catalog = catalog
        self._training = training

    def of_run(self, run_id: str) -> RunAdvice:
        """What there is to say, the most important first.

        Raises:
            NotFound: there is no such run.
        """
        with self._database.read() as tx:
            run = run_queries.get(tx, run_id)
            curve = _curve(tx, run)
        rows = self._counts(run)
        known = Known(
            recipe=run.recipe,
            validation=run.validation,
            metrics=run.metrics,
            curve=curve,
            succeeded=run.status is RunStatus.SUCCEEDED,
            diverged=run.error is not None and run.error.type == Diverged.__name__,
            labels=rows.labels,
            train_rows=rows.train,
            test_rows=rows.test,
        )
        return RunAdvice(items=[self._checked(run, advice) for advice in advise(known)])

    def _checked(self, run: Run, advice: Advice) -> Advice:
        """Without the change if the task would not take it: a network that would be too large, for example."""
        if advice.change is None or self._is_taken(run, advice.change):
            return advice
        return advice.model_copy(update={"change": None, "change_text": None})

    def _is_taken(self, run: Run, change: RecipePatch) -> bool:
        try:
            recipe = change.apply(run.recipe)
            self._training.complete(whole_request(run, recipe))
        except (ValidationError, InvalidInput):
            return False
        return True

    def _counts(self, run: Run) -> Counts:
        """Of a dataset that is here; of another nothing is known."""
        task = self._tasks.all.get(run.task)
        info = task.dataset(run.dataset) if task else None
        if task is None or info is None:
            return Counts()
        with suppress(NotFound, DatasetInvalid, OSError):
            return Counts.of(self._findings(task, info, run.dataset))
        return Counts()

    def _findings(self, task: Task, info: DatasetInfo, reference: str) -> Findings:
        if not info.upload:
            return browsing.described(self._catalog, task, info).findings
        name, _, version = reference.partition("@")
        with self._database.read() as tx:
            row = datasets.find(tx, name, int(version) if version else None)
        if row is None:
            raise NotFound(f"there is no dataset {reference!r}")
        return Findings.model_validate(row.findings)


def whole_request(run: Run, recipe: Recipe) -> TrainRequest:
    """The run's request with this recipe, and nothing left to its preset."""
    fields = {name: getattr(recipe, name) for name in Recipe.model_fields}
    return TrainRequest(
        task=run.task,
        preset=run.preset,
        dataset=run.dataset,
        seed=run.seed,
        seeds=run.seeds,
        recipe=RecipePatch.model_validate(fields),
        validation=run.validation,
    )


def _curve(tx: Transaction, run: Run) -> Curve:
    """Of k-fold the mean over the folds that have begun, of long ones over some; else of the fit that is published."""
    if isinstance(run.validation, KFold):
        return Curve.mean(run_queries.figures_of(tx, run.id, max(1, MOST_EPOCHS // run.recipe.epochs)))
    return Curve(next(iter(run_queries.figures_of(tx, run.id)), []))
