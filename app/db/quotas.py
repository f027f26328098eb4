"""SQL on what an API key has: for its quotas."""

from sqlalchemy import func, select

from app.db.engine import Transaction
from app.db.tables import datasets, models, runs
from app.domain.runs import RunStatus


def queued_runs(tx: Transaction, key_id: str) -> int:
    """How many of its runs wait."""
    mine = (runs.c.key_id == key_id) & (runs.c.status == RunStatus.QUEUED)
    return tx.execute(select(func.count()).select_from(runs).where(mine)).scalar_one()


def models_left(tx: Transaction, key_id: str) -> int:
    """How many models its runs have left, as long as there is a record of the run."""
    both = models.join(runs, models.c.run_id == runs.c.id)
    return tx.execute(select(func.count()).select_from(both).where(runs.c.key_id == key_id)).scalar_one()


def datasets_brought(tx: Transaction, key_id: str) -> tuple[int, int]:
    """How many versions of datasets it has brought, and their bytes."""
    found = select(func.count(), func.coalesce(func.sum(datasets.c.bytes), 0)).where(datasets.c.key_id == key_id)
    count, size = tx.execute(found).one()
    return int(count), int(size)
