"""The database: SQLite by default, PostgreSQL by URL."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from app.db import complaints
from app.db.base import INSTALLATION, SCHEMA_REVISION, WORKS_FROM
from app.db.file import DatabaseFile, make_private
from app.errors import Unavailable, Unusable
from app.logs import get as get_log

log = get_log()

Transaction = Connection  # what services hand on: an open transaction

VERSIONS = "alembic_version"  # Alembic's table
POOL = {"pool_size": 5, "max_overflow": 40}  # as many connections as the API has threads
BUSY_TIMEOUT = 30.0  # seconds that a writer waits for another one
# libpq waits for ever by itself: a server that vanished without a word is noticed within half a minute.
POSTGRES = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class Database:
    """Hands out transactions. `read` for queries, `write` for anything that changes rows."""

    def __init__(self, url: str, *, quiet: bool = False, timed: Callable[[str, float], None] | None = None) -> None:
        """`url` is SQLAlchemy's form; nothing is opened before the first transaction.

        `quiet`: log no damage, since whoever opens this says it himself. `timed` is told read or write, and seconds.
        """
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise Unusable("the database URL is not in SQLAlchemy's form: correct DENSELY_DATABASE_URL") from error
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        options: dict[str, Any] = {"pool_pre_ping": True, **POOL}
        if parsed.get_backend_name() == "sqlite":
            _refuse_memory(parsed)
            options = {"connect_args": {"timeout": BUSY_TIMEOUT}, **POOL}
        elif parsed.get_backend_name() == "postgresql":
            options["connect_args"] = {name: value for name, value in POSTGRES.items() if name not in parsed.query}
        try:
            self.engine = create_engine(parsed, **options)
        except (ImportError, NoSuchModuleError) as error:
            if isinstance(error, ImportError) and parsed.drivername == "postgresql+psycopg":
                raise Unusable("PostgreSQL needs its driver: pip install 'densely[postgres]'") from error
            raise Unusable(
                f"there is no driver for {parsed.drivername!r} databases here; Densely uses SQLite or PostgreSQL"
            ) from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.engine.dialect.name not in ("sqlite", "postgresql"):
            raise Unusable(f"Densely uses SQLite or PostgreSQL, not {self.engine.dialect.name}")
        self.file: Path | None = None  # of SQLite, unless the URL is one of SQLite's own
        self._file: DatabaseFile | None = None  # that file, watched over
        self._generation = 0
        self._quiet, self._timed = quiet, timed
        self.damaged = False  # whether a transaction has met damage, and nobody has found it mended since
        if self.is_sqlite:
            assert parsed.database
            if not parsed.database.startswith("file:"):
                self._watch(Path(parsed.database))
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        elif self.engine.dialect.name == "postgresql":
            event.listen(self.engine, "connect", _configure_postgresql)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads.

        Raises:
            Unavailable: the database does not answer, or is damaged; the same for `write`.
        """
        self.generation()
        with self._measured("read"), self._translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end, or rolled back by an exception.

        On SQLite it takes the write lock at once: a transaction that reads first and writes later would fail
        instead of wait when another process wrote in between.
        """
        generation = self.generation()
        with self._measured("write"), self._translated(), self.engine.connect() as connection:
            immediate = connection.execution_options(densely_write=True)
            with immediate.begin():
                yield immediate
                if self.generation() != generation:
                    raise Unavailable("the database's file was replaced")  # this would go into the old one

    def generation(self) -> int:
        """How often another database has come in the place of the one before: SQLite's file was replaced.

        Raises:
            Unavailable: SQLite's file is gone.
        """
        present = self._file.check() if self._file else 0
        if present != self._generation:
            self._generation = present
            self.engine.dispose()  # connections to the old file
        return present

    def revision(self) -> str | None:
        """The Alembic revision of the tables, or None if there are none yet.

        Raises:
            Unavailable: the database does not answer.
        """
        with self.read() as tx:
            return revision_of(tx)

    def check_known(self) -> str | None:
        """The revision of the tables, None if there are none.

        Raises:
            Unusable: they are of a newer release; this one can neither use nor migrate them.
        """
        with self.read() as tx:
            found = revision_of(tx)
            if found and is_newer(found) and not _takes_us(tx):
                raise Unusable(
                    f"the database has schema {found}, which this release does not know: install the release that "
                    "made it, or name another database with DENSELY_HOME or DENSELY_DATABASE_URL"
                )
            return found

    def check_revision(self) -> None:
        """
        Raises:
            Unavailable: the tables are not those that this code works with.
        """
        found = self.check_known()
        if not is_usable(found):
            raise Unavailable(
                f"the database has schema {found or 'none'}, this release needs {SCHEMA_REVISION}: "
                "run `densely migrate`"
            )

    def mended(self) -> None:
        """Whoever looked found no damage any more."""
        if self.damaged:
            self.damaged = False
            log.info("database.mended")

    def close(self) -> None:
        """Close all connections; those that are in use, when they are given back."""
        event.listen(self.engine, "checkin", lambda _, record: record.invalidate())
        self.engine.dispose()

    def _watch(self, file: Path) -> None:
        """SQLite's file, which nobody has opened yet."""
        self.file, self._file = file, DatabaseFile(file)
        _make_folder(file.parent)
        event.listen(self.engine, "do_connect", lambda *_: make_private(file))

    @contextmanager
    def _measured(self, kind: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            if self._timed:
                self._timed(kind, time.perf_counter() - began)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the driver's complaint that the database is away, full, locked or damaged into an error of ours."""
        try:
            yield
        except SQLAlchemyError as error:
            if (message := complaints.message(error)) is None:
                raise
            if complaints.is_damage(error):
                self._notice_damage(error)
            raise Unavailable(message) from error

    def _notice_damage(self, error: SQLAlchemyError) -> None:
        if not self.damaged:
            self.damaged = True
            if not self._quiet:
                log.error("database.damaged", reason=complaints.first_line(error), mend="run `densely doctor`")
        self.engine.dispose()  # connections whose cached pages would hide it from some, and its mending from others


def revision_of(tx: Transaction) -> str | None:
    """The Alembic revision of the tables, or None if there are none yet."""
    if not inspect(tx).has_table(VERSIONS):
        return None
    found: str | None = tx.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar_one_or_none()  # noqa: S608 - ours
    return found


def is_newer(revision: str) -> bool:
    """Whether it is of a release after this one; what is no number is none of ours."""
    return not (revision.isdecimal() and int(revision) <= int(SCHEMA_REVISION))


def is_usable(known: str | None) -> bool:
    """Whether this code works with these tables: with its own, and with newer ones that `check_known` has let pass."""
    return known is not None and (known == SCHEMA_REVISION or is_newer(known))


def _takes_us(tx: Transaction) -> bool:
    """Whether the migration that brought the tables to where they are said that this code may go on with them."""
    if not inspect(tx).has_table(INSTALLATION):
        return False
    query = text(f"SELECT value FROM {INSTALLATION} WHERE name = :name")  # noqa: S608 - ours
    oldest = tx.execute(query, {"name": WORKS_FROM}).scalar_one_or_none() or ""
    return oldest.isdecimal() and int(oldest) <= int(SCHEMA_REVISION)


@contextmanager
def waiting_until(deadline: float) -> Iterator[None]:
    """Writers of this thread wait for others only so long, in seconds of `time.monotonic`."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def lock(tx: Transaction, name: str) -> None:
    """Wait until no other open transaction holds the lock of this name; held to the transaction's end.

    Every writing transaction on SQLite is alone already, so only PostgreSQL has to do anything.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _refuse_memory(url: URL) -> None:
    database = url.database or ""
    if database in ("", ":memory:") or database.startswith("file::memory:") or url.query.get("mode") == "memory":
        raise Unusable("a database in memory is each process's own: name a file, as in sqlite:////var/lib/densely.db")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"the folder {folder} cannot be made: {error.strerror}") from error


def _configure_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # SQLAlchemy's `begin` event issues BEGIN itself, so the driver must not.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")  # a run that was accepted with 202 survives a power cut
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:  # the switch to WAL does not wait for a writer by itself, as everything else does
        try:
            connection.execute("PRAGMA journal_mode=WAL")  # readers and one writer at once
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("densely_write"):
        connection.exec_driver_sql("BEGIN")
        return
    deadline = _deadline.get()
    seconds = BUSY_TIMEOUT if deadline is None else max(0.0, deadline - time.monotonic())
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _configure_postgresql(connection: Any, _: object) -> None:
    before, connection.autocommit = connection.autocommit, True
    connection.execute(f"SET lock_timeout = '{BUSY_TIMEOUT:g}s'")  # as long as on SQLite
    connection.autocommit = before
