"""SQL on totals: how often something has happened to runs, by task. They grow with the change that they count."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from app.db.engine import Transaction
from app.db.tables import runs, totals

CHANGES = "changes"  # by kind: `queued`, or a `domain.runs.Change`
EPOCHS = "epochs"
EPOCH_SECONDS = "epoch_seconds"
LEASES_LOST = "leases_lost"
WEBHOOK_TRIES = "webhook_tries"  # by kind: the outcome


def add(tx: Transaction, run_id: str, name: str, kind: str = "", amount: float = 1) -> None:
    """To the total of the run's task; nothing if there is no such run.

    On PostgreSQL others who add to the same one wait for the transaction's end: call it last.
    """
    insert = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(totals)
    more = select(literal(name), runs.c.task, literal(kind), literal(float(amount))).where(runs.c.id == run_id)
    filled: Any = insert.from_select(["name", "task", "kind", "value"], more)
    key = [totals.c.name, totals.c.task, totals.c.kind]
    grown = {"value": totals.c.value + filled.excluded.value}
    tx.execute(filled.on_conflict_do_update(index_elements=key, set_=grown))


def every(tx: Transaction) -> Sequence[Row[Any]]:
    """All of them; a few for each task."""
    return tx.execute(select(totals)).all()
