"""Several processes at one database: nothing is handed out twice."""

import multiprocessing
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, inspect, select

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import models, runs
from app.db.engine import Database, lock
from app.db.tables import events as events_table
from app.db.tables import models as models_table
from app.db.tables import runs as runs_table
from app.domain.clock import utc_now
from app.domain.runs import RunRequest, RunStatus
from app.errors import IdempotencyConflict
from app.services.execution import WorkerService
from app.services.registry import RegistryService
from app.services.training import TrainingService
from app.wire.runs import TrainRequest
from tests.faults import writers
from tests.support.artifacts import add_model
from tests.support.tasks import TASKS

PROCESSES = 4
RUNS = 200
VERSIONS = 10  # per process
PROMOTIONS = 60  # per process

_barrier: Any = None


def _start(barrier: Any) -> None:
    """In each process: the barrier that lets all begin at the same moment."""
    global _barrier  # noqa: PLW0603 - the one way to hand a process something that cannot be queued
    _barrier = barrier


@contextmanager
def processes() -> Iterator[ProcessPoolExecutor]:
    """Real processes, started afresh, so that no connection is inherited."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_start, initargs=(barrier,)) as pool:
        yield pool


def together(pool: ProcessPoolExecutor, work: Callable[..., Any], *arguments: Any) -> list[Any]:
    """`work` in every process at once; the barrier keeps one process from taking two turns."""
    futures = [pool.submit(work, *arguments, number) for number in range(PROCESSES)]
    return [future.result(timeout=120) for future in futures]


def claim_all(url: str, number: int) -> list[tuple[str, str]]:
    """Claim until the queue is empty; the ids of runs and leases."""
    database = Database(url)
    service = WorkerService(database, utc_now, f"w-{number}", 600)
    _barrier.wait(60)
    taken = []
    while claim := service.claim():
        taken.append((claim.run.id, claim.lease_id))
    database.close()
    return taken


def add_models(url: str, number: int) -> list[int]:
    """Add models of one task, as publications do; the versions they were given."""
    database = Database(url)
    _barrier.wait(60)
    versions = []
    for count in range(VERSIONS):
        model_id = f"m-{number}-{count}"
        with database.write() as tx:
            lock(tx, "models of digits")
            version = models.insert_model(
                tx, task="digits", id=model_id, run_id=None, dataset="sample", dataset_is_sample=True, metrics={},
                created_at=utc_now(),
            )  # fmt: skip
            models.activate(tx, "digits", model_id, utc_now(), "test")
        versions.append(version)
    database.close()
    return versions


def promote_often(url: str, folder: Path, model_ids: list[str], number: int) -> None:
    """Promote one of the models again and again, as clients of several API processes do."""
    database = Database(url)
    service = RegistryService(database, TASKS, ArtifactStore(folder), DatasetCatalog(folder), utc_now)
    _barrier.wait(60)
    for _ in range(PROMOTIONS):
        service.activate("housing", model_ids[number])
    database.close()


def submit_same(url: str, folder: Path, number: int) -> list[str]:
    """The same request with the same keys as all other processes; the runs' ids."""
    database = Database(url)
    service = TrainingService(database, TASKS, DatasetCatalog(folder), utc_now, 3)
    _barrier.wait(60)
    request = TrainRequest(task="housing", dataset="sample", seed=1)
    ids = [service.submit(request, f"key-{count}").id for count in range(VERSIONS)]
    other = TrainRequest(task="housing", dataset="sample", seed=2)
    for count in range(VERSIONS):
        try:
            service.submit(other, f"key-{count}")
        except IdempotencyConflict:
            continue
        raise AssertionError(f"process {number}: the key stood for two requests")
    database.close()
    return ids


def test_no_run_is_claimed_twice(database: Database, url: str) -> None:
    """4 processes empty a queue of 200: every run goes to exactly one of them, under a lease of its own."""
    preset = TASKS.get("housing").presets["baseline"]
    request = RunRequest(
        task="housing", preset="baseline", dataset="sample", recipe=preset.recipe, validation=preset.validation, seed=1
    )
    with database.write() as tx:
        queued = [runs.insert_run(tx, request, utc_now(), 3) for _ in range(RUNS)]

    with processes() as pool:
        taken = together(pool, claim_all, url)

    claims = [claim for of_one in taken for claim in of_one]
    assert Counter(queued) == Counter(run_id for run_id, _ in claims)
    assert RUNS == len({lease_id for _, lease_id in claims})
    assert 1 < len([of_one for of_one in taken if of_one]), "only one process found work: this proves nothing"
    with database.read() as tx:
        rows = tx.execute(select(runs_table.c.id, runs_table.c.lease_id, runs_table.c.status, runs_table.c.attempt))
        found = {(row.id, row.lease_id): (row.status, row.attempt) for row in rows}
    assert dict.fromkeys(claims, (RunStatus.RUNNING, 1)) == found


def test_eight_processes_that_write_all_the_time_all_get_their_turns(database: Database) -> None:
    """Nobody is told that the database is locked, and every line is there."""
    written = writers.write(database, turns=25)

    assert [] == [each for process in written for each in process.refused]
    assert [25] * writers.PROCESSES == [process.transactions for process in written]
    with database.read() as tx:
        lines = tx.execute(select(func.count()).where(events_table.c.type == "log")).scalar_one()
    assert 25 * writers.PROCESSES == lines


def test_versions_are_numbered_without_gaps_or_repeats(database: Database, url: str) -> None:
    """Publications at the same time get 1, 2, 3 …, and one model is active at the end."""
    with processes() as pool:
        given = together(pool, add_models, url)

    assert list(range(1, PROCESSES * VERSIONS + 1)) == sorted(version for of_one in given for version in of_one)
    assert all(sorted(of_one) == of_one for of_one in given)
    check_activations(database, "digits", PROCESSES * VERSIONS)


def test_promotions_at_the_same_moment_all_succeed(database: Database, url: str, tmp_path: Path) -> None:
    """The last one stays; none is answered with an error, and each knows which model it replaced."""
    store = ArtifactStore(tmp_path / "models")
    model_ids = [add_model(database, store, "housing", active=False).id for _ in range(PROCESSES)]

    with processes() as pool:
        together(pool, promote_often, url, store.root, model_ids)

    check_activations(database, "housing", PROCESSES)


def check_activations(database: Database, task: str, at_least: int) -> None:
    """One model is active, and the history is a chain: no two processes replaced the same model."""
    with database.read() as tx:
        query = select(models_table.c.id).where(models_table.c.task == task, models_table.c.active)
        active = tx.execute(query).scalars().all()
        history = models.activations_of(tx, task, 1000, None)
    assert [history[0].model_id] == active
    assert at_least <= len(history)
    assert [row.model_id for row in history[1:]] == [row.previous_model_id for row in history[:-1]]
    assert history[-1].previous_model_id is None


def test_one_idempotency_key_queues_one_run(database: Database, url: str, tmp_path: Path) -> None:
    """Clients that repeat a request at the same moment, at several API processes, all get the same run."""
    with processes() as pool:
        given = together(pool, submit_same, url, tmp_path)

    assert [given[0]] * PROCESSES == given
    with database.read() as tx:
        assert sorted(given[0]) == sorted(tx.execute(select(runs_table.c.id)).scalars())


def test_a_new_file_that_another_process_prepares_is_waited_for(tmp_path: Path) -> None:
    """Switching a fresh SQLite file to WAL needs the write lock; whoever comes second waits like any writer."""
    path = tmp_path / "densely.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE made_first (number INTEGER)")
    commit = threading.Timer(0.3, other.execute, ["COMMIT"])
    commit.start()
    database = Database(f"sqlite:///{path}")
    try:
        with database.write() as tx:
            found = inspect(tx).get_table_names()
    finally:
        commit.join()
        other.close()
        database.close()

    assert ["made_first"] == found


def test_a_connection_that_is_in_use_when_all_are_closed_is_closed_after_its_use(url: str) -> None:
    database = Database(url)
    closed = []
    event.listen(database.engine, "close", lambda *_: closed.append("one"))
    with database.read() as tx:
        tx.execute(select(1))
        database.close()
        assert [] == closed

    assert ["one"] == closed
