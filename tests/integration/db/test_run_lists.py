"""Lists of runs on both databases: the same order, the same pages, the same finds."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import delete, insert, select, update

from app.db import run_edits, run_lists, runs, waiting
from app.db.engine import Database, Transaction
from app.db.epochs import record_epochs
from app.db.tables import epochs, run_tags
from app.db.tables import runs as table
from app.domain.runs import Change, Measured, RunFilter, Sort
from app.errors import InvalidInput
from app.wire.runs import Progress
from tests.support import many
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.run_orders import in_order

SORTS: tuple[Sort, ...] = get_args(Sort)
ALL = RunFilter(archived="all")


def ids(tx: Transaction, which: RunFilter, limit: int = 1_000) -> list[str]:
    """All pages of a list, whose length is what is counted."""
    found: list[str] = []
    cursor = None
    while page := run_lists.page(tx, which, limit, cursor):
        found += [row.id for row in page]
        cursor = page[-1].number
    assert len(found) == run_lists.count(tx, which)
    return found


def test_every_order_page_by_page(database: Database, clock: FakeClock) -> None:
    many.fill(database, 120, 10, clock())

    with database.read() as tx:
        for sort in SORTS:
            found = ids(tx, replace(ALL, sort=sort), 7)
            assert len(found) == len(set(found)) == 120
            if sort.endswith("name"):  # collations differ in what is not ASCII, and so does Python
                continue
            assert in_order(tx, sort) == found, sort


def test_a_page_goes_on_though_its_last_run_is_another_one_now(database: Database, clock: FakeClock) -> None:
    """Archived and renamed meanwhile: no run is missed that stays in its place; one that is gone is said to be."""
    run_ids = [queue_run(database, clock, name=name) for name in ("d", "c", "b", "a")]
    with database.write() as tx:
        first = run_lists.page(tx, RunFilter(sort="name"), 2, None)
        tx.execute(update(table).where(table.c.id == first[-1].id).values(archived_at=clock()))
        following = run_lists.page(tx, RunFilter(sort="name"), 2, first[-1].number)
        tx.execute(delete(table).where(table.c.id == first[-1].id))
        by_arrival = run_lists.page(tx, RunFilter(), 2, first[-1].number)
        with pytest.raises(InvalidInput, match="begin anew"):
            run_lists.page(tx, RunFilter(sort="name"), 2, first[-1].number)

    assert [run_ids[3], run_ids[2]] == [row.id for row in first]
    assert [run_ids[1], run_ids[0]] == [row.id for row in following]
    assert [run_ids[1], run_ids[0]] == [row.id for row in by_arrival]


@pytest.fixture
def named(database: Database, clock: FakeClock) -> dict[str, str]:
    """Runs by what tells them apart."""
    made = {
        "name": queue_run(database, clock, name="Größer und breiter"),
        "note": queue_run(database, clock),
        "key": queue_run(database, clock, tags={"Purpose": "x"}),
        "value": queue_run(database, clock, tags={"why": "ÄRGER 100%_sure"}),
    }
    with database.write() as tx:
        run_edits.edit(tx, made["note"], {"note": "Overfits\nafter epoch 3"}, clock())
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GRÖSSER", []),  # Python folds ß to ss, PostgreSQL does not: told apart below
        ("größer", ["name"]),
        ("BREITER", ["name"]),
        ("overFITS", ["note"]),
        ("epoch 3", ["note"]),
        ("purpose", ["key"]),
        ("ärger", ["value"]),
        ("100%_s", ["value"]),
        ("100__s", []),
        ("%", ["value"]),
        ("\\", []),
        ("'", []),
    ],
)
def test_a_part_of_name_note_or_tag_in_any_case(
    database: Database, named: dict[str, str], text: str, found: list[str]
) -> None:
    with database.read() as tx:
        kind = tx.dialect.name
        if text == "GRÖSSER" and kind == "sqlite":
            found = ["name"]
        assert {named[each] for each in found} == set(ids(tx, RunFilter(text=text)))


def test_the_beginning_of_an_id(database: Database, named: dict[str, str]) -> None:
    with database.read() as tx:
        for run_id in named.values():
            assert [run_id] == ids(tx, RunFilter(text=run_id[:10]))
            assert [] == ids(tx, RunFilter(text=run_id[3:11]))


def test_filters_are_combined(database: Database, clock: FakeClock) -> None:
    many.fill(database, 200, 0, clock())
    week = clock() - timedelta(days=60)
    which = RunFilter(
        task="housing", status="succeeded", preset="baseline", tag=("team", None), since=week, until=clock(),
        archived="all",
    )  # fmt: skip

    with database.read() as tx:
        rows = list(tx.execute(select(table)))
        tagged = set(tx.execute(select(run_tags.c.run_id).where(run_tags.c.key == "team")).scalars())
        expected = {
            row.id
            for row in rows
            if (row.task, row.status, row.preset) == ("housing", "succeeded", "baseline")
            and row.id in tagged
            and week <= row.created_at < clock()
        }
        assert expected
        assert expected == set(ids(tx, which))
        assert expected == set(ids(tx, replace(which, archived="true"))) | set(
            ids(tx, replace(which, archived="false"))
        )
        assert {row.id for row in rows if row.archived_at} == set(ids(tx, RunFilter(archived="true")))


@pytest.mark.parametrize("last", [1, 2, 23, 24, 25, 26, 47, 48, 300])
def test_a_curve_has_the_first_the_last_and_some_between(database: Database, clock: FakeClock, last: int) -> None:
    """Of the fit that is published alone, however long the others were."""
    run_id = queue_run(database, clock)
    with database.write() as tx:
        row = runs.claim(tx, "w-1", clock())
        assert row is not None
        measured = [Measured(1, epoch, 0.1, {"loss": 9.0, "val_loss": 9.0}, clock()) for epoch in range(1, 500)]
        measured += [
            Measured(0, epoch, 0.1, {"loss": 0.0, "val_loss": float(epoch)}, clock()) for epoch in range(1, last + 1)
        ]
        record_epochs(tx, run_id, row.lease_id, measured, Progress(epoch=last, epochs=last))
        ((name, values),) = run_lists.curves(tx, [run_id]).values()

    assert "val_loss" == name
    assert (1, last) == (values[0], values[-1])
    assert min(last, 12) <= len(values) <= 24
    gaps = {after - before for before, after in itertools.pairwise(values[:-1])}
    assert len(gaps) <= 1
    assert sorted(set(values)) == values


def test_a_curve_is_of_the_training_loss_where_no_rows_were_held_out(database: Database, clock: FakeClock) -> None:
    run_id = queue_run(database, clock)
    with database.write() as tx:
        tx.execute(insert(epochs).values(run_id=run_id, fit=0, epoch=1, seconds=1.0, metrics={"loss": 0.5}))
        assert {run_id: ("loss", [0.5])} == run_lists.curves(tx, [run_id, "r-none"])
        assert {} == run_lists.curves(tx, [])


def test_a_score_that_an_older_worker_did_not_write_is_made_up_for(database: Database, clock: FakeClock) -> None:
    """Its run has succeeded with figures; of others there is nothing to make up for."""
    made = queue_run(database, clock), queue_run(database, clock)
    with database.write() as tx:
        row = runs.claim(tx, "w-1", clock())
        assert row is not None
        figures: dict[str, Any] = {"metrics": {"test": {"mae": 2.0}}}
        runs.end_lease(tx, made[0], row.lease_id, Change.PUBLISHED, clock(), values=figures)
        missing = run_edits.without_score(tx)
        run_edits.fill_scores(tx, missing)

        assert {row.number: -2.0} == missing
        assert {} == run_edits.without_score(tx)
        assert [-2.0, None] == [tx.execute(select(table.c.score).where(table.c.id == each)).scalar() for each in made]


def test_what_earlier_runs_of_a_sort_took(database: Database, clock: FakeClock) -> None:
    """Those of the same preset on the same rows, though many others have ended since; else those of other presets."""
    made = many.fill(database, 400, 0, clock())
    with database.write() as tx:
        begun = table.c.created_at
        tx.execute(update(table).values(task="housing", dataset="sample", preset="usual", status="succeeded"))
        tx.execute(update(table).values(started_at=begun, finished_at=begun, archived_at=clock()))
        tx.execute(update(table).where(table.c.id.in_(made[:30])).values(preset="rare"))
        kept = dict(tx.execute(select(table.c.id, table.c.recipe).where(table.c.id.in_(made[:30]))).all())
        sorts = [waiting.Sort("housing", "sample", preset, is_trial=False) for preset in ("usual", "rare", "new")]
        other = waiting.Sort("digits", "sample", "usual", is_trial=False)
        trial = sorts[0]._replace(is_trial=True)
        found = waiting.earlier(tx, [*sorts, other, trial])

    usual, rare, new = (found[sort] for sort in sorts)
    assert [20, 20, 20] == [len(usual), len(rare), len(new)]
    assert [kept[run_id]["epochs"] for run_id in made[29:9:-1]] == [took.work for took in rare]
    assert usual == new
    assert ([], []) == (found[other], found[trial])
