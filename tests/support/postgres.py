"""A private PostgreSQL cluster for the tests: made in a temporary folder, on loopback, thrown away at the end."""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "unix_socket_directories=")
START_SECONDS = 30.0


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`: in PATH, or the newest that Debian installed."""
    found = shutil.which("initdb")
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: float(path.parent.parent.name), default=None)
    initdb = Path(found).resolve() if found else newest
    return initdb.parent if initdb and (initdb.parent / "postgres").exists() else None


def missing() -> str | None:
    """What this machine lacks to run the PostgreSQL tests, or None."""
    if importlib.util.find_spec("psycopg") is None:
        return "PostgreSQL tests need psycopg: pip install -e .[postgres]"
    if binaries() is None:
        return "PostgreSQL tests need initdb and postgres in PATH or under /usr/lib/postgresql/*/bin"
    return None


@contextmanager
def running() -> Iterator["Cluster"]:
    """A cluster until the end; a test is skipped where this machine lacks something."""
    if reason := missing():
        pytest.skip(reason)
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.close()


class Cluster:
    """A running server; `new_database` gives each test its own empty database."""

    def __init__(self) -> None:
        folder = binaries()
        assert folder is not None, missing()
        self._folder = Path(tempfile.mkdtemp(prefix="densely-pg-"))
        self._user = _unprivileged_user()
        if owner := self._user.get("user"):
            shutil.chown(self._folder, owner)
        data = self._folder / "data"
        options = ("--username=densely", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        initdb: list[str | Path] = [folder / "initdb", "--pgdata", data, *options]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", **self._user)
        self.port = self._port = _free_port()
        self._command: list[str | Path] = [folder / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(self._port)]
        for setting in SETTINGS:
            self._command += ["-c", setting]
        self._log = (self._folder / "log").open("wb")
        self._numbers = itertools.count(1)
        self._start()

    def new_database(self, template: str = "") -> str:
        """The URL of a database without tables, or with those of the database at the URL `template`."""
        name = f"test_{next(self._numbers)}"
        copied = template.rpartition("/")[2] or "template1"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {copied} STRATEGY file_copy")
        return f"postgresql://densely@127.0.0.1:{self._port}/{name}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Meanwhile the server is stopped, in good order: its clients are told so, and new ones are refused."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(START_SECONDS)
        try:
            yield
        finally:
            self._start()

    def let_in(self, line: str) -> None:
        """Put a line before the others of the file that says who is let in, and how."""
        file = self._folder / "data" / "pg_hba.conf"
        file.write_text(f"{line}\n{file.read_text()}")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        """As the one who may do everything."""
        import psycopg

        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """Stop the server and remove its files."""
        self._server.send_signal(signal.SIGQUIT)  # at once: there is nothing to keep
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()
        shutil.rmtree(self._folder)

    def _start(self) -> None:
        self._server = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, cwd="/", **self._user)
        self._wait()

    def _conninfo(self, database: str) -> str:
        return f"host=127.0.0.1 port={self._port} user=densely dbname={database} connect_timeout=2"

    def _wait(self) -> None:
        import psycopg

        end = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > end:
                    log = (self._folder / "log").read_text(errors="replace")
                    self.close()
                    raise RuntimeError(f"PostgreSQL did not start: {log[-2000:]}") from None
                time.sleep(0.05)


def _unprivileged_user() -> dict[str, Any]:
    """What `subprocess` needs to run as another user, since PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = users.get("postgres") or users["nobody"]
    return {"user": entry.pw_name, "group": entry.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
