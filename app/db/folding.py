"""Looking for a part of a text in any case.

SQLite knows the case of ASCII alone, so Python is asked about other letters there, which takes ten times as long;
PostgreSQL knows that of all letters, by its locale.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, func

from app.db.engine import Transaction

Holds = Callable[[Any], ColumnElement[bool]]  # whether a column's text has the part


def holding(tx: Transaction, part: str) -> Holds:
    """Conditions on columns of queries of this transaction."""
    if tx.dialect.name == "postgresql" or part.isascii():
        return lambda column: column.icontains(part, autoescape=True)
    connection = tx.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    connection.create_function("densely_holds", 2, _holds, deterministic=True)
    folded = part.casefold()
    return lambda column: func.densely_holds(column, folded) == 1


def _holds(text: str | None, folded: str) -> bool:
    return text is not None and folded in text.casefold()
