"""What drivers complain of, in words of ours: the database is away, or it is damaged."""

import sqlite3

from sqlalchemy.exc import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,  # noqa: A004 - of the connection pool
)

AWAY = "the database does not answer"
FULL = "the database finds no room on its disk"
UNREADABLE = "the database cannot be read: `densely doctor` says what to do"
INCOMPLETE = "the database lacks a table or a column: `densely doctor` says what to do"

READ_ONLY = "the database takes no writes: it is read-only, or a standby"
REFUSED = "the database refuses its user something: `densely doctor` says what"

UNDEFINED = ("42P01", "42703")  # PostgreSQL's codes for a table and a column that are not there
DISK_FULL = "53100"  # its code for a disk that is full
TAKES_NO_WRITES = "25006"  # its code for a server, database or user that is read-only
NO_RIGHT = "42501"  # its code for a user who lacks a right


def message(error: SQLAlchemyError) -> str | None:
    """What clients are told; None for what is a mistake of ours."""
    if is_incomplete(error):
        return INCOMPLETE
    if code_of(error) in (TAKES_NO_WRITES, NO_RIGHT):
        return READ_ONLY if code_of(error) == TAKES_NO_WRITES else REFUSED
    if isinstance(error, OperationalError | InterfaceError | TimeoutError):
        return FULL if is_full(error) else AWAY
    return UNREADABLE if is_unreadable(error) else None


def is_full(error: BaseException) -> bool:
    """Whether there is no room: what was to be written is not, and whatever is there stays."""
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.OperationalError):
        return original.sqlite_errorcode == sqlite3.SQLITE_FULL
    return code_of(error) == DISK_FULL


def code_of(error: BaseException) -> str | None:
    """PostgreSQL's code, if it has said one."""
    code: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return code


def is_damage(error: BaseException) -> bool:
    """Whether waiting does not help: somebody has to mend it."""
    return is_unreadable(error) or is_incomplete(error)


def is_unreadable(error: BaseException) -> bool:
    """Whether a file is no SQLite database, or a page of it is damaged: these have no class of their own."""
    return type(error) is DatabaseError


def is_incomplete(error: BaseException) -> bool:
    """Whether a table or a column is not there."""
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.OperationalError):
        return str(original).startswith(("no such table", "no such column"))
    return code_of(error) in UNDEFINED


def first_line(error: BaseException) -> str:
    """The first line of what the driver says, without SQL."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
