"""A trainer's side of an outage: every call waits for the database and tries again, and nothing is done twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db import installation, models, run_queries, runs
from app.db.engine import Database, Transaction
from app.domain.runs import Change
from app.errors import LeaseLost, Unavailable
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.services.outages import OUTAGE_SECONDS, Patience
from app.wire.runs import Progress, RunError
from tests.support.artifacts import publish_run
from tests.support.clock import FakeClock
from tests.support.queue import queue_run


class Network:
    """Between an attempt and its database: broken for so many calls, or so that commits succeed without an answer."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = self.answerless = 0
        self._read, self._write = database.read, database.write
        monkeypatch.setattr(database, "read", self.read)
        monkeypatch.setattr(database, "write", self.write)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        self._fail()
        with self._read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._fail()
        with self._write() as tx:
            yield tx
        if self.answerless:
            self.answerless -= 1
            raise Unavailable("the database does not answer")

    def _fail(self) -> None:
        if self.broken:
            self.broken -= 1
            raise Unavailable("the database does not answer")


@pytest.fixture
def network(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(attempt.database, monkeypatch)


@pytest.fixture
def attempt(database: Database, clock: FakeClock) -> Attempt:
    """At a run that a worker holds; whoever waits for the database lets time pass."""
    queue_run(database, clock)
    claim = WorkerService(database, clock, "w-1", 10, clock.monotonic).claim()
    assert claim is not None
    patience = Patience(monotonic=clock.monotonic, wait=clock.advance)
    return Attempt(database, clock, claim.run.id, claim.lease_id, patience, clock.monotonic)


def story(attempt: Attempt) -> list[Any]:
    """Status changes, log lines and epochs, in their order."""
    key = {"status": "change", "log": "message", "epoch": "epoch"}
    with attempt.database.read() as tx:
        return [event.data.get(key[event.type]) for event in run_queries.events_of(tx, attempt.run_id, 500, 0)][2:]


ERROR = RunError(type="X", message="y")
CALLS: dict[str, tuple[Callable[[Attempt], object], list[Any]]] = {
    "run": (lambda attempt: attempt.run(), []),
    "log": (lambda attempt: attempt.log("hello"), ["hello"]),
    "set_device": (lambda attempt: attempt.set_device("CPU:0"), []),
    "record_epoch": (lambda attempt: attempt.record_epoch(0, 1, 0.1, {"loss": 1.0}, Progress(epochs=1)), [1]),
    "forget_epochs": (lambda attempt: attempt.forget_epochs(0, 0), []),
    "fail": (lambda attempt: attempt.fail(ERROR), ["errored"]),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_waits_for_the_database_and_says_so(attempt: Attempt, network: Network, call: str) -> None:
    """As the run's log tells afterwards, before what was done."""
    action, expected = CALLS[call]
    network.broken = 10

    action(attempt)

    outage = [] if call == "run" else ["the database did not answer for 2.0 s; the run waited and goes on"]
    assert [*outage, *expected] == story(attempt)


@pytest.mark.parametrize("call", CALLS)
def test_an_outage_without_end_is_not_waited_for(
    attempt: Attempt, network: Network, clock: FakeClock, call: str
) -> None:
    began = clock.monotonic()
    network.broken = 1_000_000

    with pytest.raises(Unavailable):
        CALLS[call][0](attempt)

    assert OUTAGE_SECONDS < clock.monotonic() - began < OUTAGE_SECONDS + 1


def test_a_commit_whose_answer_was_lost_records_no_epoch_twice(attempt: Attempt, network: Network) -> None:
    network.answerless = 1

    for epoch in (1, 2):
        attempt.record_epoch(0, epoch, 0.1, {"loss": 1.0}, Progress(epoch=epoch, epochs=2))
    attempt.flush()

    assert [1, 2] == [told for told in story(attempt) if isinstance(told, int)]
    with attempt.database.read() as tx:
        assert [1, 2] == [epoch.epoch for epoch in run_queries.epochs_of(tx, attempt.run_id)]


@pytest.mark.parametrize("fault", ["broken", "answerless"])
def test_a_model_is_published_once(attempt: Attempt, network: Network, store: ArtifactStore, fault: str) -> None:
    """Even if the commit's answer is lost: its files stay, and its run has succeeded at the first attempt."""
    setattr(network, fault, 1)

    manifest = publish_run(attempt, store, "if_better")

    with attempt.database.read() as tx:
        run = run_queries.get(tx, attempt.run_id)
        assert ("succeeded", 1, manifest.id) == (run.status, run.attempt, run.model_id)
        assert manifest.id == models.active(tx)["housing"].id
    assert [("housing", manifest.id)] == list(store.published())
    assert 1 == story(attempt).count("published")


def test_a_lease_that_was_lost_meanwhile_leaves_nothing(
    attempt: Attempt, network: Network, store: ArtifactStore, clock: FakeClock
) -> None:
    with attempt.database.write() as tx:
        runs.end_lease(tx, attempt.run_id, attempt.lease_id, Change.LOST, clock())
    network.broken = 3

    with pytest.raises(LeaseLost):
        publish_run(attempt, store, "if_better")

    assert [] == list(store.published())


@pytest.mark.parametrize("folder", ["the same", "another", "none"])
def test_a_worker_with_another_models_folder_activates_nothing(
    attempt: Attempt, store: ArtifactStore, tmp_path: Path, folder: str
) -> None:
    """The API could not load the model: what answered goes on, and the run's event says why."""
    read = store if folder == "the same" else ArtifactStore(tmp_path / "elsewhere")
    if folder == "another":
        store.identity(make=True)
    with attempt.database.write() as tx:
        installation.put(tx, installation.MODELS_FOLDER, read.identity(make=True) or "")

    manifest = publish_run(attempt, store, "if_better")

    said = next(told for told in story(attempt) if "published model" in str(told))
    with attempt.database.read() as tx:
        assert ("succeeded", manifest.id) == ((run := run_queries.get(tx, attempt.run_id)).status, run.model_id)
        assert (folder == "the same") == ("housing" in models.active(tx))
    assert (folder == "the same") == ("not activated" not in said)
    assert (folder == "the same") == ("DENSELY_MODELS_DIR" not in said)
