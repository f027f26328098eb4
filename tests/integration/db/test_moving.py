"""From SQLite to PostgreSQL: every row and file, however often, whatever kills it; and what is not carried over."""

import hashlib
import math
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.types import Text

from app.artifacts.store import ArtifactStore
from app.db import datasets, events, installation, migrate, models
from app.db.base import UTCDateTime, metadata
from app.db.copying import OWN
from app.db.engine import Database
from app.db.tables import epochs, run_tags
from app.db.tables import events as events_table
from app.db.tables import models as models_table
from app.db.tables import runs as runs_table
from app.errors import Unavailable, Unusable
from app.services.execution import WorkerService
from app.services.moving import Move, Report, move
from app.services.moving_files import Files
from app.services.uploading import UploadFolder
from tests.integration.db.test_migrations import fill, uploaded
from tests.support import postgres
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.queue import queue_run

Moving = Callable[..., Report]


@pytest.fixture(scope="module")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that is only ever copied."""
    path = tmp_path_factory.mktemp("template") / "densely.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def old(sqlite_template: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    """An installation on SQLite with rows in every table, two models and the rows of a dataset; nobody uses it."""
    home = tmp_path / "old"
    home.mkdir()
    shutil.copy(sqlite_template, home / "densely.db")
    database = Database(f"sqlite:///{home / 'densely.db'}")
    store = ArtifactStore(home / "models")
    fill(database, clock)
    with database.write() as tx:
        models.delete_models(tx, ["m-1"])  # which have no files
        datasets.delete_versions(tx, ["d-1"])
        installation.identity(tx)
    for seed in (1, 2):
        add_model(database, store, "planar", seed=seed)
    add_rows(database, home / "uploads", clock, 2)
    queue_run(database, clock)
    clock.advance(120)
    database.close()
    yield database
    database.close()


def add_rows(database: Database, folder: Path, clock: FakeClock, number: int) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"d-{number}.parquet"
    path.write_bytes(b"rows" * 1_000 * number)
    row = {**uploaded(clock, number), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    with database.write() as tx:
        datasets.insert_dataset(tx, "tickets", **row)


@pytest.fixture
def new(cluster: postgres.Cluster) -> Iterator[Database]:
    """An empty database on a PostgreSQL server."""
    database = Database(cluster.new_database())
    yield database
    database.close()


def wanted(old: Database, new: Database, folder: Path, **options: bool) -> Move:
    assert old.file
    home = old.file.parent
    source = Files(ArtifactStore(home / "models"), UploadFolder(home / "uploads"))
    target = Files(ArtifactStore(folder / "new" / "models"), UploadFolder(folder / "new" / "uploads"))
    return Move(old.file, source, new, target, **options)


@pytest.fixture
def moving(old: Database, new: Database, clock: FakeClock, tmp_path: Path) -> Moving:
    """Carries it over."""

    def carry(told: Callable[[str, int, int], None] = lambda *_: None, **options: bool) -> Report:
        old.close()
        return move(wanted(old, new, tmp_path, **options), clock, told)

    return carry


def rows(database: Database) -> dict[str, list[Any]]:
    """All that the code reads from every table, but for what is of the new place itself."""
    with database.read() as tx:
        found = {name: [tuple(row) for row in tx.execute(select(table))] for name, table in metadata.tables.items()}
    found["installation"] = [row for row in found["installation"] if row[0] not in OWN]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("models", "uploads")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.name != ".identity"
    }


def is_empty(database: Database) -> bool:
    if database.revision() is None:
        return True
    return not any(rows for name, rows in rows_but(database, "installation").items())


def rows_but(database: Database, *names: str) -> dict[str, list[Any]]:
    return {name: found for name, found in rows(database).items() if name not in names}


def test_every_row_and_every_file_comes_over(old: Database, new: Database, moving: Moving, tmp_path: Path) -> None:
    told: dict[str, int] = {}
    totals: dict[str, int] = {}

    def tell(part: str, more: int, total: int) -> None:
        told[part] = told.get(part, 0) + more
        totals[part] = total

    report = moving(tell)

    assert report.is_complete
    assert report.is_same
    assert all(rows(old).values()), "there is no table without rows"
    assert rows(old) == rows(new)
    assert files(tmp_path / "old") == files(tmp_path / "new")
    assert (2, 1, 1, 1) == (report.models.copied, report.uploads.copied, report.waiting, report.going)
    assert totals == told, "what was told adds up"
    with new.read() as tx:
        assert ArtifactStore(tmp_path / "new" / "models").identity() == installation.get(
            tx, installation.MODELS_FOLDER
        ), "a worker of the new place publishes what its API can load"
    old.check_revision()
    new.check_revision()


def test_no_number_comes_again(old: Database, new: Database, moving: Moving, clock: FakeClock) -> None:
    """Also not that of an event that was the newest, and is gone: who follows has seen it."""
    with old.write() as tx:
        newest = events.latest(tx)
        gone = tx.execute(delete(events_table).where(events_table.c.id == newest)).rowcount
        latest = tx.execute(select(func.max(models_table.c.version))).scalar_one()
    assert 1 == gone
    moving()

    run = queue_run(new, clock)

    with new.read() as tx:
        assert newest + 1 == tx.execute(select(events_table.c.id).where(events_table.c.run_id == run)).scalar_one()
        numbers = tx.execute(select(runs_table.c.number)).scalars().all()
    assert len(numbers) == len(set(numbers))
    manifest = add_model(new, ArtifactStore(Path(old.file).parent / "more"), "planar", seed=9)  # type: ignore[arg-type]
    with new.read() as tx:
        made = models.find(tx, manifest.id)
    assert made is not None
    assert latest + 1 == made.version


def test_runs_go_on_in_the_new_place(new: Database, moving: Moving, clock: FakeClock) -> None:
    """The one that had a worker when its lease has run out, and the one that waited."""
    moving()
    worker = WorkerService(new, clock, "w-2", 10, clock.monotonic)

    first = worker.claim()
    for _ in range(12):
        clock.advance(1)
        worker.expire()
    second = worker.claim()

    assert first is not None
    assert second is not None
    assert (1, 2) == (first.run.attempt, second.run.attempt)


def test_done_again_it_carries_over_what_has_changed(
    old: Database, new: Database, moving: Moving, clock: FakeClock, tmp_path: Path
) -> None:
    """Added, altered and removed rows; a file that is whole there is left alone, one that is not is put right."""
    moving()
    with old.write() as tx:
        kept, *_ = tx.execute(select(runs_table.c.id).order_by(runs_table.c.number)).scalars().all()
        tx.execute(delete(run_tags))
        tx.execute(update(runs_table).where(runs_table.c.id == kept).values(note="another"))
        tx.execute(delete(runs_table).where(runs_table.c.id != kept))
        model_id, damaged = tx.execute(select(models_table.c.id)).scalars().all()
        task = tx.execute(select(models_table.c.task).where(models_table.c.id == damaged)).scalar_one()
    queue_run(old, clock)
    add_rows(old, tmp_path / "old" / "uploads", clock, 3)
    target = ArtifactStore(tmp_path / "new" / "models")
    (target.path(task, damaged) / "weights.npz").write_bytes(b"?")
    unchanged = (target.path(task, model_id) / "manifest.json").stat().st_ino

    report = moving()

    assert (1, 1, 1, 1) == (report.models.copied, report.models.there, report.uploads.copied, report.uploads.there)
    assert rows(old) == rows(new)
    assert files(tmp_path / "old") == files(tmp_path / "new")
    assert unchanged == (target.path(task, model_id) / "manifest.json").stat().st_ino


# Carries over in a process of its own for each line that it reads, which kills itself at this of its steps.
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from app.artifacts.store import ArtifactStore
from app.db.engine import Database
from app.services.moving import Move, move
from app.services.moving_files import Files
from app.services.uploading import UploadFolder

old, new = Path(sys.argv[1]), Path(sys.argv[2])
source, target = (Files(ArtifactStore(each / "models"), UploadFolder(each / "uploads")) for each in (old, new))

def carry(last):
    steps = 0
    def told(*_):
        nonlocal steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)
    moved = Move(old / "densely.db", source, Database(sys.argv[3]), target)
    move(moved, lambda: datetime(2031, 1, 1, tzinfo=UTC), told)
    return steps

for line in sys.stdin:
    child = os.fork()
    if not child:
        os._exit(carry(int(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_killed_at_any_moment_it_is_done_by_the_next_try(
    old: Database, new: Database, moving: Moving, tmp_path: Path
) -> None:
    """After the first model, amid the rows that are written, amid those that are read again, and before the commit."""
    url = new.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "old"), str(tmp_path / "new"), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def carried(last: int) -> int:
            """The exit status of a process that kills itself at this step: otherwise how many there were."""
            print(last, file=process.stdin, flush=True)
            return int(process.stdout.readline())  # type: ignore[union-attr]

        for last in (1, 3, 8, 25):
            assert -signal.SIGKILL == carried(last)
            assert is_empty(new)
        steps = carried(0)
        assert steps > 25
        assert rows(old) == rows(new)

        with old.write() as tx:
            tx.execute(update(runs_table).values(note="another"))
        old.close()
        before = rows(new)
        for last in (2, 12, steps):
            assert -signal.SIGKILL == carried(last)
            assert before == rows(new), "until it is done again, it is as it was"
        process.stdin.close()

    assert moving().is_same
    assert rows(old) == rows(new)
    assert files(tmp_path / "old") == {
        name: content for name, content in files(tmp_path / "new").items() if ".staging" not in name
    }


def _used(new: Database, clock: FakeClock) -> None:
    queue_run(new, clock)


def _with_rows_of_its_own(new: Database, clock: FakeClock) -> None:
    migrate.upgrade(new.engine.url.render_as_string(hide_password=False))
    queue_run(new, clock)


def _of_another(new: Database, clock: FakeClock) -> None:
    with new.write() as tx:
        installation.put(tx, "moved_from", "f" * 32)
    del clock


def _newer(new: Database, clock: FakeClock) -> None:
    with new.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9001'"))
    del clock


@pytest.mark.parametrize(
    ("change", "before", "told"),
    [
        (
            _used,
            True,
            "has been used since rows were carried over, and would lose what is new in it: make an empty one",
        ),
        (_with_rows_of_its_own, False, r"the database has rows already \(events, runs, totals …\): make an empty one"),
        (_of_another, True, "carried over from another installation"),
        (_newer, True, r"tables of schema 9001 .*: make an empty one"),
    ],
)
def test_nothing_is_put_in_the_place_of_other_rows(
    new: Database, moving: Moving, clock: FakeClock, change: Callable[..., None], before: bool, told: str
) -> None:
    if before:
        moving()
    change(new, clock)
    kept = rows(new)

    for dry in (True, False):
        with pytest.raises(Unusable, match=told) as caught:
            moving(dry=dry)

        assert 1 == len(caught.value.message.splitlines())
        assert kept == rows(new)


def test_what_is_written_while_it_begins_is_not_lost(
    new: Database, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a service of the new place has begun is waited for, and then seen; but not for ever."""
    moving()
    told: list[object] = []

    def again() -> None:
        try:
            told.append(moving())
        except Unusable as error:
            told.append(error.message)

    service = Database(new.engine.url.render_as_string(hide_password=False))
    with service.write() as tx:  # amid a request
        tx.execute(update(runs_table).values(note="of the new place"))
        with monkeypatch.context() as patched:
            patched.setattr("app.db.engine.BUSY_TIMEOUT", 0.1)
            new.close()
            again()
        new.close()
        mover = threading.Thread(target=again)
        mover.start()
        waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted")
        while mover.is_alive() and tx.execute(waiting).first() is None:
            time.sleep(0.01)
    mover.join(30)
    service.close()

    in_use, used = told
    assert "the tables are in use: stop the service of the new database first" == in_use
    assert "the database has been used since rows were carried over" in str(used)
    with new.read() as tx:
        assert {"of the new place"} == set(tx.execute(select(runs_table.c.note)).scalars())


def test_workers_that_have_only_been_there_do_not_count(new: Database, moving: Moving, clock: FakeClock) -> None:
    """A service that was started in the new place, and stopped again, has changed nothing that could be lost."""
    moving()
    worker = WorkerService(new, clock, "w-2", 10, clock.monotonic)
    worker.seen({"host": "here", "pid": 1, "devices": [], "versions": {}})
    worker.leave()

    assert moving().is_same


def test_a_source_that_is_in_use_is_refused(
    old: Database, new: Database, moving: Moving, clock: FakeClock, tmp_path: Path
) -> None:
    """By another process, whatever it does with it; by a worker that was there a moment ago. Unless that may be."""
    idle = (
        "import sys; from app.db.engine import Database; Database(sys.argv[1]).revision(); print(flush=True); input()"
    )
    command = [sys.executable, "-c", idle, f"sqlite:///{old.file}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Unusable, match=f"densely.db is in use by process {process.pid}: stop that service, or"):
            moving()
        assert is_empty(new)
        assert moving(shared=True).is_same
        process.communicate("\n")
    assert moving().is_same

    with old.write() as tx:
        tx.execute(text("UPDATE workers SET last_seen_at = :now"), {"now": clock().replace(tzinfo=None).isoformat(" ")})
    with pytest.raises(Unusable, match=r"worker w-1 on here was seen in .* less than a minute ago: stop that service"):
        moving()
    clock.advance(61)
    assert moving().is_same
    assert files(tmp_path / "old") == files(tmp_path / "new")


def test_while_rows_are_carried_over_nobody_opens_the_source(old: Database, moving: Moving) -> None:
    said: list[str] = []

    def told(part: str, *_: int) -> None:
        if part == "tables" and not said:
            try:
                with sqlite3.connect(str(old.file), timeout=0) as connection:
                    connection.execute("SELECT 1 FROM runs")
            except sqlite3.OperationalError as error:
                said.append(str(error))

    moving(told)

    assert ["database is locked"] == said
    old.check_revision()


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("0009", "has schema 0009, .*: run `densely migrate` there first, with DENSELY_HOME="),
        ("9001", "has schema 9001, this release carries over .*: use the newer one"),
        (None, "has no tables yet"),
    ],
)
def test_a_source_of_another_schema_is_refused(old: Database, moving: Moving, schema: str | None, told: str) -> None:
    with old.write() as tx:
        tx.execute(text("DROP TABLE alembic_version"))
        if schema:
            tx.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            tx.execute(text("INSERT INTO alembic_version VALUES (:schema)"), {"schema": schema})

    with pytest.raises(Unusable, match=told):
        moving()


def test_a_source_that_is_damaged_is_refused(old: Database, moving: Moving) -> None:
    old.close()
    assert old.file
    old.file.write_bytes(b"no database at all" * 1_000)

    with pytest.raises(Unusable, match=r"densely\.db is not an SQLite database"):
        moving()


def test_rows_whose_files_are_not_there_are_told_first(
    old: Database, new: Database, moving: Moving, tmp_path: Path
) -> None:
    """Most likely the wrong folder was named; who knows better has the rest."""
    (tmp_path / "old" / "uploads" / "d-2.parquet").write_bytes(b"other rows")
    with old.read() as tx:
        task, model_id = tx.execute(select(models_table.c.task, models_table.c.id)).all()[0]
    shutil.rmtree(tmp_path / "old" / "models" / task / model_id)

    for report in (moving(dry=True), moving()):
        assert {model_id} == set(report.models.wrong)
        assert {"d-2": f"d-2.parquet in {tmp_path}/old/uploads does not have its checksum"} == report.uploads.wrong
        assert [] == report.tables
        assert is_empty(new)
    report = moving(incomplete=True)

    assert report.is_same
    assert not report.is_complete
    assert rows(old) == rows(new)


def test_another_model_in_the_new_place_is_never_served_under_a_row(
    old: Database, new: Database, moving: Moving, tmp_path: Path
) -> None:
    """Whatever is put up with: it is whole, so that nobody would notice."""
    source, target = (ArtifactStore(tmp_path / each / "models") for each in ("old", "new"))
    with old.read() as tx:
        task, model_id = tx.execute(select(models_table.c.task, models_table.c.id)).all()[0]
    folder = target.path(task, model_id)
    shutil.copytree(source.path(task, model_id), folder)
    (folder / "weights.npz").write_bytes(b"others")
    manifest = target.manifest(task, model_id)
    (folder / "manifest.json").unlink()
    target.complete(folder, manifest)

    for options in ({}, {"dry": True}, {"incomplete": True}):
        report = moving(**options)

        assert {model_id: f"of task {task!r}: another model of this id is in {folder}: move that away"} == (
            report.models.wrong
        )
        assert not report.is_enough(incomplete=True)
        assert [] == report.tables
        assert is_empty(new)
    assert b"others" == (folder / "weights.npz").read_bytes()


def test_what_is_not_the_same_afterwards_is_undone(new: Database, moving: Moving) -> None:
    """Here a trigger changes one epoch."""
    url = new.engine.url.render_as_string(hide_password=False)
    migrate.upgrade(url)
    with new.write() as tx:
        tx.execute(
            text(
                "CREATE FUNCTION altered() RETURNS trigger AS $$ BEGIN NEW.seconds = NEW.seconds + 1e-9; RETURN NEW; "
                "END $$ LANGUAGE plpgsql"
            )
        )
        tx.execute(
            text(
                "CREATE TRIGGER altered BEFORE INSERT ON epochs FOR EACH ROW WHEN (NEW.fit = 0) "
                "EXECUTE FUNCTION altered()"
            )
        )

    report = moving()

    assert ["epochs"] == [table.name for table in report.tables if not table.same]
    assert is_empty(new)


def test_a_server_that_goes_away_leaves_what_was_there(old: Database, new: Database, moving: Moving) -> None:
    """Here it ends the connection while rows are written, and while they are read again."""
    total = sum(moving(dry=True).rows.values())

    def ending(after: int) -> Callable[[str, int, int], None]:
        so_far = 0

        def told(part: str, more: int, _: int) -> None:
            nonlocal so_far
            before, so_far = so_far, so_far + more * (part == "tables")
            if before <= after < so_far:
                with new.engine.connect() as other:
                    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    other.execute(text(f"{query} AND datname = current_database()"))

        return told

    for after in (3, total + 3):
        with pytest.raises(Unavailable, match="the database does not answer"):
            moving(ending(after))
        assert is_empty(new)
    assert moving().is_same
    assert rows(old) == rows(new)


def test_no_room_for_files_is_told_before_a_row_is_carried_over(
    old: Database, new: Database, clock: FakeClock, tmp_path: Path, small_disk: Path
) -> None:
    wanted_here = wanted(old, new, tmp_path)
    place = Files(wanted_here.target.store, UploadFolder(small_disk / "uploads"))
    add_rows(old, tmp_path / "old" / "uploads", clock, 300)  # 1.2 MB
    old.close()

    with pytest.raises(OSError, match="No space left"):
        move(replace(wanted_here, target=place), clock, lambda *_: None)

    assert is_empty(new)
    assert ["d-2.parquet"] == [path.name for path in (small_disk / "uploads").iterdir()]


def test_a_value_that_postgresql_does_not_take_is_told(old: Database, new: Database, moving: Moving) -> None:
    with old.write() as tx:
        tx.execute(text("UPDATE runs SET preset = :long"), {"long": "x" * 65})

    with pytest.raises(
        Unusable,
        match=r"^PostgreSQL does not take a row of runs: value too long for type .* varying\(64\) in column preset$",
    ):
        moving()
    assert is_empty(new)


def test_what_postgresql_does_not_hold_is_changed_and_counted(old: Database, new: Database, moving: Moving) -> None:
    with old.write() as tx:
        run = tx.execute(select(runs_table.c.id)).scalars().all()[0]
        changed = {"name": "a\x00b", "note": "\\u0000 NaN"}
        tx.execute(update(runs_table).where(runs_table.c.id == run).values(**changed))
        for number, metrics in enumerate([{"loss": float("nan"), "a\x00": "\x00"}, {"why": "NaN, Infinity, \\u0000"}]):
            row = {"run_id": run, "fit": 7, "epoch": number, "seconds": float("inf"), "metrics": metrics}
            tx.execute(insert(epochs).values(**row))

    report = moving()

    assert 2 == sum(table.changed for table in report.tables)
    with new.read() as tx:
        name, note = tx.execute(select(runs_table.c.name, runs_table.c.note).where(runs_table.c.id == run)).one()
        found = tx.execute(select(epochs.c.seconds, epochs.c.metrics).where(epochs.c.fit == 7).order_by(epochs.c.epoch))
        assert [
            (float("inf"), {"loss": None, "a\ufffd": "\ufffd"}),
            (float("inf"), {"why": "NaN, Infinity, \\u0000"}),
        ] == [tuple(row) for row in found]
    assert ("a\ufffdb", "\\u0000 NaN") == (name, note)


TABLES = [metadata.tables[name] for name in ("datasets", "api_keys", "audit", "totals", "models", "workers")]
TEXTS = st.text(max_size=20)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3),
    max_leaves=6,
)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    JSON: JSONS,
    UTCDateTime: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda each: each.replace(tzinfo=UTC)),  # noqa: DTZ001
    Boolean: st.just(value=False),
    Float: st.floats(allow_nan=False),  # SQLite has no NaN
    BigInteger: st.integers(-(2**63), 2**63 - 1),
    Integer: st.integers(-(2**31), 2**31 - 1),
    Text: TEXTS,
    String: TEXTS,
}


@st.composite
def table_rows(draw: st.DrawFn, table: Table) -> list[dict[str, Any]]:
    """Up to three, which differ in each column that has to."""
    keys = {column.name for column in table.primary_key}
    keys |= {c.name for each in table.constraints if isinstance(each, UniqueConstraint) for c in each.columns}

    def value(column: Column[Any], number: int) -> Any:
        drawn = draw(next(found for kind, found in VALUES.items() if isinstance(column.type, kind)))
        if column.nullable and draw(st.booleans()):
            return None
        if isinstance(column.type, String):
            length = column.type.length or 100
            return f"{number}{drawn}"[:length] if column.name in keys else drawn[:length]
        return number if column.name in keys else drawn

    return [{column.name: value(column, n) for column in table.c} for n in range(draw(st.integers(0, 3)))]


def held(value: Any) -> Any:
    """What PostgreSQL can hold of it."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {held(key): held(each) for key, each in value.items()}
    return [held(each) for each in value] if isinstance(value, list) else value


def of_json(value: Any) -> Any:
    """The same of JSON, where NaN and infinity are none."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {held(key): of_json(each) for key, each in value.items()}
    return [of_json(each) for each in value] if isinstance(value, list) else held(value)


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=st.fixed_dictionaries({table.name: table_rows(table) for table in TABLES}))
def test_any_value_comes_over(
    old: Database, new: Database, moving: Moving, clock: FakeClock, drawn: dict[str, list[dict[str, Any]]]
) -> None:
    """What is read from both is the same, to the last bit, order of fields and microsecond."""
    with old.write() as tx:
        tx.execute(delete(metadata.tables["activations"]))
        for table in TABLES:
            tx.execute(delete(table))
            if drawn[table.name]:
                tx.execute(insert(table), drawn[table.name])

    assert moving(shared=True, incomplete=True).is_same

    for table in TABLES:
        with old.read() as here, new.read() as there:
            expected = [
                tuple(of_json(v) if isinstance(c.type, JSON) else held(v) for c, v in zip(table.c, row, strict=True))
                for row in here.execute(select(table))
            ]
            found = [tuple(row) for row in there.execute(select(table))]
        for one, other in zip(sorted(expected, key=repr), sorted(found, key=repr), strict=True):
            assert [*map(repr, one)] == [*map(repr, other)]


def test_tables_are_free_while_the_new_place_is_asked_who_it_is(
    old: Database, new: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """It may be an object store that is waited for; who reads the new database is told that meanwhile, not kept."""
    plan = wanted(old, new, tmp_path)
    asked: list[int] = []

    class Asked(ArtifactStore):
        def identity(self, *, make: bool = False) -> str | None:
            if make:
                with new.read() as tx:
                    tx.execute(text("SET LOCAL lock_timeout = '100ms'"))
                    asked.append(tx.execute(text("SELECT count(*) FROM runs")).scalar_one())
            return super().identity(make=make)

    store = Asked(plan.target.store.root)
    move(replace(plan, target=replace(plan.target, store=store)), clock, lambda *_: None)

    assert [0] == asked
    with new.read() as tx:
        assert store.identity() == installation.get(tx, installation.MODELS_FOLDER)
