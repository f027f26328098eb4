"""Migrations: forth, back and forth again, the same tables as the code's, and safe when processes start together."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from app.db import (
    audit,
    datasets,
    installation,
    keys,
    migrate,
    models,
    runs,
    sweep_queries,
    sweeps,
    tasks,
    totals,
    webhooks,
    workers,
)  # fmt: skip
from app.db.base import SCHEMA_REVISION, WORKS_FROM, metadata
from app.db.engine import Database, Transaction
from app.db.epochs import record_epochs
from app.db.tables import epochs
from app.domain.recipes import Holdout
from app.domain.runs import Measured, RunRequest
from app.domain.spaces import Budget, Choice, RandomSearch
from app.domain.sweeps import SweepPlan
from app.domain.trials import Prior, Trial
from app.errors import Unavailable
from app.wire.runs import Progress
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

REVISIONS = [
    script.revision for script in reversed(list(ScriptDirectory.from_config(migrate.config("")).walk_revisions()))
]

# Tables that came after 0002, which are empty after going below and up again.
ADDED: dict[str, list[str]] = {
    name: [] for name in ("webhooks", "installation", "tasks", "datasets", "api_keys", "audit", "totals", "sweeps")
}
OF_0006, OF_0007, OF_0008, OF_0009 = ("tasks", "datasets"), ("api_keys", "audit"), ("totals",), ("sweeps",)
OF_0010, OF_0011 = ("note", "archived_at", "score", "trainers"), ("by_key", "note")
LATER = (*OF_0010, *OF_0011)
ADDED_COLUMNS = ("key_id", "traceparent", "trainer_memory", "sweep", "trial", "prior", *LATER)  # by 0007 to 0011
PLAN = SweepPlan(
    task="housing", preset="baseline", dataset="sample", recipe=TASKS.get("housing").presets["baseline"].recipe,
    validation=Holdout(size=80), space={"epochs": Choice(values=[1, 2])}, method=RandomSearch(), pruner=None,
    budget=Budget(), metric="val_mae", generation=10, seed=1, final_seeds=3, activate="never",
)  # fmt: skip


def fill(database: Database, clock: FakeClock) -> None:
    """Rows in every table."""
    preset = TASKS.get("housing").presets["baseline"]
    request = RunRequest(
        task="housing", preset="baseline", dataset="sample", recipe=preset.recipe, validation=preset.validation, seed=1,
        tags={"team": "a"},
    )  # fmt: skip
    with database.write() as tx:
        webhooks.add(tx, runs.insert_run(tx, request, clock(), 3), "https://example.org/")
        row = runs.claim(tx, "w-1", clock())
        assert row is not None
        measured = [Measured(fit, 1, 0.1, {"loss": 1.0}, clock()) for fit in (1, 0)]
        record_epochs(tx, row.id, row.lease_id, measured, Progress(epoch=1, epochs=9))
        models.insert_model(
            tx, task="housing", id="m-1", run_id=row.id, dataset="sample", dataset_is_sample=True, metrics={},
            created_at=clock(),
        )  # fmt: skip
        models.activate(tx, "housing", "m-1", clock(), "test", "k-1", "fewer complaints")
        workers.seen(tx, "w-1", clock(), {"host": "here", "pid": 1, "devices": ["CPU:0"], "versions": {}})
        installation.put(tx, installation.MODELS_FOLDER, "0123456789abcdef")
        tasks.insert_task(tx, "tickets", {"name": "tickets", "labels": ["a", "b"]}, clock())
        datasets.insert_dataset(tx, "tickets", **uploaded(clock))
        keys.add(tx, {"id": "k-1", "name": "a", "sha256": "0" * 64, "scopes": ["predict"], "created_at": clock()})
        audit.record(tx, clock(), "key.created", "k-1")
        sweeps.insert_sweep(tx, PLAN, clock(), (1, "too large"), name="a search", tags={"team": "a"})


def uploaded(clock: FakeClock, number: int = 1) -> dict[str, Any]:
    """A row of a dataset, but for its name and version."""
    counts = {"rows": 10, "train_rows": 8, "test_rows": 2, "skipped": 1, "bytes": 2**40}
    findings = {"warnings": ["few labels"]}
    told = {"sha256": "0" * 64, "findings": findings, "created_at": clock()}
    return {"id": f"d-{number}", "task": "tickets", **told, **counts}


def rows_of(tx: Transaction, *but: str) -> dict[str, list[str]]:
    """All rows of the tables that the database has, but for some columns, and for what each migration writes anew."""
    here = inspect(tx).get_table_names()
    found = {
        name: sorted(repr(row) for row in tx.execute(select(*[c for c in table.c if c.name not in but])))
        for name, table in metadata.tables.items()
        if name in here
    }
    found["installation"] = [row for row in found.get("installation", []) if WORKS_FROM not in row]
    return {name: rows for name, rows in found.items() if name in here}


def shape_of(database: Database) -> dict[str, Any]:
    """What the database says of its tables: columns, keys, indexes and checks, with their conditions."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return sorted((key, plain(part)) for key, part in value.items())
        return [plain(part) for part in value] if isinstance(value, list) else str(value)

    def sorted_by_name(items: list[Any]) -> list[Any]:
        return sorted(map(plain, items), key=str)

    with database.read() as tx:
        inspector = inspect(tx)
        return {
            table: {
                "columns": sorted_by_name(inspector.get_columns(table)),
                "primary key": plain(inspector.get_pk_constraint(table)),
                "foreign keys": sorted_by_name(inspector.get_foreign_keys(table)),
                "unique": sorted_by_name(inspector.get_unique_constraints(table)),
                "checks": sorted_by_name(inspector.get_check_constraints(table)),
                "indexes": sorted_by_name(inspector.get_indexes(table)),
            }
            for table in inspector.get_table_names()
            if table != "alembic_version"
        }


def test_the_code_works_with_the_newest_revision() -> None:
    """SCHEMA_REVISION is the one head that migrations/ has."""
    script = ScriptDirectory.from_config(migrate.config(""))

    assert [SCHEMA_REVISION] == script.get_heads()
    assert SCHEMA_REVISION == REVISIONS[-1]


def test_migrating_gives_the_tables_of_the_code(new_url: Callable[[], str]) -> None:
    """Alembic finds nothing to generate, and the database describes both alike, CHECKs and partial indexes too."""
    migrated, created = new_url(), new_url()
    migrate.upgrade(migrated)
    command.check(migrate.config(migrated))  # raises where Alembic would generate a migration
    databases = Database(migrated), Database(created)
    with databases[1].write() as tx:
        metadata.create_all(tx)

    shapes = [shape_of(database) for database in databases]

    assert shapes[1] == shapes[0]
    assert set(metadata.tables) == set(shapes[0])
    for database in databases:
        database.close()


def test_every_table_takes_rows_after_migrating(database: Database, clock: FakeClock) -> None:
    fill(database, clock)

    with database.read() as tx:
        assert [] == [name for name, rows in rows_of(tx).items() if not rows]


def test_migrating_again_keeps_every_row(database: Database, url: str, clock: FakeClock) -> None:
    """`densely migrate` on an up-to-date database does nothing."""
    fill(database, clock)
    with database.read() as tx:
        before = rows_of(tx)

    migrate.upgrade(url)

    with database.read() as tx:
        assert before == rows_of(tx)
    database.check_revision()


def test_each_step_goes_back_and_forth_and_keeps_the_rows_of_what_it_does_not_touch(
    database: Database, url: str, clock: FakeClock
) -> None:
    """From the head down to nothing and up again, one revision at a time, with rows in every table at the start."""
    fill(database, clock)
    shape = shape_of(database)
    database.close()
    for below in [*reversed(REVISIONS[:-1]), "base"]:
        counts = count(database)

        migrate.downgrade(url, below)

        left = count(database)
        assert {name: counts[name] for name in left} == left
        assert (None if below == "base" else below) == database.revision()
        database.close()
    assert {} == count(database)

    for revision in REVISIONS:
        migrate.upgrade(url, revision)
        assert revision == database.revision()

    assert shape == shape_of(database)
    fill(database, clock)
    with database.read() as tx:
        assert 2 == tx.execute(select(func.count()).select_from(epochs)).scalar_one()


def test_what_0002_renames_and_adds_keeps_every_row(database: Database, url: str, clock: FakeClock) -> None:
    """Down and up again: the same rows, children of the changed tables too; a run of before was trained once."""
    fill(database, clock)
    with database.read() as tx:
        before = rows_of(tx, *LATER)
    database.close()

    migrate.downgrade(url, "0001")
    with database.read() as tx:
        assert {"fold"} == {c["name"] for c in inspect(tx).get_columns("epochs")} & {"fold", "fit"}
        assert [1, 0] == list(tx.execute(text("SELECT fold FROM epochs ORDER BY id")).scalars())
    database.close()
    migrate.upgrade(url)

    with database.read() as tx:
        assert before | ADDED == rows_of(tx, *LATER)  # after 0002
        assert [1] == list(tx.execute(select(metadata.tables["runs"].c.seeds)).scalars())


def test_what_0003_adds_goes_and_comes_back_empty(database: Database, url: str, clock: FakeClock) -> None:
    """Down: the webhooks are gone, every other row is there. Up: runs can have one again."""
    fill(database, clock)
    with database.read() as tx:
        before = rows_of(tx, "lease_beats", *ADDED_COLUMNS)  # which 0004 added
    database.close()

    migrate.downgrade(url, "0002")
    with database.read() as tx:
        left = {name: rows for name, rows in before.items() if name not in ADDED}
        assert left == rows_of(tx, "lease_beats", *ADDED_COLUMNS)
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert before | ADDED == rows_of(tx, "lease_beats", *ADDED_COLUMNS)
        run_id = tx.execute(select(metadata.tables["runs"].c.id)).scalar_one()
        webhooks.add(tx, run_id, "https://example.org/")
        assert webhooks.url_of(tx, run_id) == "https://example.org/"


def test_what_0004_changes_keeps_running_runs_running(database: Database, url: str, clock: FakeClock) -> None:
    """Down: a lease that has run out, which the older release frees. Up: one with heartbeats, which can be renewed."""
    fill(database, clock)
    with database.read() as tx:
        before = rows_of(tx, *LATER)
    database.close()

    migrate.downgrade(url, "0003")
    with database.read() as tx:
        expired = text("SELECT count(*) FROM runs WHERE status = 'running' AND lease_expires_at = created_at")
        assert 1 == tx.execute(expired).scalar_one()
        assert "lease_beats" not in {c["name"] for c in inspect(tx).get_columns("runs")}
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert before | {**ADDED, "webhooks": before["webhooks"]} == rows_of(tx, *LATER)
        row = tx.execute(select(metadata.tables["runs"])).one()
        assert 0 == row.lease_beats
        assert not runs.renew(tx, row.id, row.lease_id)
        installation.put(tx, installation.MODELS_FOLDER, "a")
        installation.put(tx, installation.MODELS_FOLDER, "b")
        assert "b" == installation.get(tx, installation.MODELS_FOLDER)


def test_what_0005_widens_keeps_every_reason(database: Database, url: str, clock: FakeClock) -> None:
    """Down: what the older column has no room for is cut, and says so. Up: as it was left, and any length again."""
    fill(database, clock)
    reasons = ["ä" * 200, "ä" * 201, "because " * 100]
    with database.write() as tx:
        for reason in reasons:
            models.activate(tx, "housing", "m-1", clock(), reason)
        before = rows_of(tx, "reason", *ADDED_COLUMNS)
    database.close()

    migrate.downgrade(url, "0004")
    cut = ["test", reasons[0], "ä" * 199 + "…", reasons[2][:199] + "…"]
    with database.read() as tx:
        assert cut == list(tx.execute(text("SELECT reason FROM activations ORDER BY id")).scalars())
        left = {name: rows for name, rows in before.items() if name not in OF_0006 + OF_0007 + OF_0008 + OF_0009}
        assert left == rows_of(tx, "reason", *ADDED_COLUMNS)
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        models.activate(tx, "housing", "m-1", clock(), reasons[2])
        kept = [row.reason for row in reversed(models.activations_of(tx, "housing", 10, None))]
    assert [*cut, reasons[2]] == kept


def test_what_0006_adds_goes_and_comes_back_empty(database: Database, url: str, clock: FakeClock) -> None:
    """Down: own tasks and datasets are gone, every other row is there, runs that name them too.

    Up: names are free; a revision or a version that was seen does not come again.
    """
    fill(database, clock)
    with database.write() as tx:
        assert 2 == datasets.insert_dataset(tx, "tickets", **uploaded(clock, 2))
        assert 3 == tasks.revision(tx)
        tx.execute(text("UPDATE runs SET dataset = 'tickets@1'"))
        before = rows_of(tx, *ADDED_COLUMNS)
    database.close()

    migrate.downgrade(url, "0005")
    with database.read() as tx:
        left = {name: rows for name, rows in before.items() if name not in OF_0006 + OF_0007 + OF_0008 + OF_0009}
        assert left == rows_of(tx, *ADDED_COLUMNS)
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert left | {name: [] for name in OF_0006 + OF_0007 + OF_0008 + OF_0009} == rows_of(tx, *ADDED_COLUMNS)
        tasks.insert_task(tx, "tickets", {"name": "tickets"}, clock())
        assert 2 == datasets.insert_dataset(tx, "tickets", **uploaded(clock))  # a run of before says `tickets@1`
        assert {"tickets": (1, 4)} == tasks.revisions(tx)


def test_what_0007_adds_goes_and_comes_back_empty(database: Database, url: str, clock: FakeClock) -> None:
    """Down: keys and the audit are gone, every other row is there. Up: a row of the release before has no key."""
    fill(database, clock)
    with database.read() as tx:
        before = rows_of(tx, *ADDED_COLUMNS[1:])
        revision = keys.revision(tx)
    database.close()

    migrate.downgrade(url, "0006")
    with database.read() as tx:
        left = {name: rows for name, rows in before.items() if name not in OF_0007 + OF_0008 + OF_0009}
        counts = {name: len(rows) for name, rows in left.items()}
        assert counts == {name: len(rows) for name, rows in rows_of(tx, *ADDED_COLUMNS).items()}
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert left | {name: [] for name in OF_0007 + OF_0008 + OF_0009} == rows_of(tx, *ADDED_COLUMNS[1:])
        assert [""] == list(tx.execute(select(metadata.tables["runs"].c.key_id)).scalars())
        keys.add(tx, {"id": "k-1", "name": "a", "sha256": "0" * 64, "scopes": ["predict"], "created_at": clock()})
        assert revision < keys.revision(tx)  # so that no process takes it for what it has seen


def test_what_0006_adds_takes_a_name_once(database: Database, clock: FakeClock) -> None:
    fill(database, clock)

    with pytest.raises(IntegrityError), database.write() as tx:
        tasks.insert_task(tx, "tickets", {}, clock())
    with database.write() as tx:
        assert 2 == tasks.revision(tx)  # as before
        tasks.update_task(tx, "tickets", {"title": "x"}, clock())
        assert {"tickets": {"title": "x"}} == tasks.declarations(tx, ["tickets", "none"])
        tasks.delete_task(tx, "tickets")
        assert 4 == tasks.revision(tx)
        assert {} == tasks.revisions(tx)


def test_what_0008_adds_goes_and_comes_back_empty(database: Database, url: str, clock: FakeClock) -> None:
    """Down: totals, traces and memory are gone, all else is there. Up: runs go on, and counting begins anew."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    fill(database, clock)
    with database.write() as tx:
        tx.execute(update(metadata.tables["runs"]).values(traceparent=parent))
        workers.seen(tx, "w-1", clock(), {"trainer_memory": 2**40})
        before = rows_of(tx, *ADDED_COLUMNS)
        assert {("changes", "claimed"): 1, ("changes", "queued"): 1, ("epochs", ""): 2, ("epoch_seconds", ""): 0.2} == {
            (row.name, row.kind): row.value for row in totals.every(tx)
        }
    database.close()

    migrate.downgrade(url, "0007")
    with database.read() as tx:
        assert {name: rows for name, rows in before.items() if name not in OF_0008 + OF_0009} == rows_of(
            tx, *ADDED_COLUMNS
        )
        for table, column in (("runs", "traceparent"), ("workers", "trainer_memory")):
            assert column not in {c["name"] for c in inspect(tx).get_columns(table)}
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert before | {name: [] for name in OF_0008 + OF_0009} == rows_of(tx, *ADDED_COLUMNS)
        run = tx.execute(select(metadata.tables["runs"])).one()
        assert run.traceparent is None
        measured = [Measured(0, 2, 0.5, {"loss": 1.0}, clock())]
        record_epochs(tx, run.id, run.lease_id, measured, Progress(epoch=2, epochs=9))
        counted = {tuple(row) for row in totals.every(tx)}
        assert {("epochs", "housing", "", 1.0), ("epoch_seconds", "housing", "", 0.5)} == counted


def test_what_0009_adds_goes_and_comes_back_empty(database: Database, url: str, clock: FakeClock) -> None:
    """Down: sweeps are gone, and runs are none's trials; all else is there. Up: there can be some again."""
    fill(database, clock)
    run = metadata.tables["runs"]
    trial = Trial(number=3, generation=0, parameters={"epochs": 1}, metric="val_mae", bars=[(1, 2.5)])
    prior = Prior(temperature=1.5, rows=80)
    with database.write() as tx:
        (sweep_id,) = (row.id for row in sweep_queries.page(tx, None, None, 9, None))
        tx.execute(update(run).values(sweep=sweep_id, trial=trial.model_dump(), prior=prior.model_dump()))
        assert [3] == [row.trial["number"] for row in sweep_queries.trials(tx, sweep_id)]
        before = rows_of(tx, *ADDED_COLUMNS[3:])
    database.close()

    migrate.downgrade(url, "0008")
    with database.read() as tx:
        assert {name: rows for name, rows in before.items() if name != "sweeps"} == rows_of(tx, *ADDED_COLUMNS[3:])
        assert not {"sweep", "trial", "prior"} & {c["name"] for c in inspect(tx).get_columns("runs")}
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert before | {"sweeps": []} == rows_of(tx, *ADDED_COLUMNS[3:])
        assert [(None, None, None)] == tx.execute(select(run.c.sweep, run.c.trial, run.c.prior)).all()
        again = sweeps.insert_sweep(tx, PLAN, clock(), (0, None), name=None, tags={})
        tx.execute(update(run).values(sweep=again, trial=trial.model_dump()))
        assert PLAN == SweepPlan.model_validate(sweep_queries.get(tx, again).plan)
        assert trial == Trial.model_validate(sweep_queries.trials(tx, again)[0].trial)


def test_what_0010_adds_goes_and_comes_back_with_scores(database: Database, url: str, clock: FakeClock) -> None:
    """Down: notes and what is archived are gone, all else is there. Up: runs have the score of their figures, whatever
    their head: on the test split, else on held-out rows, and the higher the better.
    """
    fill(database, clock)
    run = metadata.tables["runs"]
    (row,) = _rows(database, run)
    figures = {
        "regression": ({"test": {"mae": 2.5}, "validation": {"mae": 9.0}}, -2.5),
        "unit_regression": ({"test": {}, "validation": {"mae": 0.5}}, -0.5),
        "binary": ({"test": {"accuracy": 0.75, "loss": 3.0}}, 0.75),
        "multiclass": ({"test": None, "validation": {"accuracy": 0.25}}, 0.25),
        "multilabel": ({"test": {"f1": 0.5}}, 0.5),
        "binary, without figures": ({}, None),
    }
    with database.write() as tx:
        for number, (head, (metrics, score)) in enumerate(figures.items(), 100):
            recipe = {**row.recipe, "head": head.partition(",")[0]}
            told = {"number": number, "id": head, "status": "succeeded", "lease_id": None, "score": score}
            same = {name: value for name, value in row._asdict().items() if name not in told}
            tx.execute(insert(run).values({**same, **told, "recipe": recipe, "metrics": metrics}))
        tx.execute(update(run).values(note="why", archived_at=clock()))
        workers.seen(tx, "w-1", clock(), {"trainers": 4})
        before = rows_of(tx, *LATER)
    database.close()

    migrate.downgrade(url, "0009")
    with database.read() as tx:
        assert before == rows_of(tx, *LATER)
        assert not set(OF_0010) & {c["name"] for c in inspect(tx).get_columns("runs")}
    database.close()
    migrate.upgrade(url)

    with database.read() as tx:
        assert before == rows_of(tx, *LATER)
        kept = tx.execute(select(run.c.id, run.c.score, run.c.note, run.c.archived_at).where(run.c.number >= 100))
        assert {(head, score, "", None) for head, (_, score) in figures.items()} == {tuple(each) for each in kept}
        assert [None] == list(tx.execute(select(metadata.tables["workers"].c.trainers)).scalars())


def _rows(database: Database, table: Any) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(table)))


def count(database: Database) -> dict[str, int]:
    with database.read() as tx:
        here = inspect(tx).get_table_names()
        tables = {name: table for name, table in metadata.tables.items() if name in here}
        return {n: tx.execute(select(func.count()).select_from(t)).scalar_one() for n, t in tables.items()}


def _worker() -> dict[str, Any]:
    now = FakeClock()()
    return {
        "id": "w-1", "host": "here", "pid": 1, "started_at": now, "last_seen_at": now, "devices": [], "versions": {},
    }  # fmt: skip


IN_THE_WAY = {
    "workers": _worker(),
    "installation": {"name": "models folder", "value": "x"},
}


@pytest.mark.parametrize("in_the_way", IN_THE_WAY)
def test_a_failed_migration_leaves_nothing(new_url: Callable[[], str], in_the_way: str) -> None:
    """A table of the first, or of a later one: the migrations before it are rolled back too, so that all can be tried
    again; and nobody else ever sees some of them alone.
    """
    url = new_url()
    database = Database(url)
    with database.write() as tx:
        metadata.tables[in_the_way].create(tx)
        tx.execute(insert(metadata.tables[in_the_way]).values(**IN_THE_WAY[in_the_way]))

    with pytest.raises(Exception, match=in_the_way):
        migrate.upgrade(url)

    assert database.revision() is None
    assert {in_the_way: 1} == count(database)
    database.close()


def test_a_database_without_tables_is_not_ready(new_url: Callable[[], str]) -> None:
    database = Database(new_url())

    assert database.revision() is None
    with pytest.raises(Unavailable, match="densely migrate"):
        database.check_revision()

    database.close()


def upgrade_with_others(urls: list[str], barrier: Any) -> None:
    """What `densely migrate` does in one of several processes."""
    for url in urls:
        barrier.wait(60)
        migrate.upgrade(url)


def test_processes_that_migrate_at_once_all_succeed(new_url: Callable[[], str], clock: FakeClock) -> None:
    """API and worker, or several replicas, that start together on an empty database; several times, as it is luck."""
    urls = [new_url() for _ in range(5)]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    started = [context.Process(target=upgrade_with_others, args=(urls, barrier)) for _ in range(2)]
    for process in started:
        process.start()
    while any(process.is_alive() for process in started):
        started[0].join(0.05)
        if any(process.exitcode for process in started):
            barrier.abort()  # the other one would wait for it in vain

    assert [0, 0] == [process.exitcode for process in started]
    for url in urls:
        database = Database(url)
        database.check_revision()
        fill(database, clock)
        database.close()


def test_what_0011_adds_goes_and_comes_back_empty(database: Database, url: str, clock: FakeClock) -> None:
    """Down: who activated a model and why is gone, when and which is there. Up: of the changes of before nobody."""
    fill(database, clock)
    with database.read() as tx:
        before = rows_of(tx, *OF_0011)
        (change,) = models.activations_of(tx, "housing", 9, None)
        assert ("a", "fewer complaints") == (change.by, change.note)
    database.close()

    migrate.downgrade(url, "0010")
    with database.read() as tx:
        assert before == rows_of(tx, *OF_0011)
        assert not {"by_key", "note"} & {c["name"] for c in inspect(tx).get_columns("activations")}
    database.close()
    migrate.upgrade(url)

    with database.write() as tx:
        assert before == rows_of(tx, *OF_0011)
        models.activate(tx, "housing", "m-1", clock(), "again", "k-none", "better")
        found = models.activations_of(tx, "housing", 9, None)
        assert [("k-none", "better"), (None, None)] == [(change.by, change.note) for change in found]
