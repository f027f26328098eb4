"""Whether this release can work with a database: one line, with what to do, before anything is started."""

import os
import re
import sqlite3
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.db import complaints
from app.db.engine import Database, Transaction, is_usable
from app.db.tables import runs
from app.errors import Unavailable, Unusable

# Of every table whether it has a row: all columns are named, and the pages down to the first row are read.
_FIRST_ROWS = select(
    *(
        select(func.count()).select_from(select(*table.c).limit(1).subquery()).scalar_subquery()
        for table in runs.metadata.tables.values()
    )
)

SMALL = 2**26  # bytes: a file of this size is read whole in some tenths of a second
ELSEWHERE = "name another one with DENSELY_HOME or DENSELY_DATABASE_URL"
START_ANEW = f"restore it from a backup, move it away to start anew, or {ELSEWHERE}"

# What SQLite says, and what can be done about it; `{}` is the file.
SQLITE = {
    "SQLITE_NOTADB": f"{{}} is not an SQLite database: move it away, or {ELSEWHERE}",
    "SQLITE_CORRUPT": f"{{}} is damaged: {START_ANEW}",
    "SQLITE_READONLY": f"{{}} cannot be written: give this user the right to, or {ELSEWHERE}",
    "SQLITE_CANTOPEN": f"{{}} cannot be opened: mend its folder, shorten its path to 500 characters, or {ELSEWHERE}",
    "SQLITE_FULL": "the disk of {} is full: make room",
    "SQLITE_IOERR": f"{{}} cannot be read or written: look at its disk, make room, or {ELSEWHERE}",
    "SQLITE_BUSY": "{} is locked by another program: end that",
}


def check(url: str, *, thorough: bool = False) -> None:
    """The database answers and is whole; its tables are this release's, those of an older one, or none.

    `thorough`: read an SQLite file page by page also if it is large.

    Raises:
        Unavailable: it does not answer.
        Unusable: the same will be found again until somebody mends it.
    """
    database = Database(url, quiet=True)
    file = database.file
    if file:
        _check_file(file)
    try:
        with database.read() as tx:
            all_of_it = thorough or not file or not file.exists() or file.stat().st_size <= SMALL
            if database.is_sqlite and all_of_it and not _is_whole(tx):
                raise Unusable(SQLITE["SQLITE_CORRUPT"].format(file))
            if not database.is_sqlite:
                _check_writable(tx)
        if is_usable(database.check_known()):
            look(database)
    except Unavailable as error:
        if message := told(error.__cause__, file):
            raise Unusable(message) from error
        if error.__cause__ and not database.is_sqlite:
            raise Unavailable(f"{error.message}: {_said(error.__cause__, database)}") from error
        raise
    except (SQLAlchemyError, TypeError, ValueError) as error:  # an option of the URL that its driver does not know
        said = complaints.first_line(error)
        raise Unusable(f"the database cannot be used: {said}; correct DENSELY_DATABASE_URL") from error
    finally:
        database.close()


def _check_writable(tx: Transaction) -> None:
    """
    Raises:
        Unavailable: PostgreSQL takes no writes. Not for good: a standby becomes the primary when that is gone.
    """
    if tx.execute(text("SHOW transaction_read_only")).scalar() == "on":
        raise Unavailable(f"{complaints.READ_ONLY}; name one that does with DENSELY_DATABASE_URL")


def look(database: Database) -> None:
    """All tables and columns are there, and can be read; a matter of milliseconds, unless damage was met before.

    Then all of an SQLite file is read, since that can be anywhere.

    Raises:
        Unavailable: it does not answer, lacks something or cannot be read.
    """
    with database.read() as tx:
        if database.is_sqlite:
            tx.execute(text("PRAGMA shrink_memory"))  # cached pages hide what has become of the file
        tx.execute(_FIRST_ROWS)
        if database.damaged and database.is_sqlite and not _is_whole(tx):
            raise Unavailable(complaints.UNREADABLE)
    database.mended()


def size_of(database: Database, tx: Transaction) -> int:
    """Bytes of the database on the disk, as far as can be told."""
    if database.file:
        beside = [database.file.with_name(database.file.name + end) for end in ("", "-wal")]
        return sum(path.stat().st_size for path in beside if path.exists())
    if tx.dialect.name == "postgresql":
        return int(tx.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    return 0


def _is_whole(tx: Transaction) -> bool:
    return bool(tx.execute(text("PRAGMA quick_check(1)")).scalar() == "ok")


def _check_file(file: Path) -> None:
    """What SQLite would call by the wrong name, or not notice before the first write."""
    try:
        if file.is_dir():
            raise Unusable(f"{file} is a folder: the database is a file; {ELSEWHERE}")
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise Unusable(SQLITE["SQLITE_READONLY"].format(file))
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}; {ELSEWHERE}") from error


def _said(cause: BaseException, database: Database) -> str:
    """What the driver complains of, in one line; it names host, user and database, and never shows a password."""
    said = " ".join(complaints.first_line(cause).removeprefix("connection failed: ").split())
    password = database.engine.url.password
    # Not as a part of a longer word: one of a single letter would make all of it unreadable.
    word = rf"(?:(?<!\w)|(?=\W)){re.escape(str(password))}(?:(?!\w)|(?<=\W))"
    return re.sub(word, "***", said) if password else said


def told(cause: BaseException | None, file: Path | None) -> str | None:
    """What to do about a table that is missing, or SQLite's own complaint, if it is one."""
    if cause and complaints.is_incomplete(cause):
        missing = complaints.first_line(cause).replace(": ", " ")
        return f"{file or 'the database'} is damaged ({missing}): {START_ANEW}"
    if cause and complaints.code_of(cause) == complaints.NO_RIGHT:
        said = complaints.first_line(cause)
        return f"the database cannot be used: {said}; grant its user all rights on the tables, or name another user"
    original = getattr(cause, "orig", None)
    name = getattr(original, "sqlite_errorname", None) if isinstance(original, sqlite3.Error) else None
    found = next((text for kind, text in SQLITE.items() if name and name.startswith(kind)), None)
    return found.format(file) if found else None
