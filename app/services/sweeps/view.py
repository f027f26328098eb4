"""Sweeps as clients see them: how far they are, the leaderboard, the best so far, and what choosing was worth."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.db import releases, sweep_queries
from app.db.engine import Transaction
from app.db.sweep_queries import Counts
from app.domain.runs import FINAL, RunStatus
from app.domain.sweeps import SweepPlan, SweepStatus
from app.domain.trials import Trial
from app.services.sweeps import trials
from app.services.sweeps.trials import Ended
from app.wire.pictures import Drawing, of_sweep
from app.wire.runs import RunError
from app.wire.sweeps import BaseTrial, Best, Importance, Outcome, Sweep, SweepProgress, SweepSummary, TrialRow

Runs = Mapping[str, Any]  # rows of winners and of their final runs, by id; and of first runs, by sweep


def sweep(tx: Transaction, row: Any, now: datetime) -> Sweep:
    """One sweep, with what it found so far; `now`: by which the time left is told."""
    plan = releases.read(SweepPlan, row.plan, f"sweep {row.id}")
    ended = trials.read(plan, sweep_queries.trials(tx, row.id))
    winner = trials.best(plan, ended)
    winner_id: str | None = row.winner if row.final_run or winner is None else winner.row.id
    summary = _summary(tx, [row], {row.id: winner_id}, now)[0]
    importance = [Importance.model_validate(each) for each in row.importance]
    so_far = _best_so_far(plan, ended)
    known = {name: getattr(summary, name) for name in SweepSummary.model_fields}
    return Sweep(
        **known | {"outcome": _judged(tx, summary.outcome)},
        leaderboard=[_told(each) for each in sorted(ended, key=lambda each: _place(plan, each))],
        best=so_far,
        importance=importance,
        pictures=_pictures(row.id, so_far, importance),
    )


def summaries(tx: Transaction, rows: Sequence[Any], now: datetime) -> list[SweepSummary]:
    """Sweeps in a list, but for those that cannot be read; the best trial is of the last generation that has ended."""
    readable = [row for row in rows if releases.read_any(SweepPlan, row.plan)]
    return _summary(tx, readable, {row.id: row.winner for row in readable}, now)


def _summary(
    tx: Transaction, rows: Sequence[Any], winners: Mapping[str, str | None], now: datetime
) -> list[SweepSummary]:
    counts = sweep_queries.counts(tx, [row.id for row in rows])
    ids = [run_id for row in rows for run_id in (winners[row.id], row.final_run) if run_id]
    runs = {**sweep_queries.runs_of(tx, ids), **sweep_queries.first_runs(tx, [row.id for row in rows])}
    return [_in_short(tx, row, counts[row.id], winners[row.id], runs, now) for row in rows]


def _in_short(tx: Transaction, row: Any, counts: Counts, winner: str | None, runs: Runs, now: datetime) -> SweepSummary:
    plan = releases.read(SweepPlan, row.plan, f"sweep {row.id}")
    return SweepSummary(
        id=row.id,
        task=row.task,
        status=row.status,
        name=row.name,
        tags=row.tags,
        plan=plan,
        progress=_progress(row, plan, counts, runs.get(row.final_run), now),
        outcome=_outcome(tx, row, plan, counts, winner or "", runs),
        error=RunError(type=row.error_type, message=row.error_message) if row.error_type else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
        cancel_requested_at=row.cancel_requested_at,
    )


def _progress(row: Any, plan: SweepPlan, counts: Counts, final: Any, now: datetime) -> SweepProgress:
    """The winner's run counts as one trial more; the time left is told by that of the trials so far."""
    ended = counts.succeeded + counts.pruned + counts.failed + counts.cancelled
    # Once the winner's run is asked for, no more trials will be, whatever the budget allowed.
    total = (ended if final is not None else max(plan.budget.trials, sum(counts))) + 1
    of_final = (final.progress or {}).get("fraction", 0.0) if final is not None else 0.0
    running = row.status == SweepStatus.RUNNING
    done = ended + of_final
    passed = (now - row.created_at).total_seconds()
    return SweepProgress(
        ended=ended,
        going=counts.running,
        waiting=counts.queued,
        pruned=counts.pruned,
        failed=counts.failed,
        cancelled=counts.cancelled,
        skipped=row.skipped,
        skipped_reason=row.skipped_reason,
        trials=plan.budget.trials,
        fraction=1.0 if row.status == SweepStatus.SUCCEEDED else done / total,
        eta_seconds=passed * (total - done) / done if running and done else None,
    )


def _outcome(tx: Transaction, row: Any, plan: SweepPlan, counts: Counts, winner_id: str, runs: Runs) -> Outcome | None:
    winner, final = runs.get(winner_id), runs.get(row.final_run)
    if winner is None or winner.trial is None:
        return None  # there is none yet, or its run was removed
    trial = releases.read_any(Trial, winner.trial)
    if trial is None:  # of a newer release: by itself the sweep says so, whose trials are all read then
        return None
    metrics = trials.metrics_of(final) if final is not None else None
    model_id = final.model_id if final is not None else row.final_run and sweep_queries.model_of(tx, row.final_run)
    spread = metrics.spread if metrics else None
    return Outcome(
        run_id=winner.id,
        number=trial.number,
        parameters=trial.parameters,
        value=trials.metrics_of(winner).validation[plan.figure],
        trials=counts.succeeded + counts.pruned + counts.failed,
        base=_base(plan, runs.get(row.id)),
        final_run=row.final_run,
        final_status=RunStatus(final.status) if final is not None else None,
        model_id=model_id,
        test=metrics.test if metrics else {},
        spread=(spread.test or spread.validation) if spread else {},
        baseline=metrics.baseline if metrics else {},
    )


def _judged(tx: Transaction, outcome: Outcome | None) -> Outcome | None:
    """With whether its model became active."""
    verdict = sweep_queries.verdict_of(tx, outcome.final_run) if outcome and outcome.final_run else None
    if outcome is None or verdict is None:
        return outcome
    return outcome.model_copy(update={"activated": verdict[0], "activation_reason": verdict[1]})


def _base(plan: SweepPlan, first: Any) -> BaseTrial | None:
    """`first`: the first run that the sweep still has."""
    if not plan.base_first or first is None or not first.trial or first.trial["number"]:
        return None
    return BaseTrial(run_id=first.id, value=trials.metrics_of(first).validation.get(plan.figure))


def _place(plan: SweepPlan, each: Ended) -> tuple[int, float, int]:
    """On the leaderboard: the best first, then those that are going, then those that wait, then the others."""
    if each.counts:
        return (0, *trials.rank(plan, each))
    order = {RunStatus.RUNNING: 1, RunStatus.QUEUED: 2}.get(each.status, 3 if each.pruned else 4)
    return (order, 0.0, each.trial.number)


def _told(each: Ended) -> TrialRow:
    row = each.row
    ended = each.status in FINAL and row.started_at and row.finished_at
    return TrialRow(
        run_id=row.id,
        number=each.trial.number,
        status=each.status,
        pruned=each.pruned,
        value=each.value,
        parameters=each.trial.parameters,
        epochs=each.epochs,
        seconds=(row.finished_at - row.started_at).total_seconds() if ended else None,
        error=RunError(type=row.error_type, message=row.error_message) if row.error_type else None,
    )


def _best_so_far(plan: SweepPlan, ended: Sequence[Ended]) -> list[Best]:
    """Each trial that was better than all that had ended before it."""
    found: list[Best] = []
    best: float | None = None
    for each in sorted((each for each in ended if each.counts), key=lambda e: (e.row.finished_at, e.trial.number)):
        value = trials.rank(plan, each)[0]
        if best is None or value < best:
            best = value
            assert each.value is not None
            found.append(Best(number=each.trial.number, at=each.row.finished_at, value=each.value))
    return found


def _pictures(sweep_id: str, best: Sequence[Best], importance: Sequence[Importance]) -> list[Drawing]:
    found = [of_sweep(sweep_id, "best", "Best figure so far")] if best else []
    if importance:
        found.append(of_sweep(sweep_id, "importance", "Importance of fields"))
    if best:
        found.append(of_sweep(sweep_id, "parallel", "Trials as parallel coordinates"))
    return found
