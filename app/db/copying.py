"""Copying all rows from SQLite to PostgreSQL in one transaction: all are there afterwards, the same, or none is."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Select, Table, Text, cast, func, select, text, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from app.db import complaints, installation
from app.db.base import metadata
from app.db.copying_values import Checksum, Fitting, Summing, Values
from app.db.engine import Transaction
from app.db.tables import installation as installation_table
from app.db.tables import workers
from app.errors import Unavailable, Unusable

AT_ONCE = 2_000  # rows in memory
MOVED_FROM = "moved_from"  # in `installation`: the identity of the database from which the rows came
MOVED_AS = "moved_as"  # and their checksum, as long as nobody has changed them
OWN = (installation.MODELS_FOLDER, MOVED_FROM, MOVED_AS)  # of the new place itself
COLUMN = re.compile(r"(?<=, )column \w+")  # within what PostgreSQL says of the place of a mistake
LOCKED = ("55P03", "40P01")  # PostgreSQL's codes for a lock that did not come in time, and for a deadlock
TAKEN = "rows are being carried over into this database by another process: let that end"

Told = Callable[[int], None]  # how many rows more


@dataclass(frozen=True)
class Copied:
    """A table on both sides."""

    name: str
    source: Checksum
    target: Checksum
    changed: int = 0  # values that PostgreSQL does not hold

    @property
    def same(self) -> bool:
        """Whether all of it came over, and nothing else is there."""
        return self.source == self.target


def counts(tx: Transaction) -> dict[str, int]:
    """Rows by table, in the order in which they can be written."""
    return {
        table.name: tx.execute(_chosen(select(func.count()).select_from(table), table)).scalar_one()
        for table in metadata.sorted_tables
    }


def lock_tables(target: Transaction) -> None:
    """Nobody else reads or writes them until the end of the transaction.

    Raises:
        Unavailable: the target does not answer.
        Unusable: somebody has used one for longer than a lock is waited for.
    """
    with _translated(target, "its tables"):
        target.execute(text(f"LOCK TABLE {_all_tables()} IN ACCESS EXCLUSIVE MODE"))


def copy(source: Transaction, target: Transaction, told: Told) -> list[Copied]:
    """All rows of `source` in the place of those of `target`; both are read, and `told` of each row twice.

    Raises:
        Unavailable: the target does not answer.
        Unusable: it does not take a value, or somebody uses its tables.
    """
    with _translated(target, "its tables"):
        target.execute(text(f"TRUNCATE {_all_tables()}"))
    written = {table.name: _write(source, target, table, told) for table in metadata.sorted_tables}
    _set_sequences(source, target)
    return [
        Copied(table.name, written[table.name][0], checksum(target, table, told), written[table.name][1])
        for table in metadata.sorted_tables
    ]


def checksum(tx: Transaction, table: Table, told: Told = lambda _: None) -> Checksum:
    """Of a table's rows as they are."""
    summing = Summing()
    for rows in _rows(tx, table):
        for values in rows:
            summing.add(values)
        told(len(rows))
    return summing.result()


def seal(sums: dict[str, Checksum]) -> str:
    """One checksum of all tables but that of workers, who only have to be alive to change it."""
    found = sorted((name, each.rows, each.total) for name, each in sums.items() if name != workers.name)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _all_tables() -> str:
    return ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)


def _write(source: Transaction, target: Transaction, table: Table, told: Told) -> tuple[Checksum, int]:
    """The rows of one table, and how many of their values had to be others."""
    summing, fit = Summing(), Fitting(table)
    columns = ", ".join(f'"{column.name}"' for column in table.c)
    command = f'COPY "{table.name}" ({columns}) FROM STDIN'
    with _translated(target, f"a row of {table.name}"), target.connection.cursor().copy(command) as out:
        for rows in _rows(source, table):
            for values in map(fit, rows):
                summing.add(values)
                out.write_row(values)
            told(len(rows))
    return summing.result(), fit.changed


def _rows(tx: Transaction, table: Table) -> Iterator[Sequence[Values]]:
    """A table in pieces. JSON as the text that it is: no number or order of it changes on the way."""
    as_text = cast if tx.dialect.name == "postgresql" else type_coerce
    columns = [as_text(each, Text).label(each.name) if isinstance(each.type, JSON) else each for each in table.c]
    query = _chosen(select(*columns), table).execution_options(yield_per=AT_ONCE)
    with tx.execute(query) as result:
        for rows in result.partitions():
            yield [tuple(row) for row in rows]


def _chosen(query: Select[Any], table: Table) -> Select[Any]:
    """Without the rows that are the new place's own."""
    return query.where(installation_table.c.name.not_in(OWN)) if table is installation_table else query


def _set_sequences(source: Transaction, target: Transaction) -> None:
    """No number comes again, also not that of a row that has been removed."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        last = source.execute(select(func.max(column))).scalar_one() or 0
        known = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = max(last, source.execute(known, {"name": table.name}).scalar_one_or_none() or 0)
        query = text("SELECT setval(pg_get_serial_sequence(:table, :column), :value, :used)")
        target.execute(
            query, {"table": table.name, "column": column.name, "value": max(last, 1), "used": last > 0}
        ).scalar_one()


@contextmanager
def _translated(tx: Transaction, what: str) -> Iterator[None]:
    """What PostgreSQL's driver complains of, where rows go past SQLAlchemy, as an error of ours.

    Raises:
        Unavailable: it is away, or its disk is full.
        Unusable: it does not take `what`.
    """
    driver: Any = tx.dialect.loaded_dbapi
    try:
        yield
    except (driver.Error, SQLAlchemyError) as error:
        original = getattr(error, "orig", None) or error
        if not isinstance(original, driver.Error):
            raise
        said, state = complaints.first_line(original), original.sqlstate
        if state in LOCKED:
            raise Unusable("the tables are in use: stop the service of the new database first") from error
        if state == complaints.DISK_FULL:
            raise Unavailable(complaints.FULL) from error
        if isinstance(original, driver.OperationalError | driver.InterfaceError):
            raise Unavailable(complaints.AWAY) from error
        place = COLUMN.search(original.diag.context or "")
        raise Unusable(f"PostgreSQL does not take {what}: {said}{f' in {place[0]}' if place else ''}") from error
