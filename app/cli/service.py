"""Start the service, or a part of it."""

import socket
import threading
import time

import httpx
import typer

from app import logs, processes
from app.cli.connection import address, settings
from app.cli.frame import fail
from app.cli.output import console
from app.settings import Settings


def up() -> None:
    """Migrate the database, then run the API and the worker until Ctrl-C."""
    from app.db import migrate as migrations

    found = settings()
    logs.configure(found.log_level)
    _check_places(found)
    migrations.upgrade(found.url)
    threading.Thread(target=_greet, args=(address(found),), daemon=True).start()
    children = [processes.Child("API", "app.main"), processes.Child("worker", "app.worker")]
    raise typer.Exit(processes.run(children))


def serve() -> None:
    """Run the API alone."""
    from app.main import serve

    serve(settings())


def worker() -> None:
    """Run a worker alone."""
    from app.worker.__main__ import work

    work(settings())


def migrate() -> None:
    """Bring the database to the schema of this release."""
    from app.db import migrate as migrations

    migrations.upgrade(settings().url)


def _check_places(found: Settings) -> None:
    """Folders that can be made, a port that is free: known now, not from three dead processes."""
    for folder in (found.home, found.models_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise fail(f"the folder {folder} cannot be made: {error.strerror}") from error
    family = socket.AF_INET6 if ":" in found.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((found.host, found.port))
        except OSError as error:
            raise fail(f"cannot listen on {found.host}, port {found.port}: {error.strerror}") from error


def _greet(url: str) -> None:
    """Say where the service is as soon as it answers."""
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health/ready", timeout=1).status_code == 200:
                console(error=True).print(f"Densely answers at [bold]{url}[/] (docs at {url}/docs). Ctrl-C stops it.")
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
