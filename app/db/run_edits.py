"""SQL on what people write of runs: their names, tags and notes, and which are archived."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.db import events, run_queries
from app.db.engine import Transaction
from app.db.tables import run_tags, runs
from app.domain.runs import RunStatus
from app.domain.scores import score_of
from app.wire.runs import Run


def held(tx: Transaction, run_id: str) -> Run:
    """A run, whose row nobody else changes to the transaction's end.

    Raises:
        NotFound: there is no such run.
    """
    hold_all(tx, [run_id])
    return run_queries.get(tx, run_id)


def hold_all(tx: Transaction, run_ids: Sequence[str]) -> None:
    """Lock the rows of several runs, in one order, before the first event is written (see `events.add`)."""
    tx.execute(select(runs.c.id).where(runs.c.id.in_(run_ids)).order_by(runs.c.number).with_for_update()).all()


def edit(tx: Transaction, run_id: str, changed: Mapping[str, Any], now: datetime) -> None:
    """Write what is different of `name`, `tags`, `note` and `archived`, and tell it in the run's log.

    The event is a line of the log, with the run's fields as they are now as `changed`: releases and clients of before
    know no other type of event.
    """
    values = dict(changed)
    if "archived" in values:
        values["archived_at"] = now if values.pop("archived") else None
    tx.execute(update(runs).where(runs.c.id == run_id).values(**values))
    if (tags := changed.get("tags")) is not None:
        tx.execute(delete(run_tags).where(run_tags.c.run_id == run_id))
        if tags:
            tx.execute(insert(run_tags), [{"run_id": run_id, "key": key, "value": tags[key]} for key in tags])
    if "archived_at" in values:
        values["archived_at"] = now.isoformat() if values["archived_at"] else None
    events.add_one(tx, run_id, "log", now, {"message": _told(changed), "changed": values})


def _told(changed: Mapping[str, Any]) -> str:
    """The change in words."""
    said = [name for name in ("name", "tags", "note") if name in changed]
    parts = [f"{' and '.join(said)} changed"] if said else []
    if "archived" in changed:
        parts.append("archived" if changed["archived"] else "no longer archived")
    return "; ".join(parts)


def without_score(tx: Transaction) -> dict[int, float]:
    """The scores, by the runs' numbers, of those that a worker of a release before 0010 has ended."""
    query = select(runs.c.number, runs.c.recipe, runs.c.metrics)
    rows = tx.execute(query.where(runs.c.score.is_(None), runs.c.status == RunStatus.SUCCEEDED)).all()
    found = {row.number: score_of(row.recipe.get("head", ""), row.metrics) for row in rows}
    return {number: score.oriented for number, score in found.items() if score is not None}


def fill_scores(tx: Transaction, scores: Mapping[int, float]) -> None:
    """Write them."""
    for number, score in scores.items():
        tx.execute(update(runs).where(runs.c.number == number).values(score=score))
