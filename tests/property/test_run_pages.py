"""Lists of runs, page by page: every run once, in the same order as all at once, whatever is sorted by."""

import itertools
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from app.db import migrate, run_lists
from app.db.engine import Database, Transaction
from app.db.tables import runs
from app.domain.runs import FINAL, RunFilter, RunStatus, Sort
from tests.support.run_orders import in_order
from tests.support.tasks import TASKS

SORTS: tuple[Sort, ...] = get_args(Sort)
BEGUN = datetime(2030, 1, 1, tzinfo=UTC)
RECIPE = TASKS.get("housing").presets["baseline"].recipe.model_dump(mode="json")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'densely.db'}"
        migrate.upgrade(url)
        opened = Database(url)
        yield opened
        opened.close()


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Few different values of each column, so that many are equal, and some missing."""
    status = st.sampled_from([each for each in RunStatus if each != RunStatus.RUNNING])
    one = st.fixed_dictionaries(
        {
            "status": status,
            "task": st.sampled_from(["housing", "digits"]),
            "dataset": st.sampled_from(["sample", "mnist"]),
            "preset": st.sampled_from(["baseline", "wide"]),
            "name": st.sampled_from([None, "a", "A", "b"]),
            "score": st.sampled_from([None, -2.5, -0.1, 0.1, 0.30000000000000004, 0.3, 1e-300]),
            "took": st.sampled_from([0.0, 0.000001, 1.5, 86_400.0]),
        }
    )
    return draw(st.lists(one, max_size=25))


def put(tx: Transaction, drawn: list[dict[str, Any]]) -> None:
    """In place of all that was there."""
    tx.execute(delete(runs))
    for number, row in enumerate(drawn):
        took, ended = row["took"], row["status"] in FINAL
        values = {name: value for name, value in row.items() if name != "took"}
        tx.execute(
            insert(runs).values(
                id=f"r-{number}", recipe=RECIPE, validation={"kind": "none"}, seed=1, activate="never", tags={},
                attempt=1, max_attempts=3, metrics={}, created_at=BEGUN + timedelta(minutes=number),
                started_at=BEGUN if ended else None, finished_at=BEGUN + timedelta(seconds=took) if ended else None,
                **values,
            )
        )  # fmt: skip


def pages(tx: Transaction, which: RunFilter, limit: int) -> Iterator[list[str]]:
    """One after the other, as a client asks for them."""
    cursor = None
    for _ in itertools.count():
        found = run_lists.page(tx, which, limit, cursor)
        yield [row.id for row in found]
        if len(found) < limit:
            return
        cursor = found[-1].number


@settings(max_examples=25, deadline=None)
@given(rows(), st.integers(1, 7))
def test_every_run_is_on_one_page_and_in_its_place(database: Database, drawn: list[dict[str, Any]], limit: int) -> None:
    with database.write() as tx:
        put(tx, drawn)
        for sort in SORTS:
            found = [run_id for page in pages(tx, RunFilter(sort=sort), limit) for run_id in page]
            assert in_order(tx, sort) == found, sort
