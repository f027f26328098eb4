"""`--from FILE`: a file of rows on its way to the service, with a bar, and its faults as the service tells them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn

from app.cli.output import console

FileOfRows = Annotated[
    Path,
    typer.Option(
        "--from",
        metavar="FILE",
        help="CSV, TSV, JSON, JSON Lines or Parquet, also as .gz; of pictures a zip with a folder for each label; "
        "- is standard input",
        show_default=False,
    ),
]
Mapping = Annotated[
    list[str] | None, typer.Option("--map", help="COLUMN=FILECOLUMN: how the file calls a column; any number of times")
]


def source_of(file: Path) -> Any:
    """What the client sends."""
    return sys.stdin.buffer if str(file) == "-" else file


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """NAME=VALUE of an option that may be given many times.

    Raises:
        typer.BadParameter: one is none.
    """
    if any("=" not in each for each in given or ()):
        raise typer.BadParameter(f"{option} must be NAME=VALUE")
    return dict(each.split("=", 1) for each in given or ())


class Bar:
    """How much of a file is sent; when all is, that the service reads it."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._row = progress.add_task(name, total=None)

    def __call__(self, sent: int, size: int | None) -> None:
        """As the client tells it."""
        self._progress.update(self._row, completed=sent, total=size)
        if sent == size:
            self._progress.update(self._row, description="the service reads it …")


@contextmanager
def sending(file: Path) -> Iterator[Bar]:
    """A bar on standard error, where that is a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console(error=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        yield Bar(progress, file.name)
