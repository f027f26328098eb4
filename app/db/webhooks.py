"""SQL on webhooks: a row for each run that has one, with the time of its next try."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.db import totals
from app.db.engine import Transaction
from app.db.tables import webhooks


def add(tx: Transaction, run_id: str, url: str) -> None:
    """To be called when the run ends."""
    tx.execute(insert(webhooks).values(run_id=run_id, url=url, tries=0))


def url_of(tx: Transaction, run_id: str) -> str | None:
    """Where the run's webhook goes, if it has one."""
    return tx.execute(select(webhooks.c.url).where(webhooks.c.run_id == run_id)).scalar_one_or_none()


def release(tx: Transaction, run_id: str, now: datetime) -> None:
    """The run has ended: its webhook, if it has one, is due."""
    tx.execute(update(webhooks).where(webhooks.c.run_id == run_id).values(next_try_at=now))


def any_due(tx: Transaction, now: datetime) -> bool:
    """Whether a webhook should be sent."""
    return tx.execute(select(webhooks.c.run_id).where(webhooks.c.next_try_at <= now).limit(1)).first() is not None


def take(tx: Transaction, now: datetime, until: datetime) -> Row[Any] | None:
    """Begin a try of the webhook that is due the longest; should the sender die, it is due again at `until`.

    First tries go first: a receiver that takes nothing holds up the others' retries only.
    """
    oldest = (
        select(webhooks.c.run_id)
        .where(webhooks.c.next_try_at <= now)
        .order_by(webhooks.c.tries > 0, webhooks.c.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return tx.execute(
        update(webhooks)
        .where(webhooks.c.run_id == oldest.scalar_subquery(), webhooks.c.next_try_at <= now)
        .values(tries=webhooks.c.tries + 1, next_try_at=until)
        .returning(webhooks)
    ).one_or_none()


def settle(tx: Transaction, run_id: str, tries: int, outcome: str, next_try_at: datetime | None) -> None:
    """How a try ended, in a word; None: there is nothing more to do.

    What somebody else does, who has begun another try meanwhile, stays; this one is counted all the same.
    """
    mine = (webhooks.c.run_id == run_id) & (webhooks.c.tries == tries)
    tx.execute(update(webhooks).where(mine).values(next_try_at=next_try_at))
    totals.add(tx, run_id, totals.WEBHOOK_TRIES, outcome)
