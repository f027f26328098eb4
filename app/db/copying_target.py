"""The PostgreSQL database to which an installation moves: it is empty, or has only what came from the same place."""

from sqlalchemy import inspect, literal, select, text

from app.db import installation, migrate
from app.db.base import SCHEMA_REVISION, metadata
from app.db.copying import MOVED_AS, MOVED_FROM, TAKEN, checksum, lock_tables, seal
from app.db.engine import VERSIONS, Database, Transaction, is_newer, revision_of
from app.db.tables import installation as installation_table
from app.errors import Unusable

EMPTY = "make an empty one (`createdb`)"


def check(database: Database, identity: str | None) -> None:
    """Rows of the database with this identity may come here, as far as that can be told without reading all rows.

    Raises:
        Unavailable: it does not answer.
        Unusable: it is somebody else's.
    """
    with database.read() as tx:
        _check(tx, identity)


def check_unchanged(database: Database, identity: str | None) -> None:
    """The same by reading all rows."""
    with database.read() as tx:
        if _check(tx, identity):
            _check_seal(tx)


def prepare(database: Database) -> None:
    """Make its tables, unless they are there.

    Raises:
        Unusable: they cannot be made.
    """
    if database.revision() != SCHEMA_REVISION:
        migrate.upgrade(database.engine.url.render_as_string(hide_password=False))


def take(tx: Transaction, identity: str) -> None:
    """Be the only one to carry rows over, and to use the tables; those of before are still as they came.

    Raises:
        Unavailable: it does not answer.
        Unusable: somebody else is at it, uses the tables, or has changed them.
    """
    query = text("SELECT pg_try_advisory_xact_lock(hashtextextended('migrate-data', 0))")
    if not tx.execute(query).scalar_one():
        raise Unusable(TAKEN)
    lock_tables(tx)  # before anything is looked at: nobody writes between that and the end
    if _check(tx, identity):
        _check_seal(tx)


def sign(tx: Transaction, identity: str, sealed: str, models_folder: str | None) -> None:
    """Say where the rows came from, what they were, and from which folder their models are loaded."""
    installation.put(tx, MOVED_FROM, identity)
    installation.put(tx, MOVED_AS, sealed)
    if models_folder:
        installation.put(tx, installation.MODELS_FOLDER, models_folder)


def _check(tx: Transaction, identity: str | None) -> bool:
    """Whether there are rows, which then came from the database with this identity."""
    here = set(inspect(tx).get_table_names()) & {*metadata.tables, VERSIONS}
    if not here:
        return False
    found = revision_of(tx)
    if found is None or is_newer(found):
        kind = f"tables of schema {found}" if found else "other tables"
        raise Unusable(f"the database has {kind} ({', '.join(sorted(here)[:3])} …): {EMPTY}")
    filled = [name for name in sorted(here) if name not in (VERSIONS, installation_table.name) and _has_rows(tx, name)]
    if not filled:
        return False
    if found != SCHEMA_REVISION:
        raise Unusable(f"the database has schema {found} and rows: {EMPTY}, or run `densely migrate` on it first")
    if (origin := installation.get(tx, MOVED_FROM)) is None:
        raise Unusable(f"the database has rows already ({', '.join(filled[:3])} …): {EMPTY}")
    if origin != identity:
        raise Unusable(f"the database has rows that were carried over from another installation: {EMPTY}")
    return True


def _check_seal(tx: Transaction) -> None:
    found = seal({table.name: checksum(tx, table) for table in metadata.sorted_tables})
    if found != installation.get(tx, MOVED_AS):
        told = "the database has been used since rows were carried over, and would lose what is new in it"
        raise Unusable(f"{told}: {EMPTY}, or stay with it")


def _has_rows(tx: Transaction, name: str) -> bool:
    query = select(literal(1)).select_from(metadata.tables[name]).limit(1)
    return tx.execute(query).first() is not None
