"""`densely migrate-data`: an installation on SQLite goes on with PostgreSQL."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.cli.codes import REFUSED, USAGE
from app.cli.connection import Json, settings
from app.cli.frame import fail
from app.cli.output import as_json, console, line, show
from app.domain.counting import counted
from app.folders import check_writable, made_for_good
from app.settings import Settings

From = Annotated[
    str,
    typer.Option(
        "--from", metavar="PLACE", help="the old DENSELY_HOME, its SQLite file, or that file's URL", show_default=False
    ),
]
Models = Annotated[
    Path | None, typer.Option(help="the old DENSELY_MODELS_DIR; default: the new one", show_default=False)
]
Uploads = Annotated[
    Path | None, typer.Option(help="the old DENSELY_UPLOADS_DIR; default: `uploads` beside the database")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="look at everything, and write nothing")]
Force = Annotated[
    bool, typer.Option("--force", help="though the old service may be running: what is there at this moment")
]
Incomplete = Annotated[
    bool, typer.Option("--incomplete", help="though files of models or rows are missing or altered: the rest of it")
]


def migrate_data(
    source: From,
    models: Models = None,
    uploads: Uploads = None,
    dry_run: Dry = False,
    force: Force = False,
    incomplete: Incomplete = False,
    as_text: Json = False,
) -> None:
    """Carry an installation on SQLite over to the PostgreSQL database of DENSELY_DATABASE_URL, files included.

    The old one stays as it is. It can be repeated, also after it was killed: it goes on, and carries over what has
    changed, as long as the new database has not been used.
    """
    from app.domain.clock import utc_now
    from app.services import moving

    _check_kinds(source, found := settings())
    began = time.monotonic()
    made = nullcontext() if dry_run else _folders(found)
    with _wanted(found, source, models, uploads, dry_run, force, incomplete) as wanted, made, _bars() as told:
        report = moving.move(wanted, utc_now, told)
    target = _shown(wanted.database)
    is_done = report.is_enough(incomplete=incomplete) if dry_run else bool(report.tables and report.is_same)
    if as_text:
        _tell_json(report, wanted, target, time.monotonic() - began)
    else:
        _tell(report, wanted, target, time.monotonic() - began)
    if not is_done:
        raise typer.Exit(REFUSED)


def _check_kinds(source: str, found: Settings) -> None:
    """
    Raises:
        typer.Exit: it is not from SQLite to PostgreSQL.
    """
    if source.startswith(("postgresql:", "postgresql+", "postgres:")):
        raise fail("--from: only SQLite is carried over; between PostgreSQL servers use `densely backup`", USAGE)
    if not found.url.startswith(("postgresql:", "postgresql+", "postgres:")):
        which = "names an SQLite file" if found.database_url else "is not set: the SQLite file under DENSELY_HOME"
        raise fail(f"DENSELY_DATABASE_URL {which}; name the new database, as postgresql://user@host/densely", USAGE)


@contextmanager
def _folders(found: Settings) -> Iterator[None]:
    """The folders to which files go; those that were made for nothing are gone again."""
    with made_for_good(found.models_dir, found.uploads):
        check_writable(found.models_dir, "DENSELY_MODELS_DIR")
        check_writable(found.uploads, "DENSELY_UPLOADS_DIR")
        yield


@contextmanager
def _wanted(
    found: Settings,
    source: str,
    models: Path | None,
    uploads: Path | None,
    dry_run: bool,
    force: bool,
    incomplete: bool,
) -> Iterator[Any]:
    from app.artifacts.store import ArtifactStore
    from app.cli.stores import opened
    from app.db.copying_source import located
    from app.db.engine import Database
    from app.services.moving import Move
    from app.services.moving_files import Files
    from app.services.uploading import UploadFolder

    file = located(source)
    database = Database(found.url)
    for folder, option in ((models, "--models"), (uploads, "--uploads")):
        if folder and not folder.is_dir():
            raise fail(f"{option}: {folder} is no folder")
    try:
        with opened(found) as new:
            yield Move(
                file,
                Files(ArtifactStore(models or found.models_dir), UploadFolder(uploads or file.parent / "uploads")),
                database,
                Files(*new),
                shared=force,
                incomplete=incomplete,
                dry=dry_run,
            )
    finally:
        database.close()


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """How far it is, on standard error, where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        rows: dict[str, TaskID] = {}

        def told(part: str, more: int, total: int) -> None:
            if part not in rows:
                rows[part] = progress.add_task(part, total=total)
            progress.update(rows[part], advance=more)

        yield told


def _shown(database: Any) -> str:
    """Which database, without what only its users may know."""
    url = database.engine.url
    return f"{url.database} on {url.host or 'this machine'}" + (f", port {url.port}" if url.port else "")


def _tell(report: Any, wanted: Any, target: str, seconds: float) -> None:
    checked = {each.name: each for each in report.tables}
    rows = [(name, f"{rows:,}", _state(checked.get(name))) for name, rows in report.rows.items()]
    for name, carried in (("files of models", report.models), ("files of uploaded rows", report.uploads)):
        rows.append((name, f"{carried.all:,}", _state_of(carried, dry=wanted.dry)))
    show(["what", "number", "checked"], rows, "")
    for each in (report.models, report.uploads):
        for name, reason in list(each.wrong.items())[:20]:
            console(error=True).print(f"{name} {reason}", markup=False)
    if changed := sum(each.changed for each in report.tables):
        told = "zero characters became U+FFFD; NaN and infinity in JSON became null: PostgreSQL does not hold them"
        console(error=True).print(f"note: in {counted(changed, 'value')} {told}", markup=False)
    if not report.is_enough(incomplete=wanted.incomplete):
        fail(f"no row {'would be' if wanted.dry else 'was'} carried over: {_why(report, wanted)}")
    elif wanted.dry:
        line(f"{wanted.file} would be carried over to {target}; nothing was written")
    elif not report.is_same:
        fail("the new database did not give back what was written: nothing was changed there; try again")
    else:
        line(f"{wanted.file} was carried over to {target} in {seconds:.1f} s")
        line(_next(report))


def _why(report: Any, wanted: Any) -> str:
    """What has to be mended first."""
    if number := len(report.models.others):
        told = "the new place has another model under the id of"
        return (
            f"{told} {counted(number, 'model')}; move it away, or name another DENSELY_MODELS_DIR or DENSELY_STORE_URL"
        )
    wrong = counted(len(report.models.wrong) + len(report.uploads.wrong), "model or dataset", "models or datasets")
    looked = [("--models", report.models, wanted.source.store.root)]
    looked.append(("--uploads", report.uploads, wanted.source.uploads.folder))
    named = " and ".join(f"{option}, not {folder}" for option, carried, folder in looked if carried.wrong)
    return f"files of {wrong} are missing or altered; name their folder with {named}, or go on with --incomplete"


def _next(report: Any) -> str:
    runs = [
        f"{counted(number, 'run')} {what}"
        for number, what in ((report.waiting, "in the queue"), (report.going, "to be tried again"))
        if number
    ]
    begun = f" {' and '.join(runs)} will go on there." if runs else ""
    return f"Start the service with these settings, and leave the old one stopped.{begun}"


def _state(table: Any) -> str:
    return "" if table is None else "same" if table.same else "DIFFERS"


def _state_of(carried: Any, *, dry: bool) -> str:
    parts = (
        (carried.copied, "to copy" if dry else "copied"),
        (carried.stored, f"there, {'to put' if dry else 'put'} into the object store"),
        (carried.there, "there already"),
    )
    told = [f"{number:,} {what}" for number, what in parts if number]
    return ", ".join([*told, *([f"{len(carried.wrong):,} MISSING OR ALTERED"] if carried.wrong else [])])


def _tell_json(report: Any, wanted: Any, target: str, seconds: float) -> None:
    checked = {each.name: each for each in report.tables}
    tables = {
        name: {"rows": rows, **({"same": checked[name].same, "changed": checked[name].changed} if checked else {})}
        for name, rows in report.rows.items()
    }
    files = {
        name: {"copied": each.copied, "stored": each.stored, "there": each.there, "wrong": each.wrong}
        for name, each in (("models", report.models), ("uploads", report.uploads))
    }
    done = bool(report.tables) and report.is_same
    runs = {"queued": report.waiting, "running": report.going}
    place = {"from": str(wanted.file), "to": target, "dry_run": wanted.dry, "done": done}
    as_json({**place, "tables": tables, **files, "runs": runs, "seconds": round(seconds, 3)})
