"""Asking for sweeps, reading them, cancelling and removing them. Workers carry them out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.datasets.catalog import DatasetCatalog
from app.db import audit, run_queries, sweep_queries, sweeps
from app.db.engine import Database, Transaction, lock
from app.domain.callers import caller
from app.domain.clock import Clock
from app.domain.counting import counted
from app.domain.sweeps import SweepStatus
from app.errors import IdempotencyConflict, InvalidTransition, QueueFull
from app.services import idempotency
from app.services.paging import cut
from app.services.quotas import Quotas
from app.services.sweeps import proposals, view
from app.services.sweeps.requests import Planned, plan_of
from app.services.sweeps.winner import end_of_cancelled
from app.services.training import TrainingService
from app.wire.sweeps import Sweep, SweepRequest, SweepSummary


@dataclass(frozen=True)
class SweepLimits:
    """How many sweeps may run, how long an idempotency key stands for one, and what an API key may have."""

    running: int = 20
    remembered: timedelta = timedelta(days=1)
    quotas: Quotas = field(default_factory=Quotas)


class SweepService:
    """Sweeps, from the client's side."""

    def __init__(
        self, database: Database, training: TrainingService, catalog: DatasetCatalog, clock: Clock, limits: SweepLimits
    ) -> None:
        self._database = database
        self._training = training
        self._catalog = catalog
        self._clock = clock
        self._limits = limits

    def submit(
        self, request: SweepRequest, idempotency_key: str | None = None, traceparent: str | None = None
    ) -> Sweep:
        """Ask for a sweep, or return the one that this key asked for before.

        Raises:
            InvalidInput: a field does not fit, or the caller may not have as many queued runs; nothing is written.
            IdempotencyConflict: the key came with another request before.
            QueueFull: too many sweeps are running.
            QuotaReached: the caller has as many queued runs, or models, as it may.
        """
        sha256 = idempotency.sha256_of(request.model_dump_json())
        mine = idempotency_key and idempotency.own(idempotency_key, caller.get().key_id)
        planned = None if self._is_known(mine) else plan_of(self._training, self._catalog, request)
        with self._database.write() as tx:
            lock(tx, "queue")  # so that no key asks twice, no task goes meanwhile, and no burst passes the limit
            if mine and (row := sweep_queries.find_by_key(tx, mine, self._since())):
                if row.request_sha256 != sha256:
                    raise IdempotencyConflict
                return view.sweep(tx, row, self._clock())
            if mine:
                sweeps.forget_key(tx, mine)  # of an older sweep
            planned = planned or plan_of(self._training, self._catalog, request)
            sweep_id = self._insert(tx, planned, request, (mine, sha256) if mine else None, traceparent)
            return view.sweep(tx, sweep_queries.get(tx, sweep_id), self._clock())

    def _insert(
        self,
        tx: Transaction,
        planned: Planned,
        request: SweepRequest,
        known_by: tuple[str, str] | None,
        traceparent: str | None,
    ) -> str:
        self._training.check_there(tx, planned.plan.task, planned.plan.dataset)
        if sweep_queries.count_running(tx) >= self._limits.running:
            raise QueueFull(
                f"{counted(self._limits.running, 'sweep is', 'sweeps are')} running already (DENSELY_MAX_SWEEPS); "
                "cancel some, or try again later"
            )
        plan = planned.plan
        self._limits.quotas.check_at_once(min(plan.generation, plan.budget.trials), "generation")
        self._limits.quotas.check_run(tx)
        key_id = caller.get().key_id
        asked = {"name": request.name, "tags": request.tags, "key_id": key_id, "traceparent": traceparent}
        sweep_id = sweeps.insert_sweep(tx, planned.plan, self._clock(), planned.skipped, known_by, **asked)
        audit.record(tx, self._clock(), "sweep.queued", sweep_id, planned.plan.task)
        return sweep_id

    def get(self, sweep_id: str) -> Sweep:
        """
        Raises:
            NotFound: there is no such sweep.
        """
        with self._database.read() as tx:
            return view.sweep(tx, sweep_queries.get(tx, sweep_id), self._clock())

    def page(
        self, task: str | None, status: SweepStatus | None, limit: int, cursor: int | None
    ) -> tuple[list[SweepSummary], int | None]:
        """Sweeps, newest first, and the cursor of the next page."""
        with self._database.read() as tx:
            rows = sweep_queries.page(tx, task, status, limit + 1, cursor)
            page, following = cut(rows, limit, lambda row: row.number)
            return view.summaries(tx, page, self._clock()), following

    def cancel(self, sweep_id: str) -> Sweep:
        """Ask for a sweep's end: what waits ends at once, what is going when its worker sees it.

        Raises:
            NotFound: there is no such sweep.
            InvalidTransition: it has ended already.
        """
        with self._database.write() as tx:
            lock(tx, f"sweep {sweep_id}")
            row = sweep_queries.get(tx, sweep_id)
            if row.status != SweepStatus.RUNNING:
                raise InvalidTransition(f"sweep {sweep_id} is {row.status}; only a running one can be cancelled")
            audit.record(tx, self._clock(), "sweep.cancelled", sweep_id, row.task)
            if not sweeps.request_cancel(tx, sweep_id, self._clock()):
                sweeps.end(tx, sweep_id, end_of_cancelled(tx, row), self._clock())
            return view.sweep(tx, sweep_queries.get(tx, sweep_id), self._clock())

    def delete(self, sweep_id: str) -> None:
        """Forget a sweep with its trials; the run of its winner and its model stay.

        Raises:
            NotFound: there is no such sweep.
            InvalidTransition: it has not ended.
        """
        with self._database.write() as tx:
            lock(tx, f"sweep {sweep_id}")
            row = sweep_queries.get(tx, sweep_id)
            if row.status == SweepStatus.RUNNING:
                raise InvalidTransition(f"sweep {sweep_id} is running; only one that has ended can be removed")
            sweeps.delete_sweep(tx, sweep_id)
            audit.record(tx, self._clock(), "sweep.deleted", sweep_id, row.task)

    def propose(self, run_id: str) -> SweepRequest:
        """A search around a run's recipe.

        Raises:
            NotFound: there is no such run.
            InvalidInput: its task is not here any more.
        """
        with self._database.read() as tx:
            run = run_queries.get(tx, run_id)
        return proposals.around(self._training.find_task(run.task), run)

    def _is_known(self, idempotency_key: str | None) -> bool:
        """Whether the key came before: what it asked then may not be valid any more, and is answered all the same."""
        if idempotency_key is None:
            return False
        with self._database.read() as tx:
            return sweep_queries.find_by_key(tx, idempotency_key, self._since()) is not None

    def _since(self) -> datetime:
        return self._clock() - self._limits.remembered
