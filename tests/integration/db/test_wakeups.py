"""Notifications of a real PostgreSQL: what they wake, that none is lost, and what becomes of those who wait without."""

import asyncio
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from app.api.waking import Waker
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db import listening, notify, runs
from app.db.engine import Database
from app.db.notify import Topic
from app.domain.clock import utc_now
from app.domain.runs import Change
from app.services.execution import WorkerService
from app.services.keys import KeyService, KeySpec
from app.services.sweeps.service import SweepLimits, SweepService
from app.services.training import TrainingService
from app.services.wakeups import GAP_SECONDS, SAFETY_SECONDS, Flag, Nap, Wakeups
from app.wire.sweeps import SweepRequest
from app.worker.loop import Worker, WorkerLimits
from tests.support import postgres
from tests.support.instant import InstantExecutor
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

ABOVE_SELECT = 1_100  # descriptors: `select` takes those below 1,024
ENOUGH_FILES = 2_048
LONG = 60.0  # seconds; whoever waits so long was not woken


@pytest.fixture
def kind(cluster: postgres.Cluster) -> str:
    """SQLite tells nothing."""
    assert cluster.port
    return "postgresql"


@pytest.fixture
def template(template_of_postgresql: str) -> str:
    return template_of_postgresql


@pytest.fixture
def wakeups(database: Database) -> Iterator[Wakeups]:
    """Listening."""
    made, begun = Wakeups(database), Event()
    made.call(list(Topic), begun.set)  # when hearing begins all are woken
    made.start()
    assert begun.wait(10)
    assert made.hearing
    yield made
    made.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def tell(database: Database, topic: Topic) -> None:
    with database.write() as tx:
        notify.tell(tx, topic)


class TestTelling:
    """What was told arrives with the commit, once, at whom it concerns."""

    def test_it_arrives_with_the_commit(self, wakeups: Wakeups, database: Database) -> None:
        flag = Flag(wakeups, Topic.QUEUE)
        with database.write() as tx:
            notify.tell(tx, Topic.QUEUE)
            tell(database, Topic.EVENTS)  # of another transaction, for others
            time.sleep(0.05)
            assert not flag.take()

        wait_until(flag.take)
        assert not flag.take()

    def test_what_is_rolled_back_was_never_told(self, wakeups: Wakeups, database: Database) -> None:
        queue, other = Flag(wakeups, Topic.QUEUE), Flag(wakeups, Topic.SHARED)
        with suppress(ZeroDivisionError), database.write() as tx:
            notify.tell(tx, Topic.QUEUE)
            raise ZeroDivisionError
        tell(database, Topic.SHARED)

        wait_until(other.take)
        assert not queue.take()

    @pytest.mark.parametrize(
        ("topic", "change"),
        [
            (Topic.QUEUE, lambda database: queue_run(database, utc_now)),
            (Topic.EVENTS, lambda database: queue_run(database, utc_now)),
            (Topic.SHARED, lambda database: KeyService(database, utc_now).create(KeySpec("a key", ["predict"]))),
        ],
    )
    def test_changes_tell(
        self, wakeups: Wakeups, database: Database, topic: Topic, change: Callable[[Database], object]
    ) -> None:
        flag = Flag(wakeups, topic)
        change(database)
        wait_until(flag.take)

    def test_a_run_that_returns_to_the_queue_tells(self, wakeups: Wakeups, database: Database) -> None:
        queue_run(database, utc_now)
        service = WorkerService(database, utc_now, "w-1", 10)
        claim = service.claim()
        assert claim
        flag = Flag(wakeups, Topic.QUEUE)
        service.end(claim, Change.RELEASED, None)
        wait_until(flag.take)

    def test_a_sweep_that_is_asked_for_and_one_that_is_to_end_tell(
        self, wakeups: Wakeups, database: Database, tmp_path: Path
    ) -> None:
        catalog = DatasetCatalog(tmp_path / "datasets", tmp_path / "uploads")
        training = TrainingService(database, TASKS, catalog, utc_now, 3)
        service = SweepService(database, training, catalog, utc_now, SweepLimits())
        queue, cancels = Flag(wakeups, Topic.QUEUE), Flag(wakeups, Topic.CANCELS)
        space = {"optimizer.learning_rate": {"kind": "log_range", "low": 0.001, "high": 1}}
        asked = {"task": "planar", "dataset": "sample", "space": space, "budget": {"trials": 2}}

        sweep = service.submit(SweepRequest.model_validate(asked))
        wait_until(queue.take)
        assert not cancels.take()
        service.cancel(sweep.id)
        wait_until(cancels.take)
        wait_until(queue.take)

    def test_what_is_told_just_when_somebody_looks_is_kept(self, wakeups: Wakeups) -> None:
        """Between the question whether there is something and the note that it was seen."""
        flag = Flag(wakeups, Topic.QUEUE)

        class Late(Event):
            def is_set(self) -> bool:
                found = super().is_set()
                self.set()
                return found

        flag._told = Late()

        assert not flag.take()
        assert flag.take()

    def test_asking_a_run_that_is_going_to_end_tells(self, wakeups: Wakeups, database: Database) -> None:
        run_id = queue_run(database, utc_now)
        assert WorkerService(database, utc_now, "w-1", 10).claim()
        flag = Flag(wakeups, Topic.CANCELS)
        with database.write() as tx:
            runs.request_cancel(tx, run_id, utc_now())
        wait_until(flag.take)


class TestConnection:
    """It may be lost, and comes back; meanwhile nobody relies on it."""

    def test_a_process_with_many_files_hears_too(self, database: Database) -> None:
        """Where its connection's descriptor is above those that `select` takes."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < ENOUGH_FILES:
            pytest.skip(f"this user may open {hard} files, fewer than {ENOUGH_FILES}")
        held: list[int] = []
        made, told = Wakeups(database), Event()
        made.call([Topic.SHARED], told.set)
        try:
            if soft != resource.RLIM_INFINITY and soft < ENOUGH_FILES:
                resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH_FILES, hard))
            while len(held) < ABOVE_SELECT:
                held.append(os.dup(0))
            made.start()
            assert told.wait(10)
            assert made.hearing
        finally:
            made.close()
            for file in held:
                os.close(file)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_who_waits_is_woken_when_it_is_lost_and_when_it_is_back(
        self, wakeups: Wakeups, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listening, "RETRY_SECONDS", 0.1)
        heard: list[bool] = []
        wakeups.call([Topic.SHARED], lambda: heard.append(wakeups.hearing))
        others = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'NOTIFY densely_%'")
        with database.write() as tx:
            assert 1 == len(tx.execute(others).all())

        wait_until(lambda: [False, True] == heard)
        tell(database, Topic.SHARED)
        wait_until(lambda: [False, True, True] == heard)

    def test_where_nothing_comes_through_everybody_goes_on_to_poll(
        self, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As behind a pooler of transactions, which takes LISTEN and passes nothing on; said once."""
        monkeypatch.setattr(listening, "ECHO_SECONDS", 0.1)
        monkeypatch.setattr(listening, "RARE_RETRY_SECONDS", 0.05)
        made = Wakeups(database)
        assert made._listener is not None
        made._listener._own = "somebody_else"
        connect = made._listener._dialect.connect
        taken: list[object] = []

        def pooled(*arguments: object, **options: object) -> object:
            connection = connect(*arguments, **options)
            monkeypatch.setattr(connection, "notifies", lambda **_: iter(()), raising=False)
            taken.append(connection)
            return connection

        monkeypatch.setattr(made._listener._dialect, "connect", pooled)
        made.start()
        wait_until(lambda: len(taken) == 3)
        hearing, seconds, due = made.hearing, made.seconds(0.2), Flag(made, Topic.CANCELS).take()
        made.close()

        assert (False, 0.2, True) == (hearing, seconds, due)
        assert 1 == capsys.readouterr().out.count("database.no_notifications")

    def test_a_database_that_is_away_at_the_start_is_waited_for(self, database: Database) -> None:
        url = database.engine.url.set(port=1)
        away = Database(url.render_as_string(hide_password=False))
        made = Wakeups(away)
        made.start()
        time.sleep(0.1)
        assert not made.hearing
        began = time.monotonic()
        made.close()
        assert time.monotonic() - began < 1
        away.close()


class TestWaiting:
    """A notification ends it; a storm of them does not make a storm of looks."""

    def test_a_storm_of_notifications_asks_for_few_looks(self, wakeups: Wakeups, database: Database) -> None:
        def tell_often() -> None:
            for _ in range(400):
                tell(database, Topic.QUEUE)

        nap, stop, looks = Nap(wakeups, Topic.QUEUE), Event(), 0
        storm = threading.Thread(target=tell_often)
        began = time.monotonic()
        storm.start()
        while storm.is_alive():
            nap.wait(stop, LONG, LONG)
            looks += 1
        passed = time.monotonic() - began

        assert 1 <= looks <= 2 + passed / GAP_SECONDS

    def test_what_is_told_while_one_looks_ends_the_next_waiting(self, wakeups: Wakeups, database: Database) -> None:
        nap, flag = Nap(wakeups, Topic.QUEUE), Flag(wakeups, Topic.QUEUE)
        tell(database, Topic.QUEUE)
        wait_until(flag.take)

        began = time.monotonic()
        nap.wait(Event(), LONG, LONG)

        assert time.monotonic() - began < 1

    def test_a_stop_ends_it(self, wakeups: Wakeups) -> None:
        stop = Event()
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        Nap(wakeups, Topic.QUEUE).wait(stop, LONG, LONG)
        assert time.monotonic() - began < 1

    def test_a_task_of_the_event_loop_is_woken(self, wakeups: Wakeups, database: Database) -> None:
        waker = Waker(wakeups, Topic.EVENTS)

        async def wait() -> float:
            began = time.monotonic()
            threading.Timer(0.1, tell, [database, Topic.EVENTS]).start()
            await waker.wait(LONG)
            return time.monotonic() - began

        assert 0.09 < asyncio.run(wait()) < 1


class TestWorker:
    """Idle, it claims at once, and asks next to nothing."""

    def test_it_claims_a_run_at_once_and_asks_seldom(
        self, wakeups: Wakeups, database: Database, tmp_path: Path
    ) -> None:
        limits = WorkerLimits(poll=0.01, heartbeat=LONG, lease=10 * LONG, run_time=60, run_memory=2**40)
        executed = tmp_path / "executed.txt"
        service = WorkerService(database, utc_now, "w-1", limits.lease)
        place = (InstantExecutor(database, executed), ArtifactStore(tmp_path / "models"), tmp_path / "checkpoints")
        worker, stop = Worker(service, *place, limits, wakeups=wakeups), Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        time.sleep(0.3)
        statements: list[str] = []
        sqlalchemy_event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        time.sleep(1)
        asked = list(statements)
        began = time.monotonic()
        run_id = queue_run(database, utc_now)
        wait_until(lambda: executed.exists() and run_id in executed.read_text())
        passed = time.monotonic() - began
        stop.set()
        thread.join()

        assert passed < SAFETY_SECONDS / 5
        assert [] == asked, "100 looks without notifications"
