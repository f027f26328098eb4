"""The queue: claiming, fencing, expiry, cancelling, and what the database itself refuses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.db import models, run_queries, runs, tables
from app.db.base import metadata
from app.db.engine import Database, Transaction
from app.db.epochs import forget_epochs, record_epochs
from app.domain.runs import TRANSITIONS, Change, Measured, Metrics, RunRequest, RunStatus
from app.errors import InvalidTransition, LeaseLost, NotFound, Unavailable
from app.services.attempts import Attempt
from app.services.execution import Claim, WorkerService
from app.wire.runs import Progress, RunError
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS
from tests.support.watching import watch

LEASE = 10.0  # seconds
CRASH = RunError(type="TrainerLost", message="its trainer ended with status -9")


def request_for(task: str = "housing", **changes: Any) -> RunRequest:
    preset = TASKS.get(task).presets["baseline"]
    given = {"task": task, "preset": "baseline", "dataset": "sample", "seed": 1, "recipe": preset.recipe}
    return RunRequest.model_validate({**given, "validation": preset.validation, **changes})


def queue(database: Database, clock: FakeClock, *, max_attempts: int = 3, **changes: Any) -> str:
    with database.write() as tx:
        return runs.insert_run(tx, request_for(**changes), clock(), max_attempts)


def worker(database: Database, clock: FakeClock, name: str = "w-1") -> WorkerService:
    return WorkerService(database, clock, name, LEASE, clock.monotonic)


def claimed(database: Database, clock: FakeClock, **changes: Any) -> Claim:
    """A run that a worker holds."""
    queue(database, clock, **changes)
    claim = worker(database, clock).claim()
    assert claim is not None
    return claim


def status_of(database: Database, run_id: str) -> RunStatus:
    with database.read() as tx:
        return run_queries.get(tx, run_id).status


def events_of(database: Database, run_id: str) -> list[tuple[str, Any]]:
    """The run's events in short: the change of a status, the message of a log line, the epoch's number."""
    with database.read() as tx:
        found = run_queries.events_of(tx, run_id, 1000, 0)
    key = {"status": "change", "log": "message", "epoch": "epoch"}
    return [(event.type, event.data.get(key[event.type])) for event in found]


def everything(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with database.read() as tx:
        return rows_of(tx)


def rows_of(tx: Transaction) -> dict[str, list[Any]]:
    return {name: sorted(map(repr, tx.execute(select(t)).all())) for name, t in metadata.tables.items()}


def write_epoch(tx: Transaction, run_id: str, lease_id: str, clock: FakeClock, fold: int, epoch: int) -> None:
    measured = Measured(fold, epoch, 0.1, {"loss": 1.0}, clock())
    record_epochs(tx, run_id, lease_id, [measured], Progress(epoch=epoch, epochs=9))


class TestClaim:
    """Taking a queued run."""

    def test_runs_are_claimed_in_the_order_they_came(self, database: Database, clock: FakeClock) -> None:
        queued = [queue(database, clock, task=task) for task in ("housing", "digits", "sentiment")]
        service = worker(database, clock)

        taken = [claim.run.id for _ in queued if (claim := service.claim())]

        assert queued == taken
        assert service.claim() is None

    def test_a_claim_gives_the_lease_and_counts_the_attempt(self, database: Database, clock: FakeClock) -> None:
        run_id = queue(database, clock)
        clock.advance(5)

        claim = worker(database, clock, "w-7").claim()

        assert claim is not None
        assert run_id == claim.run.id
        assert (RunStatus.RUNNING, 1, clock()) == (claim.run.status, claim.run.attempt, claim.run.started_at)
        with database.read() as tx:
            row = tx.execute(select(tables.runs)).one()
        assert ("w-7", claim.lease_id) == (row.worker_id, row.lease_id)
        assert 0 == row.lease_beats
        assert [("status", None), ("status", "claimed")] == events_of(database, run_id)

    def test_a_run_keeps_its_place_when_it_returns_to_the_queue(self, database: Database, clock: FakeClock) -> None:
        """A lost run is older than those behind it, so it goes first."""
        first = claimed(database, clock)
        queue(database, clock)
        worker(database, clock).lose(first, CRASH)

        again = worker(database, clock).claim()

        assert again is not None
        assert first.run.id == again.run.id
        assert first.lease_id != again.lease_id
        assert 2 == again.run.attempt

    def test_only_a_queued_run_can_be_claimed(self, database: Database, clock: FakeClock) -> None:
        """Running and ended runs are never handed out, whatever their number."""
        service = worker(database, clock)
        for change in (Change.PUBLISHED, Change.ERRORED, Change.CANCELLED):
            service.end(claimed(database, clock), change)
        claimed(database, clock)

        with database.write() as tx:
            assert runs.claim(tx, "w-2", clock()) is None

    def test_the_first_start_is_kept(self, database: Database, clock: FakeClock) -> None:
        """`started_at` is when the run first left the queue, not its last attempt."""
        first = claimed(database, clock)
        worker(database, clock).lose(first, CRASH)
        clock.advance(60)

        again = worker(database, clock).claim()

        assert again is not None
        assert first.run.started_at == again.run.started_at


Fenced = Callable[[Transaction, str, str, FakeClock], object]


def end(change: Change) -> Fenced:
    return lambda tx, run, lease, clock: runs.end_lease(tx, run, lease, change, clock(), CRASH)


FENCED: dict[str, Fenced] = {
    "renew": lambda tx, run, lease, _: runs.renew(tx, run, lease),
    "lose": lambda tx, run, lease, clock: runs.lose(tx, run, lease, clock(), CRASH),
    "record_epochs": lambda tx, run, lease, clock: write_epoch(tx, run, lease, clock, 0, 2),
    "forget_epochs": lambda tx, run, lease, _: forget_epochs(tx, run, lease, 0, 0),
    "set_device": lambda tx, run, lease, _: runs.set_device(tx, run, lease, "GPU:0"),
    "log": lambda tx, run, lease, clock: runs.log(tx, run, lease, clock(), "hello"),
    "publish": lambda tx, run, lease, clock: runs.publish(tx, run, lease, clock(), Metrics()),
    **{f"end_lease {change}": end(change) for status, change in TRANSITIONS if status is RunStatus.RUNNING},
}


class TestFencing:
    """Only who holds the lease writes."""

    @pytest.mark.parametrize("situation", ["succeeded by another worker", "back in the queue", "ended", "never held"])
    def test_a_write_under_a_stale_lease_changes_nothing(
        self, database: Database, clock: FakeClock, situation: str
    ) -> None:
        """A worker that was only asleep can't overwrite its successor: LeaseLost, and every table as before."""
        claim = claimed(database, clock)
        with database.write() as tx:
            write_epoch(tx, claim.run.id, claim.lease_id, clock, 0, 1)
        lease_id = claim.lease_id
        if situation == "never held":
            lease_id = "0123456789abcdef"
        elif situation == "ended":
            worker(database, clock).end(claim, Change.ERRORED, CRASH)
        else:
            worker(database, clock).lose(claim, CRASH)
        if situation == "succeeded by another worker":
            assert worker(database, clock, "w-2").claim() is not None
        before = everything(database)

        for name, write in FENCED.items():
            with pytest.raises(LeaseLost), database.write() as tx:
                write(tx, claim.run.id, lease_id, clock)

            assert before == everything(database), name

    @pytest.mark.parametrize("write", FENCED, ids=str)
    def test_the_same_write_under_the_present_lease_is_done(
        self, database: Database, clock: FakeClock, write: str
    ) -> None:
        """The fence is the only reason for the refusals above."""
        claim = claimed(database, clock)
        with database.write() as tx:
            write_epoch(tx, claim.run.id, claim.lease_id, clock, 0, 1)
        clock.advance(1)
        before = everything(database)

        with database.write() as tx:
            FENCED[write](tx, claim.run.id, claim.lease_id, clock)

        assert before != everything(database)

    def test_an_attempt_without_the_lease_cannot_write(self, database: Database, clock: FakeClock) -> None:
        """The trainer's side of the same fence."""
        claim = claimed(database, clock)
        attempt = Attempt(database, clock, claim.run.id, claim.lease_id)
        worker(database, clock).end(claim, Change.RELEASED)
        before = everything(database)
        writes: list[Callable[[], None]] = [
            lambda: attempt.log("hello"),
            lambda: attempt.set_device("GPU:0"),
            lambda: attempt.record_epoch(0, 1, 0.1, {"loss": 1.0}, Progress(epochs=1)),
            lambda: attempt.forget_epochs(0, 0),
            lambda: attempt.fail(CRASH),
        ]

        for write in writes:
            with pytest.raises(LeaseLost):
                write()

        assert before == everything(database)


class TestExpiry:
    """The dead are found by the living, who watch their heartbeats by clocks of their own."""

    def test_a_lease_holds_to_its_last_moment(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)

        assert [] == watch(worker(database, clock), clock, LEASE)
        assert RunStatus.RUNNING == status_of(database, claim.run.id)

    def test_an_expired_run_returns_to_the_queue_while_attempts_are_left(
        self, database: Database, clock: FakeClock
    ) -> None:
        claim = claimed(database, clock, max_attempts=2)

        assert [claim.run.id] == watch(worker(database, clock, "w-2"), clock, LEASE + 1)

        with database.read() as tx:
            row = tx.execute(select(tables.runs)).one()
        assert ("queued", None, None, None) == (row.status, row.lease_id, row.lease_beats, row.worker_id)
        assert (None, None) == (row.finished_at, row.error_type)
        assert ("status", "lost") == events_of(database, claim.run.id)[-1]
        assert "no sign of life" in events_of(database, claim.run.id)[-2][1]

    def test_an_expired_run_fails_on_its_last_attempt(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock, max_attempts=1)

        assert [claim.run.id] == watch(worker(database, clock, "w-2"), clock, LEASE + 0.5)

        with database.read() as tx:
            run = run_queries.get(tx, claim.run.id)
        assert (RunStatus.FAILED, clock()) == (run.status, run.finished_at)
        assert run.error is not None
        assert "WorkerLost" == run.error.type
        assert ("status", "exhausted") == events_of(database, run.id)[-1]

    def test_heartbeats_keep_the_lease(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)
        watcher = worker(database, clock, "w-2")
        for _ in range(5):
            assert [] == watch(watcher, clock, LEASE - 1)
            assert not worker(database, clock).renew(claim)

        assert [] == watch(watcher, clock, LEASE)

    @pytest.mark.parametrize("jump", [-7200.0, -30.0, 30.0, 7200.0, 1e9])
    def test_a_jump_of_the_clock_changes_nothing(self, database: Database, clock: FakeClock, jump: float) -> None:
        """The worker dies as the clock is set: its lease lasts as long as ever, no shorter and not two hours longer."""
        claim = claimed(database, clock)
        watcher = worker(database, clock, "w-2")
        watch(watcher, clock, LEASE / 2)
        clock.jump(jump)

        assert [] == watch(watcher, clock, LEASE / 2)
        assert [claim.run.id] == watch(watcher, clock, 1)

    @pytest.mark.parametrize("ahead", [-7200.0, -30.0, 30.0, 7200.0])
    def test_workers_whose_clocks_differ_leave_each_other_alone(
        self, database: Database, clock: FakeClock, ahead: float
    ) -> None:
        """However far a watcher's clocks are from the holder's, the live keep their runs and the dead lose them."""
        other = FakeClock()
        other.advance(ahead * 2)
        other.jump(-ahead)
        claim = claimed(database, clock)
        watcher = WorkerService(database, other, "w-2", LEASE, other.monotonic)
        for _ in range(10):
            clock.advance(LEASE / 5)
            worker(database, clock).renew(claim)
            assert [] == watch(watcher, other, LEASE / 5)

        assert [claim.run.id] == watch(watcher, other, LEASE + 0.5)

    def test_a_worker_that_has_just_started_waits_for_a_lease_first(self, database: Database, clock: FakeClock) -> None:
        """It cannot know since when the heart stands still."""
        claim = claimed(database, clock)
        clock.advance(1e6)
        watcher = worker(database, clock, "w-2")

        assert [] == watch(watcher, clock, LEASE)
        assert [claim.run.id] == watch(watcher, clock, 0.5)

    def test_who_could_not_look_does_not_count_that_time(self, database: Database, clock: FakeClock) -> None:
        """The database was away for everybody, or the watcher slept: the holder gets its chance to renew."""
        claim = claimed(database, clock)
        watcher = worker(database, clock, "w-2")
        watch(watcher, clock, LEASE / 2)
        clock.advance(1e6)

        assert [] == watcher.expire()
        worker(database, clock).renew(claim)
        assert [] == watch(watcher, clock, LEASE)

    def test_who_had_to_wait_for_the_write_lock_frees_nobody_at_once(
        self, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What held up this write held up their heartbeats too; without a further sign the run is freed after all."""
        claim = claimed(database, clock)
        watcher = worker(database, clock, "w-2")
        watch(watcher, clock, LEASE)
        write = database.write

        @contextmanager
        def held_up() -> Iterator[Transaction]:
            with write() as tx:
                clock.advance(LEASE)
                yield tx

        monkeypatch.setattr(database, "write", held_up)
        assert [] == watch(watcher, clock, 0.5)
        monkeypatch.setattr(database, "write", write)

        assert [] == watcher.expire()
        assert [claim.run.id] == watch(watcher, clock, LEASE / 2)

    def test_a_heartbeat_at_the_last_moment_counts(self, database: Database, clock: FakeClock) -> None:
        """It came after the look and before the write."""
        claim = claimed(database, clock)
        worker(database, clock).renew(claim)

        with database.write() as tx:
            assert [] == runs.expire(tx, {claim.run.id: (claim.lease_id, 0)}, clock())
            assert [claim.run.id] == runs.expire(tx, {claim.run.id: (claim.lease_id, 1)}, clock())

    def test_the_living_find_the_dead_when_they_look_for_work(self, database: Database, clock: FakeClock) -> None:
        """A claim frees expired runs first, so no run waits for its dead worker."""
        lost = claimed(database, clock)
        watcher = worker(database, clock, "w-2")
        watch(watcher, clock, LEASE)
        clock.advance(1)

        found = watcher.claim()

        assert found is not None
        assert (lost.run.id, 2) == (found.run.id, found.run.attempt)

    def test_a_run_is_tried_no_more_often_than_it_may(self, database: Database, clock: FakeClock) -> None:
        run_id = queue(database, clock, max_attempts=3)
        service, watcher = worker(database, clock), worker(database, clock, "w-2")
        for attempt in (1, 2, 3):
            claim = service.claim()
            assert claim is not None
            assert attempt == claim.run.attempt
            watch(watcher, clock, LEASE + 1)

        assert service.claim() is None
        assert RunStatus.FAILED == status_of(database, run_id)

    def test_a_claim_whose_answer_was_lost_is_found_again(
        self, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The commit succeeded and the connection broke: the run uses up no second attempt."""
        run_id = queue(database, clock)
        service = worker(database, clock)
        write = database.write

        @contextmanager
        def answerless() -> Iterator[Transaction]:
            with write() as tx:
                yield tx
            raise Unavailable

        monkeypatch.setattr(database, "write", answerless)
        with pytest.raises(Unavailable):
            service.claim()
        monkeypatch.setattr(database, "write", write)

        claim = service.claim()

        assert claim is not None
        assert (run_id, 1) == (claim.run.id, claim.run.attempt)
        assert not service.renew(claim)

    def test_a_release_gives_the_attempt_back(self, database: Database, clock: FakeClock) -> None:
        """A worker that stops in good order costs the run no try: afterwards one attempt is left, as before."""
        claim = claimed(database, clock, max_attempts=1)
        worker(database, clock).end(claim, Change.RELEASED)

        again = worker(database, clock).claim()

        assert again is not None
        assert (2, 2) == (again.run.attempt, again.run.max_attempts)
        assert RunStatus.FAILED == worker(database, clock).lose(again, CRASH)

    def test_an_ended_run_never_expires(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)
        worker(database, clock).end(claim, Change.PUBLISHED)

        assert [] == watch(worker(database, clock), clock, 3 * LEASE)


class TestCancel:
    """Asking to cancel is a flag, not a status."""

    def test_a_queued_run_ends_at_once(self, database: Database, clock: FakeClock) -> None:
        run_id = queue(database, clock)
        with database.write() as tx:
            runs.request_cancel(tx, run_id, clock())

        with database.read() as tx:
            run = run_queries.get(tx, run_id)
        assert (RunStatus.CANCELLED, clock(), clock()) == (run.status, run.cancel_requested_at, run.finished_at)
        assert ("status", "cancelled") == events_of(database, run_id)[-1]
        assert worker(database, clock).claim() is None

    def test_a_running_run_is_only_flagged(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)
        assert not worker(database, clock).cancel_requested(claim)
        with database.write() as tx:
            runs.request_cancel(tx, claim.run.id, clock())

        assert RunStatus.RUNNING == status_of(database, claim.run.id)
        assert worker(database, clock).renew(claim)
        assert worker(database, clock).cancel_requested(claim)

    def test_the_first_request_counts(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)
        asked = clock()
        for _ in range(2):
            with database.write() as tx:
                runs.request_cancel(tx, claim.run.id, clock())
            clock.advance(1)

        with database.read() as tx:
            assert asked == run_queries.get(tx, claim.run.id).cancel_requested_at

    @pytest.mark.parametrize("max_attempts", [1, 3])
    @pytest.mark.parametrize("way", ["trainer died", "lease expired"])
    def test_a_cancel_wins_over_a_loss(self, database: Database, clock: FakeClock, way: str, max_attempts: int) -> None:
        """Nobody wants the run any more: neither another attempt nor a failure."""
        claim = claimed(database, clock, max_attempts=max_attempts)
        with database.write() as tx:
            runs.request_cancel(tx, claim.run.id, clock())
        if way == "trainer died":
            worker(database, clock).lose(claim, CRASH)
        else:
            watch(worker(database, clock), clock, LEASE + 1)

        with database.read() as tx:
            run = run_queries.get(tx, claim.run.id)
        assert (RunStatus.CANCELLED, None) == (run.status, run.error)

    @pytest.mark.parametrize("change", [Change.PUBLISHED, Change.ERRORED, Change.CANCELLED, Change.EXHAUSTED])
    def test_an_ended_run_cannot_be_cancelled(self, database: Database, clock: FakeClock, change: Change) -> None:
        claim = claimed(database, clock)
        worker(database, clock).end(claim, change)
        before = everything(database)

        with pytest.raises(InvalidTransition), database.write() as tx:
            runs.request_cancel(tx, claim.run.id, clock())

        assert before == everything(database)

    def test_an_unknown_run_cannot_be_cancelled(self, database: Database, clock: FakeClock) -> None:
        with pytest.raises(NotFound), database.write() as tx:
            runs.request_cancel(tx, "r-nobody", clock())


def asking(tx: Transaction, claim: Claim, clock: FakeClock) -> None:
    runs.request_cancel(tx, claim.run.id, clock())


CHANGES: dict[str, Callable[[Transaction, Claim, FakeClock], object]] = {
    "insert_run": lambda tx, _, clock: runs.insert_run(tx, request_for(tags={"a": "b"}), clock(), 3),
    "claim": lambda tx, _, clock: runs.claim(tx, "w-2", clock()),
    "lose": lambda tx, claim, clock: runs.lose(tx, claim.run.id, claim.lease_id, clock(), CRASH),
    "expire": lambda tx, claim, clock: runs.expire(tx, {claim.run.id: (claim.lease_id, 0)}, clock()),
    "request_cancel": asking,
    "record_epochs": lambda tx, claim, clock: write_epoch(tx, claim.run.id, claim.lease_id, clock, 0, 1),
    "log": lambda tx, claim, clock: runs.log(tx, claim.run.id, claim.lease_id, clock(), "hello"),
    "publish": lambda tx, claim, clock: runs.publish(tx, claim.run.id, claim.lease_id, clock(), Metrics()),
    "release": lambda tx, claim, clock: runs.end_lease(
        tx, claim.run.id, claim.lease_id, Change.RELEASED, clock()
    ),
}  # fmt: skip


class TestEvents:
    """Each change tells of itself, in its own transaction."""

    @pytest.mark.parametrize("change", CHANGES, ids=str)
    def test_a_change_and_its_event_are_one_transaction(
        self, database: Database, clock: FakeClock, change: str
    ) -> None:
        """Inside the transaction both are there; rolled back, neither is."""
        claim = claimed(database, clock)
        queue(database, clock)
        before = everything(database)

        inside: dict[str, list[Any]] = {}

        def change_and_fail() -> None:
            with database.write() as tx:
                CHANGES[change](tx, claim, clock)
                inside.update(rows_of(tx))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            change_and_fail()

        assert len(before["events"]) < len(inside["events"])
        if change != "log":  # a log line is an event and nothing else
            assert before["runs"] != inside["runs"]
        assert before == everything(database)

    def test_the_events_tell_the_whole_story(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)
        attempt = Attempt(database, clock, claim.run.id, claim.lease_id)
        attempt.log("reading the dataset")
        attempt.record_epoch(0, 1, 0.1, {"loss": 1.0}, Progress(epoch=1, epochs=1))
        with database.write() as tx:
            runs.publish(tx, claim.run.id, claim.lease_id, clock(), Metrics(test={"mae": 2.0}))

        expected = [("status", None), ("status", "claimed"), ("log", "reading the dataset"), ("epoch", 1)]
        assert [*expected, ("status", "published")] == events_of(database, claim.run.id)
        with database.read() as tx:
            ids = [event.id for event in run_queries.events_of(tx, claim.run.id, 1000, 0)]
            assert {"mae": 2.0} == run_queries.get(tx, claim.run.id).metrics.test
        assert sorted(set(ids)) == ids


class TestEpochs:
    """What a former attempt recorded, up to the place where the next one goes on."""

    FOLDS = (1, 2, 3, 0)  # the order in which they are trained

    @pytest.mark.parametrize(
        ("fold", "epoch", "kept"),
        [
            (1, 0, []),
            (1, 1, [(1, 1)]),
            (2, 1, [(1, 1), (1, 2), (2, 1)]),
            (3, 2, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]),
            (0, 0, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]),
            (0, 1, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (0, 1)]),
        ],
    )
    def test_an_attempt_forgets_what_comes_after_its_start(
        self, database: Database, clock: FakeClock, fold: int, epoch: int, kept: list[tuple[int, int]]
    ) -> None:
        """Folds come in the order 1..k, then 0: later folds go whole, earlier ones stay whole."""
        claim, other = claimed(database, clock), claimed(database, clock)
        for number, held in ((number, held) for held in (claim, other) for number in self.FOLDS):
            for done in (1, 2):
                with database.write() as tx:
                    write_epoch(tx, held.run.id, held.lease_id, clock, number, done)

        Attempt(database, clock, claim.run.id, claim.lease_id).forget_epochs(fold, epoch)

        with database.read() as tx:
            left = run_queries.epochs_of(tx, claim.run.id)
            assert 8 == len(run_queries.epochs_of(tx, other.run.id))
            assert run_queries.get(tx, claim.run.id).progress is None
        assert kept == [(e.fold or 0, e.epoch) for e in left]

    def test_an_epoch_is_recorded_once(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)
        with database.write() as tx:
            write_epoch(tx, claim.run.id, claim.lease_id, clock, 0, 1)

        with database.write() as tx:  # again, since the answer to the first was lost
            write_epoch(tx, claim.run.id, claim.lease_id, clock, 0, 1)

        assert 1 == len([event for event in events_of(database, claim.run.id) if event[0] == "epoch"])


class TestConstraints:
    """Rules that no code can break, since the database holds them."""

    @pytest.mark.parametrize(
        "values",
        [
            {"status": "sleeping"},
            {"status": ""},
            {"status": "running"},  # without a lease
            {"lease_id": "0123456789abcdef"},  # not running
            {"status": "succeeded", "lease_id": "0123456789abcdef"},
        ],
        ids=str,
    )
    def test_a_run_has_a_known_status_and_a_lease_only_while_running(
        self, database: Database, clock: FakeClock, values: dict[str, Any]
    ) -> None:
        run_id = queue(database, clock)

        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(update(tables.runs).where(tables.runs.c.id == run_id).values(**values))

    def test_a_running_run_keeps_its_lease(self, database: Database, clock: FakeClock) -> None:
        claim = claimed(database, clock)

        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(update(tables.runs).where(tables.runs.c.id == claim.run.id).values(lease_id=None))

    def test_a_task_has_at_most_one_active_model(self, database: Database, clock: FakeClock) -> None:
        """Also for whoever goes round `activate`."""
        with database.write() as tx:
            for number in range(3):
                add_row(tx, clock, f"m-{number}", "digits")
            add_row(tx, clock, "m-other", "housing")
            models.activate(tx, "digits", "m-0", clock(), "test")
            models.activate(tx, "housing", "m-other", clock(), "test")

        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(update(tables.models).where(tables.models.c.id == "m-1").values(active=True))

        with database.write() as tx:
            assert "m-0" == models.activate(tx, "digits", "m-2", clock(), "test")
        with database.read() as tx:
            active = {task: row.id for task, row in models.active(tx).items()}
        assert {"digits": "m-2", "housing": "m-other"} == active

    def test_a_version_is_given_once_per_task(self, database: Database, clock: FakeClock) -> None:
        with database.write() as tx:
            assert [1, 2] == [add_row(tx, clock, f"m-{n}", "digits") for n in range(2)]
            assert 1 == add_row(tx, clock, "m-9", "housing")

        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(update(tables.models).where(tables.models.c.id == "m-1").values(version=1))

    def test_a_run_has_at_most_one_model(self, database: Database, clock: FakeClock) -> None:
        with database.write() as tx:
            add_row(tx, clock, "m-1", "digits", run_id="r-1")

        with pytest.raises(IntegrityError), database.write() as tx:
            add_row(tx, clock, "m-2", "digits", run_id="r-1")

    def test_an_idempotency_key_queues_one_run(self, database: Database, clock: FakeClock) -> None:
        with database.write() as tx:
            runs.insert_run(tx, request_for(), clock(), 3, ("key", "sha"))

        with pytest.raises(IntegrityError), database.write() as tx:
            runs.insert_run(tx, request_for(), clock(), 3, ("key", "sha"))

        assert 1 == len(everything(database)["runs"])

    @pytest.mark.parametrize("table", ["epochs", "events", "run_tags", "activations"])
    def test_nothing_belongs_to_what_is_not_there(self, database: Database, clock: FakeClock, table: str) -> None:
        rows: dict[str, dict[str, Any]] = {
            "epochs": {"run_id": "r-no", "fit": 0, "epoch": 1, "seconds": 1.0, "metrics": {}},
            "events": {"run_id": "r-no", "type": "log", "at": clock(), "data": {}},
            "run_tags": {"run_id": "r-no", "key": "a", "value": "b"},
            "activations": {"task": "digits", "model_id": "m-no", "reason": "test", "at": clock()},
        }

        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(insert(metadata.tables[table]).values(**rows[table]))

    def test_a_time_without_a_zone_is_refused(self, database: Database, clock: FakeClock) -> None:
        with pytest.raises(Exception, match="a time without a zone"), database.write() as tx:
            runs.insert_run(tx, request_for(), clock().replace(tzinfo=None), 3)


def add_row(tx: Transaction, clock: FakeClock, model_id: str, task: str, run_id: str | None = None) -> int:
    """A model's row without files."""
    return models.insert_model(
        tx, task=task, id=model_id, run_id=run_id, dataset="sample", dataset_is_sample=True, metrics={},
        created_at=clock(),
    )  # fmt: skip


def test_the_figures_of_the_fit_that_is_published_or_of_some_folds(database: Database, clock: FakeClock) -> None:
    """While that fit has not begun, those of the first; a run of many long folds is not read as a whole."""
    run_id = queue(database, clock)

    def add(fit: int, amount: int) -> None:
        rows = [(epoch, {"loss": fit + epoch / 10}) for epoch in range(1, amount + 1)]
        own = {"run_id": run_id, "fit": fit, "seconds": 1.0}
        tx.execute(insert(tables.epochs), [{**own, "epoch": epoch, "metrics": metrics} for epoch, metrics in rows])

    with database.write() as tx:
        assert [] == run_queries.figures_of(tx, run_id)
        for fit, amount in ((1, 2), (2, 2), (3, 1)):
            add(fit, amount)
        assert [[{"loss": 1.1}, {"loss": 1.2}]] == run_queries.figures_of(tx, run_id)
        add(0, 1)
        assert [[{"loss": 0.1}]] == run_queries.figures_of(tx, run_id)
        assert [[{"loss": 1.1}, {"loss": 1.2}], [{"loss": 2.1}, {"loss": 2.2}]] == run_queries.figures_of(tx, run_id, 2)
        assert 3 == len(run_queries.figures_of(tx, run_id, 9))
