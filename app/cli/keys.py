"""`densely keys …` and `densely audit`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from app.cli.connection import Json, settings
from app.cli.output import as_json, console, line, moment, show
from app.domain.callers import LOCAL, Caller, caller

app = typer.Typer(
    help="API keys of this machine's database: list, make, revoke and rotate them.", invoke_without_command=True
)

Which = Annotated[str, typer.Argument(metavar="KEY", help="its id, or its name", show_default=False)]


@app.callback()
def keys(context: typer.Context, as_text: Json = False) -> None:
    """List the keys; or make, revoke or rotate one."""
    if not context.invoked_subcommand:
        _list(as_text=as_text)


@app.command("list")
def list_keys(as_text: Json = False) -> None:
    """All keys, oldest first, with when each was last used."""
    _list(as_text=as_text)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="what it is for")],
    scope: Annotated[str, typer.Option(help="comma-separated: predict, train, metrics, admin")] = "predict",
    task: Annotated[list[str] | None, typer.Option(help="comma-separated tasks it is for; default: all")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="comma-separated origins whose web pages may use it; default: no page is asked for"),
    ] = None,
    rate: Annotated[str | None, typer.Option(help="requests over time, as 50/s or 1000/10m")] = None,
    expires: Annotated[str | None, typer.Option(help="after which time, as 90d or 12h; default: never")] = None,
    as_text: Json = False,
) -> None:
    """Make a key. Its secret is shown once, on standard output."""
    from app.services.keys import KeySpec

    service, known = _service()
    spec = KeySpec(name, _parts([scope]), _parts(task or []), _parts(origin or []), rate, expires)
    _told(*service.create(spec, known), as_text=as_text)


@app.command()
def revoke(key: Which, as_text: Json = False) -> None:
    """Let a key in no longer; of a name all, those too that a rotation still lets in."""
    rows = _service()[0].revoke(key)
    if as_text:
        as_json([_plain(row) for row in rows])
        return
    for row in rows:
        line(f"{row.id} ({row.name}) is revoked; running processes refuse it within two seconds")


@app.command()
def rotate(
    key: Which,
    overlap: Annotated[str, typer.Option(help="how long the present one is let in still, as 1d or 30m")] = "1d",
    as_text: Json = False,
) -> None:
    """Make another key like this one, which is let in for a while still."""
    _told(*_service()[0].rotate(key, overlap), as_text=as_text)


def audit(
    action: Annotated[str | None, typer.Option(help="as run.queued or model.activated")] = None,
    key: Annotated[str | None, typer.Option("--key", help="done with this API key, by its id")] = None,
    task: Annotated[str | None, typer.Option(help="of this task only")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="how many")] = 50,
    as_text: Json = False,
) -> None:
    """Who queued, cancelled, activated, removed, uploaded, made or revoked what, on this machine's database."""
    from app.services.audit import AuditService

    entries, _ = AuditService(_database()).page(limit, None, action, key, task)
    if as_text:
        as_json([entry.model_dump(mode="json") for entry in entries])
        return
    rows = [
        (moment(each.at), each.action, _what(each), each.task, each.key_id, each.address, each.request_id)
        for each in entries
    ]
    show(["at", "action", "what", "task", "key", "from", "request"], rows, "nothing was done yet")


def _what(entry: Any) -> str:
    """The id of what it was done to; of a key its name and its scopes too."""
    return f"{entry.subject} ({entry.name}: {', '.join(entry.scopes)})" if entry.name else str(entry.subject)


def _parts(given: list[str]) -> list[str]:
    """What options say that are repeated, or have commas."""
    return [part.strip() for each in given for part in each.split(",") if part.strip()]


def _service() -> tuple[Any, list[str]]:
    """The keys of this machine's database, and the tasks that it knows.

    Raises:
        Unavailable, Unusable: the database does not answer, or is none of this release.
    """
    from app.domain.clock import utc_now
    from app.services.keys import KeyService
    from app.services.own import OwnTasks
    from app.tasks.catalog import TaskCatalog

    database, catalog = _database(), TaskCatalog()
    OwnTasks(database, catalog).follow()
    caller.set(Caller(LOCAL))
    return KeyService(database, utc_now), sorted(catalog.all)


def _database() -> Any:
    from app.db.engine import Database

    database = Database(settings().url)
    database.check_revision()
    return database


def _told(secret: str, row: Any, *, as_text: bool) -> None:
    if as_text:
        as_json({**_plain(row), "secret": secret})
        return
    line(secret)
    told = f"{row.id} ({row.name}): {', '.join(row.scopes)}"
    console(error=True).print(f"{told}. Nobody can show this secret again.", markup=False)


def _list(*, as_text: bool) -> None:
    rows = _service()[0].all()
    if as_text:
        as_json([_plain(row) for row in rows])
        return
    cells = [
        (
            row.id,
            row.name,
            ", ".join(row.scopes),
            ", ".join(row.tasks or ["all"]),
            row.rate,
            _state(row),
            moment(row.last_used_at) or "never",
        )
        for row in rows
    ]
    show(["key", "name", "scopes", "tasks", "rate", "state", "last used"], cells, "there is no key yet")


def _state(row: Any) -> str:
    now = datetime.now(UTC)
    if row.revoked_at:
        return "revoked" if row.revoked_at <= now else f"until {moment(row.revoked_at)}"
    if row.expires_at:
        return "expired" if row.expires_at <= now else f"until {moment(row.expires_at)}"
    return "let in"


def _plain(row: Any) -> dict[str, Any]:
    """A key without what would find its secret."""
    found = {name: value for name, value in row._asdict().items() if name not in ("number", "sha256")}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}
