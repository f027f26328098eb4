"""`densely backup` and `densely restore`: all of an installation as one file, and back."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.connection import Json, settings
from app.cli.files import replacing
from app.cli.findings import bytes_of
from app.cli.frame import fail
from app.cli.output import as_json, console, line
from app.domain.counting import counted
from app.errors import BackupInvalid
from app.folders import check_writable, made_for_good
from app.settings import Settings

Written = Annotated[
    Path, typer.Argument(metavar="FILE", help="what to write; one of this name is replaced when it is whole")
]
Read = Annotated[Path, typer.Argument(metavar="FILE", help="what `densely backup` wrote")]


def backup(file: Written, as_text: Json = False) -> None:
    """Write the database, its models and the uploaded rows to one file, while the service goes on."""
    from app.domain.clock import utc_now
    from app.services import backups

    _check_is_no_folder(file)
    found = settings()
    if not found.database_url and not (found.home / "densely.db").exists():  # opening it would make it
        raise fail(f"there is no database in {found.home}: nothing is there to be backed up")
    with made_for_good(found.home), replacing(file) as target, _bar(file) as told, _place(found) as place:
        check_writable(found.home, "DENSELY_HOME")  # where the database is written first
        _keep_private(target)
        try:
            report = backups.write(target, place, utc_now, told)
        except OSError as error:
            raise fail(f"{error.filename or file}: {error.strerror or error}") from error
    for warning in report.warnings:
        console(error=True).print(f"warning: {warning}", markup=False)
    with nullcontext() if file.is_file() else redirect_stdout(sys.stderr):  # the backup may be on standard output
        _tell(file, report.manifest, report.warnings, as_text=as_text)


def restore(file: Read, as_text: Json = False) -> None:
    """Put a backup in place where there is no database yet, and bring it to the schema of this release."""
    from app.services import restoring

    _check_is_no_folder(file)
    found = settings()
    places = (found.home, found.models_dir, found.uploads)
    with file.open("rb") as source, made_for_good(*places):
        for folder, setting in (
            (found.home, "DENSELY_HOME"),
            (found.models_dir, "DENSELY_MODELS_DIR"),
            (found.uploads, "DENSELY_UPLOADS_DIR"),
        ):
            check_writable(folder, setting)
        with _bar(file) as told, _place(found) as place:
            try:
                manifest = restoring.restore(source, place, told)
            except BackupInvalid as error:
                raise fail(f"{file} {error.message}; nothing was restored") from error
    _tell(file, manifest, [], as_text=as_text)


def _check_is_no_folder(file: Path) -> None:
    if file.is_dir():  # also of an empty argument, which is the folder of now
        raise fail(f"{file} is a folder: FILE is the name of a backup, as densely.tar")


@contextmanager
def _place(found: Settings) -> Iterator[Any]:
    from app.cli.stores import opened
    from app.db.engine import Database
    from app.services.backups import Place

    database = Database(found.url)
    try:
        with opened(found) as (store, uploads):
            yield Place(database, store, uploads, found.home)
    finally:
        database.close()


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int, int], None]]:
    """How far it is, on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        row = progress.add_task(file.name, total=None)

        def told(done: int, total: int) -> None:
            progress.update(row, completed=done, total=total)

        yield told


def _keep_private(target: Any) -> None:
    """It holds all rows, and what keys are checked against."""
    if stat.S_ISREG(os.fstat(target.fileno()).st_mode):
        os.fchmod(target.fileno(), 0o600)


def _tell(file: Path, manifest: Any, warnings: list[str], *, as_text: bool) -> None:
    size = sum(record.bytes for record in manifest.members.values())
    if as_text:
        told = {"file": str(file), "bytes": size, "models": len(manifest.models), "datasets": len(manifest.uploads)}
        as_json({**told, "schema": manifest.revision, "release": manifest.release, "warnings": warnings})
        return
    held = f"{counted(len(manifest.models), 'model')}, {counted(len(manifest.uploads), 'uploaded dataset')}"
    line(f"{file}: the database, {held}; {bytes_of(size)}")
