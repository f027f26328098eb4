"""What an API process makes up for while others of an older release go on."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from app.api.dependencies import Services
from app.api.follower import FILL_SECONDS, Follower
from app.api.task_routes import TaskRoutes
from app.artifacts.store import ArtifactStore
from app.db import runs
from app.db.engine import Database
from app.db.tables import runs as table
from app.domain.runs import Change
from app.errors import DenselyError, StoreAway, Unavailable, Unusable
from app.main import create_app
from app.metrics.tally import Tally
from app.services.answered import Answered
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS


def following(services: Services, settings: Settings, clock: FakeClock) -> Follower:
    routes = TaskRoutes(TASKS, services.prediction, Answered(Tally()))
    return Follower(services, ArtifactStore(settings.bundled_models), routes, clock.monotonic)


@pytest.fixture
def stored(settings: Settings, database: Database, clock: FakeClock) -> Iterator[Services]:
    """With an object store."""
    del database
    (folder := settings.home / "store").mkdir()
    services: Services = create_app(
        settings.model_copy(update={"store_url": f"file://{folder}"}), clock
    ).api.state.services
    yield services
    assert services.remote
    services.remote.close()


def end_without_score(database: Database, clock: FakeClock) -> str:
    """A run that a worker of the release before has ended; returns its id."""
    run_id = queue_run(database, clock)
    with database.write() as tx:
        row = runs.claim(tx, "w-1", clock())
        assert row is not None
        figures = {"metrics": {"test": {"mae": 2.0}}}
        runs.end_lease(tx, run_id, row.lease_id, Change.PUBLISHED, clock(), values=figures)
    return run_id


def test_scores_that_an_older_worker_left_out_are_made_up_for_again(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    """It may end runs long after the API was replaced; whoever looks twice a second looks for them once a minute."""
    services: Services = create_app(settings, clock).api.state.services
    follower = following(services, settings, clock)

    def score(run_id: str) -> float | None:
        with database.read() as tx:
            found: float | None = tx.execute(table.select().where(table.c.id == run_id)).one().score
        return found

    first = end_without_score(database, clock)
    follower.look()
    second = end_without_score(database, clock)
    follower.look()
    assert (-2.0, None) == (score(first), score(second))
    clock.advance(FILL_SECONDS)
    follower.look()
    assert -2.0 == score(second)


def test_only_an_outage_of_the_database_is_told_as_one(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    """A store that refuses says what has to be mended; the database is there."""
    del database
    services: Services = create_app(settings, clock).api.state.services
    follower = following(services, settings, clock)

    def events(error: DenselyError) -> list[str]:
        with capture_logs() as lines:
            follower._note(error)
        return [line["event"] for line in lines]

    assert ["refresh.failed"] == events(Unusable("the object store refuses"))
    assert ["database.away"] == events(Unavailable("the database does not answer"))


def test_a_store_that_gives_nothing_is_asked_for_nothing_by_whoever_looks(
    stored: Services, settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have stalled since before this process began: what others change is followed all the same."""
    assert stored.remote
    follower, asked = following(stored, settings, clock), []

    def register_bundled(_: ArtifactStore) -> dict[str, str]:
        asked.append("bundled")
        return {} if gives() else {"housing": "the object store does not answer"}

    def register_folder() -> None:
        asked.append("folder")
        if not gives():
            raise StoreAway

    def gives() -> bool:
        return bool(stored.remote and stored.remote.objects.health.gives)

    monkeypatch.setattr(stored.registry, "register_bundled", register_bundled)
    monkeypatch.setattr(stored.registry, "register_folder", register_folder)
    monkeypatch.setattr(follower, "_ask_store", lambda: None)
    stored.remote.objects.health.went_away("it does not answer")

    follower.look()
    assert ["bundled", "folder"] == asked
    follower.look(wait=False)
    assert ["bundled", "folder"] == asked
    stored.remote.objects.health.answered("get")
    follower.look(wait=False)
    assert ["bundled", "folder"] * 2 == asked
    follower.look(wait=False)
    assert ["bundled", "folder"] * 2 == asked


def test_a_store_is_asked_whether_it_is_back_while_the_database_is_away(
    stored: Services, settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predictions need the store alone, and so does `GET /health/ready?database=false`."""
    assert stored.remote
    follower = following(stored, settings, clock)

    def away() -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(stored.keys, "follow", away)
    stored.remote.objects.health.went_away("it does not answer")

    with pytest.raises(Unavailable):
        follower.look(wait=False)
    follower._asking.join()

    assert stored.remote.objects.health.gives
