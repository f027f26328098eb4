"""Processes that are replaced one by one: code goes on with newer tables, where their migration says that it may."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Inspector, inspect, text

from app.artifacts.store import ArtifactStore
from app.db import condition, migrate, run_queries, runs
from app.db.base import SCHEMA_REVISION, WORKS_FROM
from app.db.engine import Database
from app.db.epochs import record_epochs
from app.domain.runs import Measured, Metrics
from app.errors import Unavailable, Unusable
from app.main import create_app
from app.services.execution import WorkerService
from app.settings import Settings
from app.shipped import shipped
from app.wire.runs import Progress
from tests.integration.db.test_migrations import REVISIONS
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer

NEXT = "9001"
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = {NEXT!r}
down_revision = {SCHEMA_REVISION!r}
branch_labels = None
depends_on = None
WORKS_FROM


def upgrade():
    op.add_column('runs', sa.Column('colour', sa.String(8), nullable=False, server_default=sa.text("'red'")))
    op.add_column('models', sa.Column('note', sa.Text(), nullable=True))
    op.create_table('extras', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('run_id', sa.String(64)))
    op.create_index('ix_runs_colour', 'runs', ['colour'])


def downgrade():
    op.drop_index('ix_runs_colour')
    op.drop_table('extras')
    op.drop_column('models', 'note')
    op.drop_column('runs', 'colour')
"""

Next = Callable[..., Config]


@pytest.fixture
def next_release(database: Database, url: str, tmp_path: Path) -> Next:
    """Migrates to the tables of a release that this code does not know; `works_from` is what its migration says."""

    def apply(works_from: str | None = SCHEMA_REVISION) -> Config:
        folder = shutil.copytree(shipped("migrations"), tmp_path / "migrations")
        said = f"works_from = {works_from!r}" if works_from else ""
        (folder / "versions" / f"{NEXT}_next.py").write_text(MIGRATION.replace("WORKS_FROM", said))
        newer = migrate.config(url)
        newer.set_main_option("script_location", str(folder))
        command.upgrade(newer, "head")
        assert database.revision() == NEXT
        return newer

    return apply


def test_all_goes_on_with_tables_to_which_something_was_added(
    next_release: Next, database: Database, url: str, tmp_path: Path, clock: FakeClock
) -> None:
    """A run is queued, claimed and finished, a model published and activated, and `/predict` answers with it."""
    settings = Settings(home=tmp_path / "home", models_dir=tmp_path / "models", database_url=url)
    store = ArtifactStore(settings.models_dir)
    before = add_model(database, store, "planar", seed=1)
    next_release()

    database.check_revision()
    condition.check(url)
    server = LiveServer(create_app(settings, clock))
    try:
        assert before.id == server.client.get("/tasks/planar").json()["active_model"]["id"]
        asked = {"task": "planar", "dataset": "sample", "tags": {"a": "b"}}
        run_id = server.client.post("/train", json=asked).raise_for_status().json()["id"]
        worker = WorkerService(database, clock, "w-1", 600)
        claim = worker.claim()
        assert claim is not None
        assert run_id == claim.run.id
        with database.write() as tx:
            measured = [Measured(0, 1, 0.1, {"loss": 1.0}, clock())]
            record_epochs(tx, run_id, claim.lease_id, measured, Progress(epoch=1, epochs=1))
            runs.publish(tx, run_id, claim.lease_id, clock(), Metrics(test={"accuracy": 0.5}))
        model = add_model(database, store, "planar", seed=2)
        server.client.put("/tasks/planar/active-model", json={"model_id": model.id}).raise_for_status()

        assert "succeeded" == server.client.get(f"/runs/{run_id}").json()["status"]
        answer = server.client.post("/predict", json={"task": "planar", "point": [0.3, 1.2]}).raise_for_status().json()
        assert {"id": model.id, "version": 2} == answer["model"]
        assert 200 == server.client.get("/health/ready").status_code
        assert 204 == server.client.delete(f"/runs/{run_id}").status_code
    finally:
        server.close()
    with database.read() as tx:
        assert run_queries.find(tx, run_id) is None


def test_an_older_releases_migrate_and_up_leave_newer_tables_alone(
    next_release: Next, database: Database, url: str, clock: FakeClock
) -> None:
    """A process of it that is started once more while others have been replaced."""
    next_release()
    run_id = queue_run(database, clock)

    migrate.upgrade(url)

    assert NEXT == database.revision()
    with database.read() as tx:
        assert "red" == tx.execute(text("SELECT colour FROM runs WHERE id = :id"), {"id": run_id}).scalar_one()


@pytest.mark.parametrize("works_from", [None, NEXT, "nonsense"])
def test_what_does_not_say_so_is_refused(next_release: Next, database: Database, url: str, works_from: str) -> None:
    next_release(works_from)

    for use in (database.check_revision, lambda: condition.check(url), lambda: migrate.upgrade(url)):
        with pytest.raises(Unusable, match=f"has schema {NEXT}, which this release does not know: install the release"):
            use()


def test_code_several_migrations_older_goes_on_only_where_that_is_said(
    next_release: Next, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_release("0005")
    for known, usable in (("0005", True), ("0004", False)):
        monkeypatch.setattr("app.db.engine.SCHEMA_REVISION", known)
        if usable:
            database.check_revision()
        else:
            with pytest.raises(Unusable, match="which this release does not know"):
                database.check_revision()


def test_going_back_takes_it_back(next_release: Next, database: Database) -> None:
    newer = next_release()
    database.close()

    command.downgrade(newer, SCHEMA_REVISION)

    assert SCHEMA_REVISION == database.revision()
    assert _oldest(database) == _said(SCHEMA_REVISION)


def test_an_older_database_still_says_the_command_that_mends_it(database: Database, url: str) -> None:
    database.close()
    migrate.downgrade(url, REVISIONS[-2])

    with pytest.raises(Unavailable, match="run `densely migrate`"):
        database.check_revision()


def _said(revision: str) -> str:
    """The oldest code that goes on with the tables of this migration."""
    found: Any = ScriptDirectory.from_config(migrate.config("")).get_revision(revision)
    return str(getattr(found.module, "works_from", revision))


def _oldest(database: Database) -> str | None:
    with database.read() as tx:
        query = text("SELECT value FROM installation WHERE name = :name")
        found: str | None = tx.execute(query, {"name": WORKS_FROM}).scalar_one_or_none()
        return found


def test_a_migration_that_says_so_only_adds(new_url: Callable[[], str]) -> None:
    """Every table, column, key and check of the oldest code is as it was, and its rows need nothing that is new."""
    url = new_url()
    database = Database(url)
    shapes: dict[str, dict[str, Any]] = {}
    for revision in REVISIONS:
        migrate.upgrade(url, revision)
        with database.read() as tx:
            shapes[revision] = {table: _shape(inspect(tx), table) for table in inspect(tx).get_table_names()}
        if int(revision) >= 4:
            assert _said(revision) == _oldest(database)
        database.close()
    for revision in REVISIONS:
        if (oldest := _said(revision)) != revision:
            for table, shape in shapes[oldest].items():
                now = shapes[revision][table]
                for part, before in shape.items():
                    assert before.items() <= now[part].items(), f"{revision} changes {part} of {table}"
                added = {name: column for name, column in now["columns"].items() if name not in shape["columns"]}
                assert [] == [name for name, column in added.items() if "NOT NULL" in column], f"{revision}, {table}"
                assert shape["demands"] == now["demands"], f"{revision} demands more of {table} than older code gives"


def _shape(inspector: Inspector, table: str) -> dict[str, Any]:
    """By name: columns, of which those say NOT NULL that a row cannot do without, and what rows have to fulfil."""
    columns = {
        column["name"]: f"{column['type']}{'' if column['nullable'] or column.get('default') else ' NOT NULL'}"
        for column in inspector.get_columns(table)
    }
    demands = {
        str(each.get("name") or each.get("constrained_columns")): str(_plain(each))
        for found in (
            inspector.get_unique_constraints(table),
            inspector.get_check_constraints(table),
            inspector.get_foreign_keys(table),
            [index for index in inspector.get_indexes(table) if index["unique"]],
            [inspector.get_pk_constraint(table)],
        )
        for each in found
    }
    return {"columns": columns, "demands": demands}


def _plain(value: Any) -> Any:
    """Conditions as their text."""
    return sorted((key, _plain(part)) for key, part in value.items()) if isinstance(value, dict) else str(value)
