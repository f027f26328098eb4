"""The courses of a sweep's trials, of which the bars of those to come are made."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import fmean

from app.db import sweep_queries
from app.db.engine import Transaction
from app.db.sweep_queries import Figure
from app.domain.pruning import Course, bars_for, steps_below
from app.domain.recipes import KFold, Recipe
from app.domain.spaces import Choice
from app.domain.sweeps import SweepPlan
from app.domain.trials import Bar
from app.services.sweeps.trials import Ended, metrics_of


class Courses:
    """Those of all trials that have ended; none where a plan stops no trial early."""

    def __init__(self, plan: SweepPlan, found: Mapping[str, Course]) -> None:
        self._plan = plan
        self._found = found

    @property
    def stopped(self) -> dict[str, int]:
        """After how many epochs, or folds, hopeless trials were stopped, by run."""
        return {run_id: len(course.figures) for run_id, course in self._found.items() if not course.complete}

    def bars(self, recipe: Recipe) -> list[Bar]:
        """Of a trial to come with this recipe."""
        validation = self._plan.validation
        steps = validation.folds if isinstance(validation, KFold) else recipe.epochs
        former = list(self._found.values())
        return bars_for(self._plan.pruner, former, steps, higher_is_better=self._plan.higher_is_better)


def read(tx: Transaction, sweep_id: str, plan: SweepPlan, ended: Sequence[Ended]) -> Courses:
    """From the epochs in the database, as far as bars look; of k-fold from what was measured of each fold."""
    if plan.pruner is None:
        return Courses(plan, {})
    looked_at = [each for each in ended if each.counts or each.pruned]
    if isinstance(plan.validation, KFold):
        courses = {each.row.id: _of_folds(plan, each) for each in looked_at}
    else:
        most = max(steps_below(plan.pruner, _most_epochs(plan)), default=0)
        figures = sweep_queries.figures(tx, sweep_id, plan.metric, most)
        courses = {each.row.id: _of_epochs(plan, figures.get(each.row.id, ())) for each in looked_at}
    found = {each.row.id: Course(courses[each.row.id], complete=each.counts) for each in looked_at}
    return Courses(plan, {run_id: course for run_id, course in found.items() if course.figures})


def _of_epochs(plan: SweepPlan, figures: Sequence[Figure]) -> list[float]:
    better = max if plan.higher_is_better else min
    return list(accumulate((each.value for each in sorted(figures, key=lambda each: each.epoch)), better))


def _of_folds(plan: SweepPlan, each: Ended) -> list[float]:
    """The mean of the folds so far, each by the weights that are kept of it: what a trial to come is looked at by."""
    fits = metrics_of(each.row).fits
    kept = [value for fit in fits if (value := fit.validation.get(plan.figure)) is not None]
    return [fmean(kept[:count]) for count in range(1, len(kept) + 1)]


def _most_epochs(plan: SweepPlan) -> int:
    """Of a trial."""
    axis = plan.space.get("epochs")
    if axis is None:
        return plan.recipe.epochs
    if isinstance(axis, Choice):
        return max(plan.recipe.epochs, *(int(value) for value in axis.contents if isinstance(value, int | float)))
    return max(plan.recipe.epochs, int(axis.high))
