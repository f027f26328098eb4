"""The database tests run on SQLite and, where the machine has it, on a real PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db import migrate
from app.db.engine import Database
from tests.support import postgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of our own, started once."""
    if reason := postgres.missing():
        pytest.skip(reason)
    running = postgres.Cluster()
    yield running
    running.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of databases without tables, of either kind."""
    if request.param == "sqlite":
        numbers = iter(range(1000))
        return lambda: f"sqlite:///{tmp_path / f'densely-{next(numbers)}.db'}"
    running: postgres.Cluster = request.getfixturevalue("cluster")
    return running.new_database


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """A database with the tables of this release."""
    made = new_url()
    migrate.upgrade(made)
    return made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The same, opened; takes the place of the SQLite one that other tests use."""
    opened = Database(url)
    yield opened
    opened.close()
