"""Start the service, or a part of it."""

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Annotated

import httpx
import typer

from app import logs, processes
from app.cli.codes import REFUSED
from app.cli.connection import address, settings
from app.cli.frame import fail
from app.cli.output import console
from app.errors import Unavailable, Unusable
from app.folders import check_writable
from app.metrics import snapshots
from app.settings import Settings

log = logs.get()

START_POLL = 0.5  # seconds between two looks at a database that is waited for
# NumPy's products of small matrices gain nothing from more threads, which wait for each other by spinning.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

Workers = Annotated[int | None, typer.Option(min=1, max=64, help="API processes, instead of DENSELY_WORKERS.")]


def up(workers: Workers = None) -> None:
    """Migrate the database, then run the API and the worker until Ctrl-C."""
    from app.db import migrate as migrations

    found = _with(workers)
    logs.configure(found.log_level)
    _check_port(found)
    check_writable(found.home, "DENSELY_HOME")
    check_writable(found.models_dir, "DENSELY_MODELS_DIR")
    migrations.upgrade(found.url)
    _check_room(found)
    snapshots.clear(snapshots.folder_in(found.home), stale_only=False)
    threading.Thread(target=_greet, args=(address(found),), daemon=True).start()
    children = [*_api_processes(found), processes.Child("worker", "app.worker")]
    raise typer.Exit(processes.run(children, _grace(found)))


def serve(workers: Workers = None) -> None:
    """Run the API alone."""
    found = _with(workers)
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    _check_port(found)
    _await_database(found)
    snapshots.clear(snapshots.folder_in(found.home), stale_only=True)
    if found.workers > 1:
        logs.configure(found.log_level)
        _check_room(found)
        raise typer.Exit(processes.run(_api_processes(found), _grace(found)))
    from app.main import serve  # after the environment is as NumPy should find it

    try:
        serve(found)
    except SystemExit as error:  # its 3 means that it did not start, ours that a service is away
        raise typer.Exit(REFUSED if error.code else 0) from error


def worker() -> None:
    """Run a worker alone."""
    from app.worker.__main__ import work

    found = settings()
    _await_database(found)
    snapshots.clear(snapshots.folder_in(found.home), stale_only=True)
    work(found)


def migrate() -> None:
    """Bring the database to the schema of this release."""
    from app.db import migrate as migrations

    migrations.upgrade(settings().url)


def check_database(found: Settings) -> None:
    """
    Raises:
        Unavailable: the database does not answer.
        Unusable: it is none, is damaged or of a newer release.
    """
    from app.db import condition

    condition.check(found.url)


def _await_database(found: Settings) -> None:
    """As `check_database`; where it may be waited for, also until it has this release's tables.

    Raises:
        Unavailable, Unusable: see there; or it needs a migration, and nobody has begun one in time.
    """
    if not found.start_seconds:
        return check_database(found)
    logs.configure(found.log_level)
    deadline, said = time.monotonic() + found.start_seconds, ""
    while True:
        try:
            check_database(found)
            return _check_migrated(found)
        except Unusable:
            raise
        except Unavailable as error:
            if time.monotonic() >= deadline:
                raise
            if error.message != said:  # once, not at each of many tries
                log.warning("start.waiting", reason=error.message, seconds=found.start_seconds)
            said = error.message
        time.sleep(START_POLL)


def _check_migrated(found: Settings) -> None:
    from app.db.engine import Database

    database = Database(found.url, quiet=True)
    try:
        database.check_revision()
    finally:
        database.close()


def _with(workers: int | None) -> Settings:
    """The settings; children read theirs from the environment too."""
    if workers is not None:
        os.environ["DENSELY_WORKERS"] = str(workers)
    return settings()


def _api_processes(found: Settings) -> list[processes.Child]:
    names = [f"API {n + 1}" for n in range(found.workers)] if found.workers > 1 else ["API"]
    return [processes.Child(name, "app.main", ONE_THREAD) for name in names]


def _grace(found: Settings) -> float:
    """Seconds that processes get to end in good order."""
    return processes.GRACE + found.drain_seconds


def _check_port(found: Settings) -> None:
    """A port that is free: known now, not from three dead processes."""
    if reason := cannot_listen(found):
        raise fail(reason)


def _check_room(found: Settings) -> None:
    """For the models that come with Densely, where they are still to be copied.

    Raises:
        Unusable: there is none.
    """
    from app.artifacts.bundle import missing
    from app.db.engine import Database
    from app.db.models import tasks_with_models

    database = Database(found.url)
    try:
        with database.read() as tx:
            known = tasks_with_models(tx)
    finally:
        database.close()
    if room := missing(found.bundled_models, found.models_dir, known):
        check_writable(found.models_dir, "DENSELY_MODELS_DIR", room)


def cannot_listen(found: Settings) -> str | None:
    """Why the service's port cannot be had, or None."""
    try:
        family = processes.family_of(found.host, found.port)
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((found.host, found.port))
    except OSError as error:
        return f"cannot listen on {found.host}, port {found.port}: {error.strerror}"
    return None


def _greet(url: str) -> None:
    """Say where the service is as soon as it answers. No proxy of the environment is asked for this machine."""
    with httpx.Client(trust_env=False, timeout=1) as client:
        while True:  # to this process's end: a busy machine takes its time
            try:
                if client.get(f"{url}/health/ready").status_code == 200:
                    break
            except (httpx.TransportError, OSError):
                pass
            time.sleep(0.1)
    with suppress(OSError):  # nobody reads standard error any more, or its disk is full
        console(error=True).print(f"Densely answers at [bold]{url}[/] (docs at {url}/docs). Ctrl-C stops it.")
