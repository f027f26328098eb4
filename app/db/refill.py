"""Putting the database of a backup in place, where there is none."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect

from app.db import installation, migrate, postgres_programs
from app.db.condition import ELSEWHERE
from app.db.engine import VERSIONS, Database
from app.db.file import PRIVATE
from app.db.tables import runs
from app.errors import BackupInvalid, DenselyError, Unusable
from app.folders import fsync
from app.wire.backups import Engine

# What SQLite keeps beside a file: of another database, it would be taken for this one's.
BESIDE = ("", "-wal", "-shm", "-journal")


def check_free(database: Database, engine: Engine) -> None:
    """There is no database yet, where one of this engine can be put.

    Raises:
        Unavailable: the server does not answer.
        Unusable: there is one, or another engine is meant.
    """
    if database.is_sqlite != (engine == "sqlite"):
        told = "its database is SQLite's" if engine == "sqlite" else "its database is PostgreSQL's"
        raise Unusable(f"{told}, and that of DENSELY_DATABASE_URL is not")
    if not database.is_sqlite:
        with database.read() as tx:
            here = set(inspect(tx).get_table_names()) & {*runs.metadata.tables, VERSIONS}
        if here:
            raise Unusable(f"the database has tables already ({', '.join(sorted(here)[:3])} …): make an empty one")
        return
    if database.file is None:
        raise Unusable("DENSELY_DATABASE_URL must name a file, as in sqlite:////var/lib/densely.db")
    for end in BESIDE:
        file = database.file.with_name(database.file.name + end)
        if file.exists() or file.is_symlink():
            raise Unusable(f"{file} is there already, and nothing is put in its place: move it away, or {ELSEWHERE}")


def prepare(file: Path, revision: str, models_folder: str | None) -> None:
    """Bring an SQLite file that is not in place yet to the schema of this release.

    `models_folder`: the identity of the folder from which its models will be loaded.

    Raises:
        BackupInvalid: it is damaged, or not what it was said to be.
        Unusable: a migration failed.
    """
    database = Database(f"sqlite:///{file}", quiet=True)
    try:
        _check_revision(database, revision)
        migrate.upgrade(f"sqlite:///{file}")
        _name_folder(database, models_folder)
    except (BackupInvalid, Unusable):
        raise
    except DenselyError as error:
        raise BackupInvalid(f"holds what is no database: {error.message}") from error
    finally:
        database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # the file alone is all of it


def put_sqlite(prepared: Path, database: Database) -> None:
    """Under its name, at once and whole, unless there is one by now.

    Raises:
        Unusable: there is.
        OSError: the folder cannot be written.
    """
    assert database.file
    prepared.chmod(PRIVATE)
    try:
        os.link(prepared, database.file)
    except FileExistsError:
        check_free(database, "sqlite")
    except OSError:  # no links on this file system
        check_free(database, "sqlite")
        prepared.rename(database.file)
    fsync(database.file.parent)


def put_postgresql(archive: Path, database: Database) -> None:
    """Its tables and rows, all or none.

    Raises:
        Unusable: pg_restore is missing or failed, and nothing has changed.
    """
    postgres_programs.restore(database.engine.url, archive)


def finish_postgresql(database: Database, models_folder: str | None) -> None:
    """Bring restored tables to the schema of this release; `models_folder` as for `prepare`.

    Raises:
        Unusable: a migration failed: the tables are those of the backup, and `densely migrate` tries it again.
    """
    migrate.upgrade(database.engine.url.render_as_string(hide_password=False))
    _name_folder(database, models_folder)


def _check_revision(database: Database, revision: str) -> None:
    if database.revision() != revision:
        raise BackupInvalid("holds a database with another schema than it says")


def _name_folder(database: Database, identity: str | None) -> None:
    """A worker that is the first to start compares its models folder with this."""
    if identity:
        with database.write() as tx:
            installation.put(tx, installation.MODELS_FOLDER, identity)
