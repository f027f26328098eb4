"""One served application for all the tests of what comes in over a connection."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.main import create_app
from tests.support.artifacts import add_model
from tests.support.server import LiveServer, settings_in

Start = Callable[..., LiveServer]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server with an active model of `planar` and these settings."""
    folder = tmp_path_factory.mktemp("edge")
    plain = settings_in(folder)
    migrate.upgrade(plain.url)
    database = Database(plain.url)
    add_model(database, ArtifactStore(plain.models_dir), "planar")
    running: list[LiveServer] = []

    def started(**settings: Any) -> LiveServer:
        found = plain.model_copy(update=settings)
        running.append(LiveServer(create_app(found), drain_seconds=found.drain_seconds))
        return running[-1]

    yield started
    for server in running:
        server.close()
    database.close()


@pytest.fixture(scope="module")
def url(start: Start) -> str:
    """A server as it is by default."""
    return start().url


@pytest.fixture(scope="module")
def impatient(start: Start) -> str:
    """A server that waits for nobody for long."""
    return start(head_seconds=0.4, max_body_seconds=0.4).url
