"""The command line: start the service, or a part of it."""

import socket
import threading
import time
from collections.abc import Callable
from typing import NoReturn

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console

from app import logs, processes
from app.db import migrate as migrations
from app.errors import DenselyError
from app.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train small Keras networks and serve them.")
console = Console(stderr=True)


@app.command()
def up() -> None:
    """Migrate the database, then run the API and the worker until Ctrl-C."""
    settings = _settings()
    logs.configure(settings.log_level)
    _check_places(settings)
    _guarded(lambda given: migrations.upgrade(given.url), settings)
    threading.Thread(target=_greet, args=(settings,), daemon=True).start()
    raise typer.Exit(processes.run([*_api_processes(settings), processes.Child("worker", "app.worker")]))


@app.command()
def serve() -> None:
    """Run the API alone."""
    from app.main import serve

    settings = _settings()
    if settings.workers > 1:
        raise typer.Exit(processes.run(_api_processes(settings)))
    _guarded(serve, settings)


@app.command()
def worker() -> None:
    """Run a worker alone."""
    from app.worker.__main__ import work

    _guarded(work, _settings())


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this release."""
    _guarded(lambda settings: migrations.upgrade(settings.url), _settings())


def _api_processes(settings: Settings) -> list[processes.Child]:
    names = [f"API {n + 1}" for n in range(settings.workers)] if settings.workers > 1 else ["API"]
    return [processes.Child(name, "app.main") for name in names]


def _settings() -> Settings:
    """From the environment; a mistake there is one line, not a traceback."""
    try:
        return Settings()
    except ValidationError as error:
        for item in error.errors():
            name = "".join(f"DENSELY_{part}".upper() for part in item["loc"])
            console.print(f"{name} {item['msg'].removeprefix('Value error, ')}".strip(), style="red", soft_wrap=True)
        raise typer.Exit(2) from error


def _guarded(action: Callable[[Settings], None], settings: Settings) -> None:
    """Do it; a mistake of the installation is one line, not a traceback."""
    try:
        action(settings)
    except DenselyError as error:
        _fail(error.message)


def _fail(message: str) -> NoReturn:
    console.print(message, style="red", soft_wrap=True)
    raise typer.Exit(1)


def _check_places(settings: Settings) -> None:
    """Folders that can be made, a port that is free: known now, not from three dead processes."""
    for folder in (settings.home, settings.models_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _fail(f"the folder {folder} cannot be made: {error.strerror}")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            _fail(f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}")


def _greet(settings: Settings) -> None:
    """Say where the service is as soon as it answers."""
    every = settings.host in ("0.0.0.0", "::")  # noqa: S104 - a question, not a choice
    host = "localhost" if every else f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health/ready", timeout=1).status_code == 200:
                console.print(
                    f"Densely answers at [bold]{url}[/] (docs at {url}/docs). Ctrl-C stops it.", soft_wrap=True
                )
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)


if __name__ == "__main__":
    app()
