"""Things done to many runs, beside others who write to the database."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import run_queries, runs, workers
from app.db.engine import Database, waiting_until
from app.domain.runs import RunStatus
from app.errors import Unavailable
from app.server.error_handlers import status_of
from app.services.registry import RegistryService
from app.services.run_actions import PART, RunActionService
from app.services.run_changes import RunChangeService
from app.services.training import TrainingService
from app.wire.run_lists import RunAction, RunActionDone, RunActionRequest
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

Act = Callable[..., RunActionDone]
MANY = 2 * PART + 3
ROOM = MANY - 2  # in the queue


@pytest.fixture
def act(database: Database, store: ArtifactStore, clock: FakeClock, tmp_path: Path) -> Act:
    catalog = DatasetCatalog(tmp_path)
    changes = RunChangeService(database, TrainingService(database, TASKS, catalog, clock, 3, ROOM), clock)
    registry = RegistryService(database, TASKS, store, catalog, clock)

    def do(
        action: RunAction,
        ids: list[str],
        require_task: Callable[[str], None] = lambda _: None,
        pause: Callable[[float], None] = lambda _: None,
        *,
        dry_run: bool = False,
    ) -> RunActionDone:
        service = RunActionService(database, changes, registry, status_of, pause)
        return service.act(RunActionRequest(action=action, runs=ids, dry_run=dry_run), require_task)

    return do


@pytest.fixture
def ids(database: Database, clock: FakeClock) -> list[str]:
    """Of runs that wait."""
    return [queue_run(database, clock) for _ in range(MANY)]


def statuses(database: Database, ids: list[str]) -> list[RunStatus]:
    with database.read() as tx:
        found = run_queries.find_all(tx, ids)
    return [found[run_id].status for run_id in ids]


def test_others_write_between_two_parts(act: Act, database: Database, clock: FakeClock, ids: list[str]) -> None:
    """As workers have to, which else would be taken for dead."""
    seen = []

    def beat(_: float) -> None:
        with waiting_until(time.monotonic()), database.write() as tx:
            workers.seen(tx, "w-1", clock(), {"host": "here", "pid": 1, "devices": [], "versions": {}, "trainers": 1})
        seen.append(statuses(database, ids).count(RunStatus.CANCELLED))

    told = act("cancel", ids, pause=beat)

    assert (ids, []) == (told.done, told.refused)
    assert [PART, 2 * PART] == seen
    assert {RunStatus.CANCELLED} == set(statuses(database, ids))


def test_where_the_database_goes_away_the_rest_is_refused(act: Act, database: Database, ids: list[str]) -> None:
    """What was done is told; of the part that was begun nothing is done."""
    asked = iter(range(MANY))

    def away(_: str) -> None:
        if next(asked) == PART + 5:
            raise Unavailable("the database is away")

    told = act("cancel", ids, away)

    assert ids[:PART] == told.done
    assert [(run_id, 503) for run_id in ids[PART:]] == [(each.run, each.status) for each in told.refused]
    assert {RunStatus.CANCELLED} == set(statuses(database, ids[:PART]))
    assert {RunStatus.QUEUED} == set(statuses(database, ids[PART:]))


def test_where_it_is_away_from_the_beginning_nothing_is_done(act: Act, ids: list[str]) -> None:
    def away(_: str) -> None:
        raise Unavailable("the database is away")

    with pytest.raises(Unavailable):
        act("cancel", ids, away)


def test_what_would_be_removed_is_known_while_another_writes(
    act: Act, database: Database, clock: FakeClock, ids: list[str]
) -> None:
    """The dialog asks that before anything is decided."""
    with database.write() as tx:
        for run_id in ids:
            runs.request_cancel(tx, run_id, clock())
    with database.write(), waiting_until(time.monotonic()):
        told = act("delete", ids, dry_run=True)

    assert (ids, MANY) == (told.done, told.frees.runs)


def test_a_dry_run_of_retries_counts_those_before(act: Act, ids: list[str]) -> None:
    """Each that would be queued takes a place in the queue."""
    act("cancel", ids)
    told = act("retry", ids, dry_run=True)

    assert ids[:ROOM] == told.done
    assert [(run_id, 429) for run_id in ids[ROOM:]] == [(each.run, each.status) for each in told.refused]


def test_the_runs_of_a_part_are_read_together(act: Act, database: Database, ids: list[str]) -> None:
    """Removing one takes a few statements: what is known of it has been read with the others."""
    act("cancel", ids)
    said: list[str] = []

    event.listen(database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    told = act("delete", ids)

    assert ids == told.done
    assert 3 == sum("FROM runs LEFT OUTER JOIN models" in each for each in said)
    assert len(said) < 5 * MANY
