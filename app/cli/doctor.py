"""`densely doctor`: what is wrong with this installation, and how to mend it."""

from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli.codes import REFUSED
from app.cli.connection import Json, Key, Url, mistakes
from app.cli.finding import Finding
from app.cli.output import as_json, line
from app.settings import Settings

MARKS = {"ok": "✓", "note": "·", "wrong": "✗"}


def doctor(
    url: Url = None,
    api_key: Key = None,
    as_text: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="only what is wrong")] = False,
) -> None:
    """Look at Python, packages, settings, database, models, store, datasets, service, disk; exit code 1 if not well."""
    found = examine(url, api_key)
    wrong = [each for each in found if each.state == "wrong"]
    if as_text:
        as_json({"ok": not wrong, "findings": [vars(each) for each in found]})
    else:
        for each in wrong if quiet else found:
            line(f"{MARKS[each.state]} {each.about}: {each.told}")
            if each.mend:
                line(f"    {each.mend}")
        line(f"{len(wrong)} wrong" if wrong else "nothing is wrong")
    raise typer.Exit(REFUSED if wrong else 0)


def examine(url: str | None, api_key: str | None) -> list[Finding]:
    """Every check, in the order in which they build on each other."""
    from app.cli import checks, places  # NumPy and the tasks: no other command should wait for them

    found = [checks.python(), *checks.packages(), checks.training()]
    try:
        settings = Settings()
    except ValidationError as error:
        mend = "correct the environment variable; docs/settings.md lists them all"
        return [*found, *(Finding("settings", "wrong", told, mend) for told in mistakes(error))]
    return [
        *found,
        Finding("settings", "ok", "can be read"),
        checks.keys(settings),
        *checks.cluster(settings),
        *places.folders(settings),
        places.database(settings),
        *places.privacy(settings),
        *places.models(settings),
        *places.store(settings),
        *places.datasets(settings),
        *checks.service(settings, url, api_key),
        *places.disk(settings),
    ]
