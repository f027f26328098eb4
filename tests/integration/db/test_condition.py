"""Damage: told before anything starts, noticed by whoever meets it, and forgotten when it is mended."""

import pytest
import structlog.testing
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.db import condition
from app.db.engine import Database
from app.db.tables import runs
from app.errors import Unavailable, Unusable

GONE = {
    "table": ("ALTER TABLE runs RENAME TO moved", "ALTER TABLE moved RENAME TO runs"),
    "column": ("ALTER TABLE runs RENAME COLUMN seeds TO moved", "ALTER TABLE runs RENAME COLUMN moved TO seeds"),
}


@pytest.mark.parametrize("what", GONE)
def test_a_table_or_column_that_is_missing_is_told_with_what_to_do(database: Database, url: str, what: str) -> None:
    with database.write() as tx:
        tx.execute(text(GONE[what][0]))
    database.close()

    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(Unusable, match=r"is damaged \(.*(runs|seeds).*\): restore it from a backup") as caught,
    ):
        condition.check(url)

    assert 1 == len(caught.value.message.splitlines())
    assert [] == lines, "who asks for the check tells what it found"


@pytest.mark.parametrize("what", GONE)
def test_damage_is_logged_once_and_its_mending_too(database: Database, what: str) -> None:
    breaks, mends = GONE[what]
    with structlog.testing.capture_logs() as lines:
        condition.look(database)
        with database.write() as tx:
            tx.execute(text(breaks))
        for use in (condition.look, _read_runs, condition.look):
            with pytest.raises(Unavailable, match="lacks a table or a column"):
                use(database)
        with database.write() as tx:
            tx.execute(text(mends))
        for _ in range(2):
            condition.look(database)

    assert ["database.damaged", "database.mended"] == [line["event"] for line in lines]


def test_a_database_of_an_older_release_is_no_damage(database: Database, url: str) -> None:
    """Its tables are for its migration."""
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        tx.execute(text("ALTER TABLE runs DROP COLUMN seeds"))

    condition.check(url)


def test_a_mistake_of_ours_is_no_damage(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(runs.insert().values(id="r-1"))

    assert not database.damaged


def _read_runs(database: Database) -> None:
    with database.read() as tx:
        tx.execute(select(runs))
