"""Looking for a part of a text in any case.

SQLite knows the case of ASCII alone, so Python is asked about other letters there, which takes ten times as long.
PostgreSQL knows what its locale does, which may be as little: other letters go by ICU's rules where it has them.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, collate, func, text

from app.db.engine import Transaction

ICU = "und-x-icu"  # its collation for texts of any language

Holds = Callable[[Any], ColumnElement[bool]]  # whether a column's text has the part


def holding(tx: Transaction, part: str) -> Holds:
    """Conditions on columns of queries of this transaction."""
    if part.isascii():
        return lambda column: column.icontains(part, autoescape=True)
    if tx.dialect.name == "postgresql":
        known = tx.execute(text("SELECT 1 FROM pg_collation WHERE collname = :name LIMIT 1"), {"name": ICU}).first()
        return lambda column: (collate(column, ICU) if known else column).icontains(part, autoescape=True)
    connection = tx.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    connection.create_function("densely_holds", 2, _holds, deterministic=True)
    folded = part.casefold()
    return lambda column: func.densely_holds(column, folded) == 1


def _holds(value: str | None, folded: str) -> bool:
    return value is not None and folded in value.casefold()
