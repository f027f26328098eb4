"""What the tests of the served application share."""

from collections.abc import Callable

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from tests.integration.finished import Finished
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS


@pytest.fixture
def client(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, store: ArtifactStore
) -> httpx.Client:
    """A client of a served application with one small active model for every task that there is."""
    for number, task in enumerate(TASKS.all):
        add_model(database, store, task, seed=number)
    return client_for(settings)


@pytest.fixture
def finished(database: Database, store: ArtifactStore, clock: FakeClock) -> Finished:
    """Makes finished runs and their models."""
    return Finished(database, store, clock)
