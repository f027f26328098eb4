"""Brings the tables to the schema of this release, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from app.db.engine import Database

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def config(url: str) -> Config:
    """Alembic's configuration, from pyproject.toml, for the database at `url`."""
    loaded = Config(toml_file=REPOSITORY / "pyproject.toml")
    loaded.attributes["url"] = url
    return loaded


def upgrade(url: str, revision: str = "head") -> None:
    """Apply the migrations that are missing.

    Raises:
        Unavailable: the database does not answer.
    """
    database = Database(url)
    with database.read():  # a database that is away is told apart from a migration that fails
        pass
    database.close()
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to `revision`; `base` undoes all."""
    command.downgrade(config(url), revision)
