"""Alembic's entry: settings from app.settings, tables from app.db.tables, batch mode because SQLite alters by copy."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, column, delete, insert, inspect, select, table

from app.db.base import INSTALLATION, WORKS_FROM, UTCDateTime, metadata
from app.db.engine import Database, lock
from app.db.tables import runs
from app.settings import Settings

assert runs.metadata is metadata  # importing the tables is what fills the metadata


def render_item(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A migration names plain types only: it must go on working when the code has moved on."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


def keep_oldest(connection: Connection) -> None:
    """Write down the oldest revision whose code may go on with these tables: what the newest migration says of itself.

    It is asked for by code that does not know the migration; see `app.db.engine`.
    """
    present = context.get_context().get_current_revision()
    made = context.script.get_revision(present).module if present else None
    oldest = getattr(made, "works_from", present)
    rows = table(INSTALLATION, column("name"), column("value"))
    mine = rows.c.name == WORKS_FROM
    if connection.execute(select(rows.c.value).where(mine)).scalar_one_or_none() != oldest:
        connection.execute(delete(rows).where(mine))
        connection.execute(insert(rows).values(name=WORKS_FROM, value=oldest))


database = Database(context.config.attributes.get("url") or Settings().url)
try:
    with database.engine.connect() as connection:
        if database.is_sqlite:
            # Batch mode drops the old table: with foreign keys on, that would delete the rows that refer to it.
            # Not in a transaction, where this setting does nothing.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        # A transaction of ours around all of them, which takes the lock before Alembic looks at the revision: Alembic
        # itself commits after each migration on SQLite, and two processes that start together would both make the next.
        writing = connection.execution_options(densely_write=True)
        with writing.begin():
            lock(writing, "migrations")
            context.configure(
                connection=writing, target_metadata=metadata, render_as_batch=True, render_item=render_item
            )
            context.run_migrations()
            if inspect(writing).has_table(INSTALLATION):  # since 0004
                keep_oldest(writing)
finally:
    database.close()
