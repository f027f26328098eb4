"""Who may read an SQLite database on the same machine: its owner alone, unless somebody has decided otherwise."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import places
from app.db import installation, migrate
from app.db.engine import Database
from app.settings import Settings


@pytest.fixture(autouse=True)
def _everybody_may_read_what_is_made() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(settings: Settings) -> dict[str, int]:
    """Of the database's files, while it is written to."""
    database = Database(settings.url)
    with database.write() as tx:
        installation.put(tx, "a", "b")
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.home.glob("densely.db*")}
    database.close()
    return found


def test_what_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    migrate.upgrade(settings.url)

    assert dict.fromkeys(("densely.db", "densely.db-wal", "densely.db-shm"), 0o600) == modes(settings)
    assert [] == list(places.privacy(settings))


def test_what_is_there_keeps_its_mode_and_the_doctor_tells(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    migrate.upgrade(settings.url)
    (settings.home / "densely.db").chmod(0o640)
    (found,) = places.privacy(settings)

    assert {0o640} == set(modes(settings).values())
    assert ("note", f"chmod 600 {settings.home / 'densely.db'}") == (found.state, found.mend)
    assert "others on this machine may read" in found.told


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    assert [] == list(places.privacy(Settings(home=tmp_path / "home")))
    assert not (tmp_path / "home").exists()
