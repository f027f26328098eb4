"""Lists of runs: which of them, in which order, page by page; and what a row of such a list shows besides."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Row, Select, String, cast, func, or_, select, type_coerce

from app.db.engine import Transaction
from app.db.folding import holding
from app.db.run_queries import WITH_MODEL
from app.db.tables import epochs, run_tags, runs
from app.domain.runs import RunFilter
from app.errors import InvalidInput

POINTS = 24  # most values of a curve
MOST_WORDS = 10  # that are looked for one by one; what follows is one with the last

Curve = tuple[str, list[float]]  # of what, and its values


def page(tx: Transaction, which: RunFilter, limit: int, cursor: int | None) -> Sequence[Row[Any]]:
    """Up to `limit` runs with their models, in the order of the filter, after the run with the number `cursor`.

    Raises:
        InvalidInput: that run is not there any more, and the order is another than that of arrival.
    """
    query = _chosen(tx, which, select(runs.c.number))
    falling = which.sort.startswith("-")
    by = _order(tx, which.sort.removeprefix("-"))
    if by is None:
        query = query.order_by(runs.c.number.desc() if falling else runs.c.number)
        if cursor is not None:
            query = query.where(runs.c.number < cursor if falling else runs.c.number > cursor)
    else:
        query = query.order_by((by.desc() if falling else by.asc()).nulls_last(), runs.c.number.desc())
        if cursor is not None:
            query = query.where(_after(tx, by, cursor, falling=falling))
    numbers = list(tx.execute(query.limit(limit)).scalars())
    found = {row.number: row for row in tx.execute(WITH_MODEL.where(runs.c.number.in_(numbers)))}
    return [found[number] for number in numbers]


def count(tx: Transaction, which: RunFilter) -> int:
    """How many runs the filter leaves."""
    found: int = tx.execute(_chosen(tx, which, select(func.count()).select_from(runs))).scalar_one()
    return found


def curves(tx: Transaction, run_ids: Sequence[str]) -> Mapping[str, Curve]:
    """Of each run the loss of the fit that is published, on held-out rows where there are any, by epoch.

    Of long ones the first epoch, the last, and some between, evenly: at most `POINTS`.
    """
    mine = epochs.c.run_id.in_(run_ids) & (epochs.c.fit == 0)
    last = select(epochs.c.run_id, func.max(epochs.c.epoch).label("last")).where(mine).group_by(epochs.c.run_id)
    ends = last.subquery()
    gaps = POINTS - 1
    step = (ends.c.last + (gaps - 2)) // gaps  # of (last - 1) / gaps, rounded up
    shown = or_(epochs.c.epoch == ends.c.last, ends.c.last <= POINTS, (epochs.c.epoch - 1) % func.nullif(step, 0) == 0)
    query = select(epochs.c.run_id, epochs.c.metrics).join(ends, ends.c.run_id == epochs.c.run_id)
    found: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for row in tx.execute(query.where(epochs.c.fit == 0, shown).order_by(epochs.c.run_id, epochs.c.epoch)):
        found[row.run_id].append(row.metrics)
    return {run_id: _curve(rows) for run_id, rows in found.items()}


def _curve(rows: Sequence[Mapping[str, float]]) -> Curve:
    name = "val_loss" if all("val_loss" in row for row in rows) else "loss"
    return name, [row[name] for row in rows if name in row]


def _chosen(tx: Transaction, which: RunFilter, query: Select[Any]) -> Select[Any]:
    """The query for those that the filter leaves."""
    for name in ("task", "status", "dataset", "sweep", "preset"):
        if (value := getattr(which, name)) is not None:
            query = query.where(runs.c[name] == value)
    if not which.trials:
        query = query.where(runs.c.trial.is_(None))
    if which.tag:
        key, value = which.tag
        tagged = select(run_tags.c.run_id).where(run_tags.c.key == key)
        query = query.where(runs.c.id.in_(tagged if value is None else tagged.where(run_tags.c.value == value)))
    for word in (which.text or "").split(maxsplit=MOST_WORDS - 1):
        query = query.where(_speaks_of(tx, word))
    if which.since is not None:
        query = query.where(runs.c.created_at >= which.since)
    if which.until is not None:
        query = query.where(runs.c.created_at < which.until)
    if which.archived != "all":
        is_there = runs.c.archived_at.is_(None)
        query = query.where(is_there if which.archived == "false" else ~is_there)
    return query


def _speaks_of(tx: Transaction, part: str) -> ColumnElement[bool]:
    """Name, note, or a tag's key or value have this part, or the id begins with it; or it is `key:` or `key:value`."""
    holds = holding(tx, part)
    tags = or_(holds(run_tags.c.key), holds(run_tags.c.value))
    key, colon, value = part.partition(":")
    if key and colon:
        tags = tags | ((run_tags.c.key == key) & holding(tx, value)(run_tags.c.value))
    tagged = select(run_tags.c.run_id).where(tags)
    begins = runs.c.id.startswith(part.lower(), autoescape=True)
    return or_(begins, holds(runs.c.name), holds(runs.c.note), runs.c.id.in_(tagged))


def _order(tx: Transaction, name: str) -> ColumnElement[Any] | None:
    """What runs are put in order by; None: their arrival."""
    if name == "created":
        return None
    if name == "name":
        return func.lower(runs.c.name)
    if name != "seconds":
        return runs.c[name]
    if tx.dialect.name == "postgresql":
        return cast(func.extract("epoch", runs.c.finished_at - runs.c.started_at), Float)
    return _microseconds(runs.c.finished_at) - _microseconds(runs.c.started_at)


def _microseconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A time of SQLite's since 1970, exactly, which none of its own functions tells."""
    text = type_coerce(column, String)
    whole = cast(func.strftime("%s", func.substr(text, 1, 19)), Integer)
    return whole * 1_000_000 + cast(func.substr(text, 21, 6), Integer)


def _after(tx: Transaction, by: ColumnElement[Any], cursor: int, *, falling: bool) -> ColumnElement[bool]:
    """Whether a run comes after the one with this number: runs without a value are the last, ties are newest first."""
    row = tx.execute(select(by.label("value")).where(runs.c.number == cursor)).one_or_none()
    if row is None:
        raise InvalidInput("the run at which that page ended is not there any more: begin anew", field="cursor")
    older = runs.c.number < cursor
    if row.value is None:
        return by.is_(None) & older
    further = by < row.value if falling else by > row.value
    return or_(further, (by == row.value) & older, by.is_(None))
