"""Reading runs: one, many, their epochs and events."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.db import releases, run_lists, run_queries
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.domain.runs import RunFilter
from app.domain.scores import score_of
from app.services.paging import cut
from app.services.queueing import placed
from app.wire.declarations import SAMPLE
from app.wire.run_lists import MOST_OF_MESSAGE, RunRow, RunRows, RunScore, ShortCurve
from app.wire.runs import Epoch, Event, Run, RunError

T = TypeVar("T")

LOOKS = 5  # at the database for one page


class RunListService:
    """Runs, from the side of who reads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, run_id: str) -> Run:
        """
        Raises:
            NotFound: there is no such run.
        """
        with self._database.read() as tx:
            return self._placed(tx, run_queries.get(tx, run_id))

    def again(self, run: Run) -> Run:
        """A run as it was just written, with its place in the queue."""
        with self._database.read() as tx:
            return self._placed(tx, run)

    def page(self, which: RunFilter, limit: int, cursor: int | None) -> tuple[list[Run], int | None]:
        """Runs in the order of the filter, and the cursor of the next page; without those that cannot be read.

        In place of these come the next ones, for a few more looks: where very many cannot be read the page is shorter.

        Raises:
            InvalidInput: the run that the cursor names has been removed, so that nobody knows where to go on.
        """
        with self._database.read() as tx:
            found, following = _page(tx, which, limit, cursor, run_queries.readable)
            return placed(tx, found, self._clock()), following

    def rows(self, which: RunFilter, limit: int, cursor: int | None) -> RunRows:
        """The same in short, with curves, and how many there are on all pages.

        Raises:
            InvalidInput: as `page`.
        """
        with self._database.read() as tx:
            found, following = _page(tx, which, limit, cursor, lambda rows: _readable(tx, rows))
            items = placed(tx, found, self._clock())
            return RunRows(items=items, next=following, total=run_lists.count(tx, which))

    def history(self, run_id: str, every: int = 1) -> list[Epoch]:
        """The first epoch, and those whose number `every` divides.

        Raises:
            NotFound: there is no such run.
        """
        with self._database.read() as tx:
            run_queries.get(tx, run_id)
            return run_queries.epochs_of(tx, run_id, every)

    def events(self, run_id: str, limit: int, after: int | None) -> tuple[list[Event], int | None]:
        """The run's events, oldest first, and the cursor of the next page.

        Raises:
            NotFound: there is no such run.
        """
        with self._database.read() as tx:
            run_queries.get(tx, run_id)
            events = run_queries.events_of(tx, run_id, limit + 1, after or 0)
        return cut(events, limit, lambda event: event.id)

    def _placed(self, tx: Transaction, run: Run) -> Run:
        (found,) = placed(tx, [run], self._clock())
        return found


def _page(
    tx: Transaction, which: RunFilter, limit: int, cursor: int | None, read: Callable[[Sequence[Any]], list[T]]
) -> tuple[list[T], int | None]:
    """What `read` makes of rows, of which it may leave some out; and the cursor of the next page."""
    found: list[T] = []
    for _ in range(LOOKS):
        left = limit - len(found)
        rows, cursor = cut(run_lists.page(tx, which, left + 1, cursor), left, lambda row: row.number)
        found += read(rows)
        if cursor is None or len(found) == limit:
            break
    return found, cursor


def _readable(tx: Transaction, rows: Sequence[Any]) -> list[RunRow]:
    """Rows of a list, but for those in which a newer release has written what this one cannot read."""
    curves = run_lists.curves(tx, [row.id for row in rows])
    found = (_short(row, curves.get(row.id)) for row in rows)
    return [row for row in found if row is not None]


def _short(row: Any, curve: run_lists.Curve | None) -> RunRow | None:
    """A row of a list; `curve`: what was kept of its epochs."""
    score = score_of(row.recipe.get("head", ""), row.metrics)
    took = row.finished_at - row.started_at if row.finished_at and row.started_at else None
    message = row.error_message or ""
    told = {name: value for name, value in row._asdict().items() if name in RunRow.model_fields}
    return releases.read_any(
        RunRow,
        told
        | {
            "dataset_is_sample": row.dataset == SAMPLE,
            "seconds": None if took is None else round(took.total_seconds(), 3),
            "score": score and RunScore(**score._asdict()),
            "error": RunError(type=row.error_type, message=_cut(message)) if row.error_type else None,
            "curve": curve and ShortCurve(name=curve[0], values=[float(f"{value:.4g}") for value in curve[1]]),
        },
    )


def _cut(message: str) -> str:
    return message if len(message) <= MOST_OF_MESSAGE else message[: MOST_OF_MESSAGE - 1] + "…"
