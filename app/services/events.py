"""What happened to runs: as pages, and piece by piece for those who follow."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from app.db import events, run_queries
from app.db.engine import Database
from app.domain.clock import Clock, utc_now
from app.domain.runs import FINAL, Change
from app.services import queueing
from app.services.paging import cut
from app.wire.runs import Event, Run

_SAID = {
    None: "waits for a worker",
    Change.CLAIMED: "attempt {attempt} has begun",
    Change.RELEASED: "its worker stops; it waits for another one",
    Change.LOST: "its worker or trainer died; it waits for another try",
    Change.PUBLISHED: "its model is published",
    Change.CANCELLED: "cancelled",
    Change.MEASURED: "measured on the rows that it held out",
    Change.PRUNED: "stopped early: others were better at the same time",
}


@dataclass(frozen=True)
class StreamedEvent:
    """An event as a stream tells it."""

    id: int
    run_id: str
    type: str  # status, epoch, log or progress
    data: bytes  # a JSON object
    final: bool  # the run has ended with it


@dataclass(frozen=True)
class Stretch:
    """The events after one, as far as was looked."""

    events: list[StreamedEvent]  # oldest first
    last: int  # the id up to which there is nothing else to tell
    more: bool  # whether there may be events after it


@dataclass(frozen=True)
class StreamStart:
    """Where somebody who begins to follow a run stands."""

    ended: bool  # the run has
    more: bool  # there are events that they have not seen


class EventService:
    """Reads the events."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def page(self, limit: int, after: int | None) -> tuple[list[Event], int | None]:
        """The events of all runs, oldest first, and the cursor of the next page."""
        with self._database.read() as tx:
            found = run_queries.events_of(tx, None, limit + 1, after or 0)
        return cut(found, limit, lambda event: event.id)

    def latest(self) -> int:
        """The id of the newest event; 0 without any."""
        with self._database.read() as tx:
            return events.latest(tx)

    def start_of(self, run_id: str, last: int) -> StreamStart:
        """What is left of a run for somebody who has seen its events up to `last`.

        Raises:
            NotFound: there is no such run.
        """
        with self._database.read() as tx:
            run = run_queries.get(tx, run_id)  # first: once it has ended, nothing happens to it any more
            return StreamStart(run.status in FINAL, bool(events.after(tx, last, 1, run_id)))

    def after(self, last: int, limit: int, run_id: str | None = None) -> Stretch:
        """Up to `limit` events with ids above `last`, of one run or of all.

        A status, and a line of the log that tells of a change, come with the run as it stands now, which may be further
        on than the event is. They are left out where it has just gone, or is of a newer release and cannot be read.
        """
        with self._database.read() as tx:
            rows = events.after(tx, last, limit, run_id)
            changed = sorted({row.run_id for row in rows if _changes(row)})
            placed = queueing.placed(tx, run_queries.find_all(tx, changed).values(), self._clock())
            runs = {run.id: run for run in placed}
        found = [_told(row, runs) for row in rows if not _changes(row) or row.run_id in runs]
        return Stretch(found, rows[-1].id if rows else last, more=len(rows) == limit)


def _told(row: Any, runs: dict[str, Run]) -> StreamedEvent:
    data = {"run_id": row.run_id, "at": row.at, **row.data}
    final = False
    if _changes(row):
        data["run"] = runs[row.run_id]
    if row.type == "status":
        data["message"] = _message(row.data)
        final = row.data["status"] in FINAL
    return StreamedEvent(row.id, row.run_id, row.type, to_json(data), final)


def _changes(row: Any) -> bool:
    """Whether the run is another one after the event: where it stands, or what is written of it."""
    return row.type == "status" or (row.type == "log" and "changed" in row.data)


def _message(data: dict[str, Any]) -> str:
    """A status in words: of a failure its reason."""
    if error := data.get("error"):
        return str(error["message"])
    return _SAID.get(data.get("change"), str(data["status"])).format_map(data)
