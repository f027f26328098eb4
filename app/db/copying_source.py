"""The SQLite database from which an installation moves away: nobody else has it open, and it is as it is to the end."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.db import condition, installation, workers
from app.db.base import SCHEMA_REVISION
from app.db.engine import BUSY_TIMEOUT, Transaction, is_newer, revision_of
from app.db.tables import datasets, models, runs
from app.domain.runs import RunStatus
from app.errors import Unusable

DATABASE = "densely.db"  # in a home
PATIENCE = 2.0  # seconds: whoever has the file open keeps it open
SEEN = timedelta(minutes=1)  # a worker that was seen since then may go on: by a copy of its file nobody can tell
FORCE = "or carry over what is there now with --force, and once more when it is stopped"


def located(named: str) -> Path:
    """The file of an SQLite database that is named by its folder, its path or its URL.

    Raises:
        Unusable: there is none.
    """
    path = _path_of(named) if "://" in named else Path(named).expanduser()
    try:
        file = path / DATABASE if path.is_dir() else path
        if not file.is_file():
            raise Unusable(f"there is no database in {path}" if file != path else f"there is no file {path}")
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from error
    return file.resolve()


def url_of(file: Path) -> str:
    """SQLAlchemy's; of a path all that would mean something in a URL is escaped."""
    return f"sqlite:///{quote(str(file))}"


@contextmanager
def opened(file: Path, now: datetime, *, shared: bool, write: bool) -> Iterator[Transaction]:
    """A transaction that sees all of it as of one moment. It has an identity, if anything may be written.

    Nobody else can open it before the end, unless it may be `shared`: then others may go on writing meanwhile.

    Raises:
        Unusable: somebody has it open, or may have; it has no tables, or not those of this release.
    """
    options = {"timeout": BUSY_TIMEOUT if shared else PATIENCE}
    engine = create_engine(url_of(file), poolclass=NullPool, connect_args=options)
    event.listen(engine, "connect", _configure if shared else _configure_alone)
    event.listen(engine, "begin", _begin if shared else _begin_alone)
    try:
        with engine.connect() as connection:
            with connection.begin():
                _check_is_whole(connection, file)
                if not shared:
                    _check_is_left(connection, file, now)
                known = installation.get(connection, installation.DATABASE)
            if write and known is None:
                connection.execution_options(densely_write=True)
                with connection.begin():
                    installation.identity(connection)
                connection.execution_options(densely_write=False)
            with connection.begin():
                yield connection
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise Unusable(f"{file} is in use{_by(file)}: stop that service, {FORCE}") from error
        if message := condition.told(error, file):
            raise Unusable(message) from error
        raise
    finally:
        engine.dispose()


def named(tx: Transaction) -> tuple[list[tuple[str, str]], list[tuple[str, str, int]]]:
    """Task and id of the models that have rows; id, checksum and size of the datasets."""
    found = tx.execute(select(models.c.task, models.c.id).order_by(models.c.number)).all()
    rows = tx.execute(select(datasets.c.id, datasets.c.sha256, datasets.c.bytes).order_by(datasets.c.number)).all()
    return [(row.task, row.id) for row in found], [(row.id, row.sha256, row.bytes) for row in rows]


def unfinished(tx: Transaction) -> tuple[int, int]:
    """How many runs wait, and how many were going when the service ended."""
    query = select(runs.c.status, func.count()).group_by(runs.c.status)
    found: dict[str, int] = dict(tx.execute(query).all())
    return found.get(RunStatus.QUEUED, 0), found.get(RunStatus.RUNNING, 0)


def _path_of(named: str) -> Path:
    try:
        url = make_url(named)
    except (ArgumentError, ValueError) as error:
        raise Unusable("--from is not a URL in SQLAlchemy's form, as sqlite:////var/lib/densely.db") from error
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        raise Unusable("--from must name an SQLite file, as sqlite:////var/lib/densely.db, or its folder")
    return Path(url.database)


def _configure(connection: Any, _: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event issues BEGIN itself


def _configure_alone(connection: Any, _: object) -> None:
    connection.isolation_level = None
    # Processes of Densely keep their connections, and each connection a lock on the file: this one waits for all of
    # them to be gone, and is the only one from its first transaction to its end.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("densely_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_alone(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN EXCLUSIVE")


def _check_is_whole(tx: Transaction, file: Path) -> None:
    """
    Raises:
        Unusable: its tables are not those of this release, or damaged; all of the file is read.
    """
    if tx.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
        raise Unusable(condition.SQLITE["SQLITE_CORRUPT"].format(file))
    found = revision_of(tx)
    if found is None:
        raise Unusable(f"{file} has no tables yet: there is nothing to carry over")
    if found == SCHEMA_REVISION:
        return
    told = f"{file} has schema {found}, this release carries over {SCHEMA_REVISION}: "
    if is_newer(found):
        raise Unusable(f"{told}use the newer one")
    raise Unusable(f"{told}run `densely migrate` there first, with DENSELY_HOME={file.parent}")


def _check_is_left(tx: Transaction, file: Path, now: datetime) -> None:
    """
    Raises:
        Unusable: a worker was there a moment ago: the file may be a copy of one that a service goes on writing to.
    """
    for worker in workers.alive(tx, now - SEEN):
        told = f"worker {worker.id} on {worker.host} was seen in {file} less than a minute ago"
        raise Unusable(f"{told}: stop that service, wait a minute if it was killed, {FORCE}")


def _by(file: Path) -> str:
    """Which processes have it open, as far as this user may know."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(Path(each.path) == file for each in process.open_files()):
                found.append(str(process.pid))
    return f" by process {', '.join(found[:5])}" if found else ""
