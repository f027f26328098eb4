"""The end of a sweep: the run that trains the winner's recipe on all rows, or why there is no winner."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.db import releases, sweep_queries
from app.db.engine import Transaction
from app.domain.counting import counted
from app.domain.recipes import Holdout, KFold, NoValidation, Recipe
from app.domain.runs import FitMetrics, RunRequest, RunStatus
from app.domain.sweeps import SweepPlan, SweepStatus
from app.domain.trials import Prior, rows_that_tell
from app.services.sweeps.trials import Ended, metrics_of
from app.wire.runs import RunError

WINNER = "winner"  # the tag of the run that trains the winner's recipe: the number of its trial


def final_request(plan: SweepPlan, sweep: Any, winner: Any) -> RunRequest:
    """The run that trains a winner's recipe on all rows, for as many epochs as its weights had seen.

    `sweep`, `winner`: their rows. Of k-fold the recipe is kept as it is: such a run trains on all rows anyway.

    Raises:
        NewerRelease: the recipe has what this release does not know.
    """
    recipe = releases.read_whole(Recipe, winner.recipe, f"run {winner.id}")
    by_fold = isinstance(plan.validation, KFold)
    fit = None if by_fold else next(iter(metrics_of(winner).fits), None)
    if fit is not None:
        epochs = recipe.epochs if recipe.schedule else max(1, fit.epochs)  # a schedule has them for its length
        recipe = recipe.model_copy(update={"early_stopping": None, "epochs": epochs})
    return RunRequest(
        task=plan.task,
        preset=plan.preset,
        dataset=plan.dataset,
        recipe=recipe,
        validation=plan.validation if by_fold else NoValidation(),
        seed=winner.seed,  # which may vary too
        seeds=1 if by_fold else plan.final_seeds,
        activate=plan.activate,
        name=sweep.name,
        tags={**sweep.tags, WINNER: str(winner.trial["number"])},
        traceparent=sweep.traceparent,
        sweep=sweep.id,
        prior=_prior(plan, fit),
    )


def _prior(plan: SweepPlan, fit: FitMetrics | None) -> Prior | None:
    if fit is None or fit.temperature is None or not isinstance(plan.validation, Holdout):
        return None
    return Prior(
        temperature=fit.temperature, length_exponent=fit.length_exponent, rows=rows_that_tell(plan.validation.size)
    )


def end_with(tx: Transaction, final_run: str) -> tuple[SweepStatus, RunError | None]:
    """How a sweep ends whose last run has, which may have been removed since, and have left its model."""
    final = sweep_queries.runs_of(tx, [final_run]).get(final_run)
    left = sweep_queries.model_of(tx, final_run) is not None
    if left or (final is not None and final.status == RunStatus.SUCCEEDED):
        return SweepStatus.SUCCEEDED, None
    if final is None:
        return SweepStatus.FAILED, RunError(type="NotFound", message="the run of its winner was removed")
    if final.error_type:
        return SweepStatus.FAILED, RunError(type=final.error_type, message=final.error_message)
    return SweepStatus.FAILED, RunError(type="Cancelled", message="the run of its winner was cancelled")


def end_of_cancelled(tx: Transaction, sweep: Any) -> SweepStatus:
    """How a sweep ends that somebody cancelled; `sweep`: its row. Its model may have been published before that."""
    if sweep.final_run is not None and end_with(tx, sweep.final_run)[0] is SweepStatus.SUCCEEDED:
        return SweepStatus.SUCCEEDED
    return SweepStatus.CANCELLED


def why_none(ended: Sequence[Ended], skipped: int, reason: str | None) -> RunError:
    """Why there is no winner, in one line: what most trials failed of."""
    if not ended:
        told = f"; {skipped:,} combinations make no recipe, the first since {reason}" if skipped else ""
        return RunError(type="NoTrialSucceeded", message=f"there is no trial{told}")
    reasons = Counter(_reason(each) for each in ended)
    most, times = reasons.most_common(1)[0]
    often = "" if times == len(ended) else f"{counted(times, 'time')}: "
    all_of_them = "the one trial" if len(ended) == 1 else f"all {len(ended):,} trials"
    return RunError(type="NoTrialSucceeded", message=f"{all_of_them} failed; {often}{most}")


def _reason(each: Ended) -> str:
    if each.row.error_type:
        return f"{each.row.error_type}: {' '.join(each.row.error_message.split())}"
    return "Cancelled: somebody asked" if each.status is RunStatus.CANCELLED else "it has no figure"
