"""The command line says what is wrong with an installation in one line."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.db.base import SCHEMA_REVISION
from app.db.engine import Database


def densely(tmp_path: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its home in the test's folder; rich must not wrap what it prints."""
    environment = {**os.environ, "DENSELY_HOME": str(tmp_path / "home"), "COLUMNS": "40", **settings}
    command = [sys.executable, "-m", "app.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"DENSELY_HOST": "0.0.0.0"}, "DENSELY_HOST=0.0.0.0 is reachable from other machines: set DENSELY_API_KEYS"),
        ({"DENSELY_PORT": "abc"}, "DENSELY_PORT must be a valid integer"),
        ({"DENSELY_EXECUTOR": "slurm"}, "DENSELY_EXECUTOR must be 'process' or 'ray'"),
        (
            {"DENSELY_DATABASE_URL": "mysql://x@y/z"},
            "DENSELY_DATABASE_URL must be as postgresql://user@host/name or sqlite",
        ),
        ({"DENSELY_LEASE_SECONDS": "1"}, "DENSELY_LEASE_SECONDS must be at least twice DENSELY_HEARTBEAT_SECONDS"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    done = densely(tmp_path, "up", **settings)

    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert done.stderr.startswith(told)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_without_tables_is_named_with_the_remedy(tmp_path: Path, command: str) -> None:
    done = densely(tmp_path, command)

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "run `densely migrate`" in done.stderr


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    done = densely(tmp_path, "migrate", DENSELY_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert 1 == done.returncode
    assert 1 == done.stderr.count("\n")
    assert done.stderr.startswith("the database does not answer: ")
    assert "Connection refused" in done.stderr


def test_migrate_makes_the_tables_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        assert 0 == densely(tmp_path, "migrate").returncode
    database = Database(f"sqlite:///{tmp_path / 'home' / 'densely.db'}")

    assert SCHEMA_REVISION == database.revision()
    database.close()


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path, command: str) -> None:
    densely(tmp_path, "migrate")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = densely(tmp_path, command, DENSELY_PORT=str(port), DENSELY_MODELS_DIR=str(tmp_path / "models"))

    assert (1, f"cannot listen on 127.0.0.1, port {port}: Address already in use\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize("name", ["DENSELY_HOME", "DENSELY_MODELS_DIR"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    done = densely(tmp_path, "up", **{name: str(tmp_path / "file" / "folder")})

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert str(tmp_path / "file" / "folder") in done.stderr
