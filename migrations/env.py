"""Alembic's entry: settings from app.settings, tables from app.db.tables, batch mode because SQLite alters by copy."""

from typing import Any, Literal

from alembic import context

from app.db.base import UTCDateTime, metadata
from app.db.engine import Database, lock
from app.db.tables import runs
from app.settings import Settings

assert runs.metadata is metadata  # importing the tables is what fills the metadata


def render_item(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A migration names plain types only: it must go on working when the code has moved on."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


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
finally:
    database.close()
