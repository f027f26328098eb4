"""Advancing sweeps: whoever finds one whose runs have ended asks for what comes next, and nobody does so twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from app.db import releases, run_queries, runs, sweep_queries, sweeps
from app.db.engine import Database, Transaction, lock
from app.domain.clock import Clock
from app.domain.runs import RunRequest
from app.domain.sweeps import SweepPlan, SweepStatus
from app.domain.trials import Trial
from app.errors import DenselyError, NewerRelease, TaskGone, Unavailable, told
from app.kinds.base import Task
from app.logs import get as get_log
from app.services import own
from app.services.sweeps import courses, trials
from app.services.sweeps.choosing import method_of
from app.services.sweeps.courses import Courses
from app.services.sweeps.methods import Choices, Former, Method, numbers_of
from app.services.sweeps.recipes import asked_of, why_not
from app.services.sweeps.trials import Ended
from app.services.sweeps.winner import end_of_cancelled, end_with, final_request, why_none
from app.tasks.catalog import TaskCatalog
from app.wire.runs import RunError

log = get_log()

LEAST_FIGURES = 10  # of trials, below which no importance is told
MOST_METHODS = 20  # that are kept: others may have ended their sweeps
NAME_LETTERS = 190  # of a sweep's, in the names of its trials
OF_THE_PROCESS = (ImportError, MemoryError)  # errors of this one: another may go on

Change = Callable[[Transaction], bool]  # False: the sweep has ended meanwhile, and nothing is changed


@dataclass(frozen=True)
class Seen:
    """A sweep of which no run waits or is going, as it was read."""

    row: Any
    plan: SweepPlan
    ended: Sequence[Ended]
    courses: Courses

    @property
    def former(self) -> list[Former]:
        """What methods are told."""
        return trials.as_former(self.ended, self.courses.stopped)


class SweepDriver:
    """Has sweeps go on: call `advance` when idle, and when a run of a sweep has ended.

    It reads and chooses within one read transaction, which keeps nobody from writing, then writes what it chose under
    the sweep's lock, unless somebody else has gone on meanwhile. What it chooses is a function of what is in the
    database, so that it matters neither who is first nor whether a worker dies in between. Optuna is imported when a
    sweep first asks for it.
    """

    def __init__(
        self, database: Database, clock: Clock, tasks: TaskCatalog, max_attempts: int, max_queued: int = 1_000
    ) -> None:
        """`max_attempts`: how often a trial is tried when its trainer dies. `max_queued`: runs that wait, at most."""
        self._database = database
        self._clock = clock
        self._tasks = tasks
        self._max_attempts = max_attempts
        self._max_queued = max_queued
        self._left: set[str] = set()  # sweeps that are for others to go on with, since this process cannot
        self._methods: dict[str, Method] = {}  # of running sweeps: to look at a grid's combinations takes a while

    def advance(self) -> bool:
        """Go on with each sweep that can; whether one did. Without any, it is one query, and no write lock is taken.

        Raises:
            Unavailable: the database does not answer.
        """
        with self._database.read() as tx:
            ready = sweep_queries.ready(tx)
        gone_on = [self._advance(sweep_id) for sweep_id in ready]
        return any(gone_on)

    def _advance(self, sweep_id: str) -> bool:
        """What goes wrong with one sweep ends it, and keeps no other from going on."""
        row = None
        try:
            with self._database.read() as tx:
                row = sweep_queries.find(tx, sweep_id)
                if row is None or row.status != SweepStatus.RUNNING:
                    return False
                change = self._next(tx, _see(tx, row))
            return change is not None and self._write(row, change)
        except Unavailable:
            raise
        except NewerRelease as error:
            if sweep_id not in self._left:
                mend = "start a worker of that release"
                log.warning("sweep.left_to_others", sweep_id=sweep_id, reason=str(error), mend=mend)
            self._left.add(sweep_id)
            return False
        except OF_THE_PROCESS:
            if sweep_id not in self._left:
                log.exception("sweep.left_to_others", sweep_id=sweep_id)
            self._left.add(sweep_id)
            return False
        except Exception as error:
            ended = row is not None and self._fail(row, error)
            log.exception("sweep.failed" if ended else "sweep.error_dropped", sweep_id=sweep_id)
            return ended

    def _fail(self, row: Any, error: Exception) -> bool:
        """End a sweep with an error, unless somebody else has gone on with it, who met none."""
        message = error.message if isinstance(error, DenselyError) else told(error)
        found = RunError(type=type(error).__name__, message=message)
        return self._write(row, self._ending(row.id, SweepStatus.FAILED, found))

    def _write(self, seen: Any, change: Change) -> bool:
        """Make the change, unless the sweep is no longer as it was seen: `seen`, its row."""
        with self._database.write() as tx:
            lock(tx, "queue")  # so that its task and its dataset stay until the runs refer to them
            lock(tx, f"sweep {seen.id}")
            now = sweep_queries.find(tx, seen.id)
            if now is None or _state(now) != _state(seen) or sweep_queries.any_unfinished(tx, now.id):
                return False
            return change(tx)

    def _next(self, tx: Transaction, seen: Seen) -> Change | None:
        """What comes next; None: nothing yet."""
        row, plan = seen.row, seen.plan
        if row.cancel_requested_at is not None:
            return self._ending(row.id, end_of_cancelled(tx, row))
        if row.final_run is not None:
            return self._ending(row.id, *end_with(tx, row.final_run))
        if run_queries.count_queued(tx) >= self._max_queued:
            return None
        if numbers_of(plan, row.generations) and not self._is_late(seen) and (asking := self._asking(tx, seen)):
            return asking
        best = trials.best(plan, seen.ended)
        if best is None:
            return self._ending(row.id, SweepStatus.FAILED, why_none(seen.ended, row.skipped, row.skipped_reason))
        request = final_request(plan, row, sweep_queries.runs_of(tx, [best.row.id])[best.row.id])
        return partial(self._conclude, seen=seen, winner=best.row.id, request=request, found=_found(seen))

    def _is_late(self, seen: Seen) -> bool:
        minutes = seen.plan.budget.minutes
        return minutes is not None and self._clock() - seen.row.created_at >= timedelta(minutes=minutes)

    def _ending(self, sweep_id: str, status: SweepStatus, error: RunError | None = None) -> Change:
        def end(tx: Transaction) -> bool:
            self._methods.pop(sweep_id, None)
            if changed := sweeps.end(tx, sweep_id, status, self._clock(), error):
                log.info("sweep.ended", sweep_id=sweep_id, status=status, error=error and error.message)
            return changed

        return end

    def _asking(self, tx: Transaction, seen: Seen) -> Change | None:
        """Choose a generation; None: all that the space has was tried."""
        task = self._task(tx, seen.plan.task)
        method = self._methods.get(seen.row.id) or method_of(seen.plan, partial(_reason, task, seen.plan))
        kept = {**self._methods, seen.row.id: method}
        self._methods = dict(list(kept.items())[-MOST_METHODS:])
        choices = method.ask(seen.row.generations, seen.former)
        if not choices.trials and not choices.skipped:
            return None
        requests = [_request(task, seen, number, parameters) for number, parameters in choices.trials]
        return partial(self._ask, seen=seen, choices=choices, requests=requests, found=_found(seen))

    def _task(self, tx: Transaction, name: str) -> Task:
        own.load(tx, self._tasks, name)
        if task := self._tasks.all.get(name):
            return task
        raise TaskGone(f"there is no task {name!r} any more")

    def _ask(
        self, tx: Transaction, seen: Seen, choices: Choices, requests: Sequence[RunRequest], found: dict[str, Any]
    ) -> bool:
        """Queue a generation."""
        row = seen.row
        reason = row.skipped_reason or choices.reason
        skipped = {"skipped": row.skipped + choices.skipped, "skipped_reason": reason}
        if not sweeps.note(tx, row.id, generations=row.generations + 1, **skipped, **found):
            return False
        for request in requests:
            self._queue(tx, seen, request)
        log.info("sweep.asked", sweep_id=row.id, generation=row.generations, trials=len(requests))
        return True

    def _conclude(self, tx: Transaction, seen: Seen, winner: str, request: RunRequest, found: dict[str, Any]) -> bool:
        """Queue the run of the winner."""
        if not sweeps.note(tx, seen.row.id, **{**found, "winner": winner}):
            return False
        final_run = self._queue(tx, seen, request)
        sweeps.note(tx, seen.row.id, final_run=final_run)
        log.info("sweep.won", sweep_id=seen.row.id, run_id=winner, final_run=final_run)
        return True

    def _queue(self, tx: Transaction, seen: Seen, request: RunRequest) -> str:
        return runs.insert_run(tx, request, self._clock(), self._max_attempts, key_id=seen.row.key_id)


def _see(tx: Transaction, row: Any) -> Seen:
    """
    Raises:
        NewerRelease: it cannot be read by this one, or a run of it.
    """
    plan = releases.read_whole(SweepPlan, row.plan, f"sweep {row.id}")
    ended = trials.read(plan, sweep_queries.trials(tx, row.id), whole=True)
    return Seen(row, plan, ended, courses.read(tx, row.id, plan, ended))


def _state(row: Any) -> tuple[Any, ...]:
    """What another worker, or a client, may have changed."""
    return row.status, row.generations, row.final_run, row.cancel_requested_at


def _reason(task: Task, plan: SweepPlan, parameters: dict[str, Any]) -> str | None:
    error = why_not(task, plan, parameters)
    return error.message if error else None


def _found(seen: Seen) -> dict[str, Any]:
    """What is known after the generations that have ended: the importance of fields, and the best trial so far."""
    best = trials.best(seen.plan, seen.ended)
    if best is None:
        return {}
    found = {"winner": best.row.id}
    if sum(each.counts for each in seen.ended) < LEAST_FIGURES or len(seen.plan.space) < 2:
        return found
    try:
        from app.services.sweeps.optuna_search import importance_of

        return {**found, "importance": sweeps.importance_as_told(importance_of(seen.plan, seen.former))}
    except Exception:  # what is only shown must not end a search
        log.exception("sweep.no_importance", sweep_id=seen.row.id)
        return found


def _request(task: Task, seen: Seen, number: int, parameters: dict[str, Any]) -> RunRequest:
    """A trial as a run."""
    row, plan = seen.row, seen.plan
    asked = asked_of(task, plan, parameters)
    bars = seen.courses.bars(asked.recipe)
    trial = Trial(number=number, generation=row.generations, parameters=parameters, metric=plan.metric, bars=bars)
    return RunRequest(
        task=plan.task,
        preset=plan.preset,
        dataset=plan.dataset,
        recipe=asked.recipe,
        validation=plan.validation,
        seed=asked.seed,
        activate="never",
        name=f"{(row.name or 'trial')[:NAME_LETTERS]} {number}",
        tags=row.tags,
        traceparent=row.traceparent,
        sweep=row.id,
        trial=trial,
    )
