"""Where runs stand that wait, and when they will begin."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app.db import waiting, workers
from app.db.engine import Transaction
from app.domain.runs import RunStatus
from app.domain.waiting import UNKNOWN, estimate, starts
from app.services.system import WORKER_ALIVE
from app.wire.run_lists import RunRow
from app.wire.runs import QueuePlace, Run

R = TypeVar("R", Run, RunRow)


def placed(tx: Transaction, runs: Iterable[R], now: datetime) -> list[R]:
    """The runs; those that wait with their places in the queue. Nothing is asked where none waits."""
    found = list(runs)
    if not any(run.status == RunStatus.QUEUED for run in found):
        return found
    places = _places(tx, now)
    return [run.model_copy(update={"queue": places.get(run.id)}) for run in found]


def next_start(tx: Transaction, now: datetime) -> float | None:
    """Seconds until a run that came now would begin, after all that wait; None where nothing tells."""
    *_, after = _begins(tx, now, waiting.queued(tx), further=1)
    return None if after == UNKNOWN else after


def _places(tx: Transaction, now: datetime) -> dict[str, QueuePlace]:
    """Of all runs that wait."""
    queued = waiting.queued(tx)
    begins = _begins(tx, now, queued)
    return {
        row.id: QueuePlace(place=place, expected_start=None if after == UNKNOWN else now + timedelta(seconds=after))
        for place, (row, after) in enumerate(zip(queued, begins, strict=True), 1)
    }


def _begins(tx: Transaction, now: datetime, queued: Sequence[Any], further: int = 0) -> list[float]:
    """Seconds until each of these begins, and so many `further` runs behind them."""
    slots = sum(row.trainers or 1 for row in workers.alive(tx, now - WORKER_ALIVE))
    going = waiting.running(tx)
    earlier = waiting.earlier(tx, {waiting.sort_of(row) for row in [*queued, *going]})

    def needs(row: Any) -> float:
        return estimate(earlier[waiting.sort_of(row)], waiting.work_of(row))

    left = [_left(row, needs(row), now) for row in going]
    return starts(slots, left, [*(needs(row) for row in queued), *[0.0] * further])


def _left(row: Any, whole: float, now: datetime) -> float:
    """Seconds that a run still needs: what it says itself, else what is left of what others took."""
    told: float | None = (row.progress or {}).get("eta_seconds")
    if told is not None:
        return told
    gone: float = (now - row.started_at).total_seconds()
    return max(0.0, whole - gone)
