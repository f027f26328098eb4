"""The database of one moment, while others go on writing: what is in it, and all of it as one file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect, select, text

from app.db import complaints, postgres_programs
from app.db.base import SCHEMA_REVISION
from app.db.condition import size_of
from app.db.engine import VERSIONS, Database, Transaction, is_newer, revision_of
from app.db.tables import datasets, models, runs
from app.errors import Unavailable, Unusable
from app.wire.backups import Engine

PAGES = 4_096  # of SQLite, between two looks at how far it is

Told = Callable[[int], None]  # how many bytes there are by now


@dataclass(frozen=True)
class Upload:
    """A dataset that a row names."""

    id: str
    sha256: str  # of its file


@dataclass(frozen=True)
class Snapshot:
    """A database as it was at one moment."""

    engine: Engine
    revision: str
    models: list[tuple[str, str]]  # task and id
    uploads: list[Upload]


def take(database: Database, path: Path, told: Told) -> Snapshot:
    """Write a snapshot to a new file, and say what it holds.

    One transaction sees all of it: SQLite's online backup reads within it, and pg_dump takes its snapshot over. Nobody
    who writes waits for it.

    Raises:
        Unavailable: the database does not answer.
        Unusable: it has no tables, those of a newer release, is damaged, or cannot be written out.
    """
    with database.read() as tx:
        if database.is_sqlite:
            found = Snapshot("sqlite", _revision(tx), *_named(tx))  # reading is what begins SQLite's own snapshot
            _copy(tx, path, told)
            return found
        tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        exported = tx.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        found = Snapshot("postgresql", _revision(tx), *_named(tx))
        postgres_programs.dump(database.engine.url, exported, _tables(tx), path, told)
        return found


def named(database: Database) -> tuple[list[tuple[str, str]], list[Upload]]:
    """All models, by task and id, and datasets that rows name now."""
    with database.read() as tx:
        return _named(tx)


def still_named(database: Database) -> set[str]:
    """The ids of the same."""
    found, uploads = named(database)
    return {model_id for _, model_id in found} | {upload.id for upload in uploads}


def size(database: Database) -> int:
    """Bytes that a snapshot takes, about."""
    with database.read() as tx:
        return size_of(database, tx)


def _revision(tx: Transaction) -> str:
    found = revision_of(tx)
    if found is None:
        raise Unusable("the database has no tables yet: there is nothing to back up")
    if is_newer(found):  # its tables are not all known here
        raise Unusable(
            f"the database has schema {found}, this release knows up to {SCHEMA_REVISION}: use the newer one"
        )
    return found


def _named(tx: Transaction) -> tuple[list[tuple[str, str]], list[Upload]]:
    found = [(row.task, row.id) for row in tx.execute(select(models.c.task, models.c.id).order_by(models.c.number))]
    if not inspect(tx).has_table(datasets.name):  # an older release's
        return found, []
    rows = tx.execute(select(datasets.c.id, datasets.c.sha256).order_by(datasets.c.number))
    return found, [Upload(row.id, row.sha256) for row in rows]


def _tables(tx: Transaction) -> list[str]:
    """Ours, in their schema: there may be others beside them."""
    schema = tx.execute(text("SELECT current_schema()")).scalar_one()
    here = set(inspect(tx).get_table_names())
    return [f'"{schema}"."{name}"' for name in (*runs.metadata.tables, VERSIONS) if name in here]


def _copy(tx: Transaction, path: Path, told: Told) -> None:
    source = tx.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)
    (page_size,) = source.execute("PRAGMA page_size").fetchone()
    try:
        with closing(sqlite3.connect(path)) as target:
            # It restarts when others write, unless a transaction keeps what it reads as it is; `tx` does.
            source.backup(target, pages=PAGES, progress=lambda _, left, total: told((total - left) * page_size))
            if target.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise Unusable("the database is damaged: `densely doctor` says what to do")
            target.execute("PRAGMA journal_mode=DELETE")  # one file, whatever is opened later
    except sqlite3.Error as error:
        if type(error) is sqlite3.DatabaseError:  # damage has no class of its own
            raise Unavailable(complaints.UNREADABLE) from error
        raise Unusable(f"the database cannot be written to {path.parent}: {error}; make room there") from error
