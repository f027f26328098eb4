"""`densely gc`: what nothing refers to any more, shown and then removed."""

import sys
import time
from typing import Annotated, Any

import typer

from app.cli.connection import Json, settings
from app.cli.findings import bytes_of
from app.cli.frame import fail
from app.cli.output import as_json, console, line, show
from app.settings import Settings


def gc(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="remove without asking")] = False,
    as_text: Json = False,
) -> None:
    """Show what nothing refers to on this machine (files of models, rows and checkpoints), and remove it."""
    from app.services.gc import remove

    found = _found(settings())
    if as_text:
        freed = remove(found) if yes else 0
        told = [
            {
                "part": each.part,
                "path": str(each.path),
                "bytes": each.bytes,
                "reason": each.reason,
                "kept": each.kept,
            }
            for each in found
        ]
        as_json({"leftovers": told, "freed": freed})
        return
    rows = [(each.part, bytes_of(each.bytes), each.path, each.reason) for each in found]
    show(["part", "size", "where", "why"], rows, "nothing is left over")
    if all(each.kept for each in found):
        return
    if yes or (sys.stdin.isatty() and typer.confirm("Remove all of it?", err=True)):
        line(f"{bytes_of(remove(found))} are free now")
    else:
        console(error=True).print("nothing was removed; `densely gc --yes` removes it", markup=False)


def _found(found: Settings) -> list[Any]:
    """
    Raises:
        typer.Exit: there is no database: everything would seem to be left over.
        Unavailable, Unusable: it does not answer, or is none of this release.
    """
    from app.cli.stores import opened
    from app.db.engine import Database
    from app.services.gc import leftovers
    from app.worker.executors import checkpoints_dir

    if not found.database_url and not (found.home / "densely.db").exists():  # opening it would make it
        raise fail(f"there is no database in {found.home}: nothing can be told to be left over")
    database = Database(found.url)
    try:
        database.check_revision()
        with opened(found) as (store, uploads):
            return leftovers(database, store, uploads, checkpoints_dir(found.home), time.time())
    finally:
        database.close()
