"""SQL on what all processes of an installation share."""

import secrets

from sqlalchemy import insert, select, update

from app.db.engine import Transaction, lock
from app.db.tables import installation

DATABASE = "database"  # what tells this database from others
MODELS_FOLDER = "models_folder"  # the identity of the folder from which the API loads models


def get(tx: Transaction, name: str) -> str | None:
    """The value of this name."""
    return tx.execute(select(installation.c.value).where(installation.c.name == name)).scalar_one_or_none()


def put(tx: Transaction, name: str, value: str) -> None:
    """Set it."""
    lock(tx, "installation")  # processes that start together
    if tx.execute(update(installation).where(installation.c.name == name).values(value=value)).rowcount == 0:
        tx.execute(insert(installation).values(name=name, value=value))


def identity(tx: Transaction) -> str:
    """What tells this database from others; it is given one if it has none, which takes a transaction that writes."""
    lock(tx, "installation")
    if (known := get(tx, DATABASE)) is None:
        put(tx, DATABASE, known := secrets.token_hex(16))
    return known
