"""Brings the tables to the schema of this release, with Alembic."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from app.db import complaints, condition
from app.db.engine import Database, is_newer
from app.errors import Unusable
from app.shipped import shipped


def config(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    loaded = Config()
    # A % would begin a reference to another option.
    loaded.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    loaded.attributes["url"] = url
    return loaded


def upgrade(url: str, revision: str = "head") -> None:
    """Apply the migrations that are missing; tables of a newer release with which this one may go on stay as they are.

    Raises:
        Unavailable: the database does not answer.
        Unusable: it is none, is damaged or of a newer release, or a migration failed; nothing has changed.
    """
    condition.check(url)  # a database that is away or damaged is told apart from a migration that fails
    if revision == "head" and _is_ahead(url):
        return
    try:
        command.upgrade(config(url), revision)
    except (SQLAlchemyError, CommandError, OSError) as error:
        raise Unusable(f"the database cannot be migrated: {complaints.first_line(error)}; it is as it was") from error


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to `revision`; `base` undoes all."""
    command.downgrade(config(url), revision)


def _is_ahead(url: str) -> bool:
    database = Database(url, quiet=True)
    try:
        found = database.revision()
    finally:
        database.close()
    return found is not None and is_newer(found)
