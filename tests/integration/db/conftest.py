"""The database tests run on SQLite and, where the machine has it, on a real PostgreSQL."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db import migrate
from app.db.engine import Database
from tests.support import postgres


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on: each test that asks for one runs on both."""
    name: str = request.param
    if name == "postgresql":
        request.getfixturevalue("cluster")  # skips where there is none
    return name


@pytest.fixture
def new_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of databases without tables."""
    if kind == "sqlite":
        numbers = itertools.count()
        return lambda: f"sqlite:///{tmp_path / f'empty-{next(numbers)}.db'}"
    running: postgres.Cluster = request.getfixturevalue("cluster")
    return running.new_database


@pytest.fixture(scope="session")
def template(kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database that is only ever copied: migrating takes longer than most tests."""
    if kind == "sqlite":
        made = f"sqlite:///{tmp_path_factory.mktemp('template') / 'densely.db'}"
    else:
        made = request.getfixturevalue("cluster").new_database()
    migrate.upgrade(made)
    return made


@pytest.fixture
def url(kind: str, template: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the tables of this release."""
    if kind == "sqlite":
        copied = shutil.copy(template.removeprefix("sqlite:///"), tmp_path / "densely.db")
        return f"sqlite:///{copied}"
    running: postgres.Cluster = request.getfixturevalue("cluster")
    return running.new_database(template)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The same, opened; takes the place of the SQLite one that other tests use."""
    opened = Database(url)
    yield opened
    opened.close()
