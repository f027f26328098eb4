"""Telling other processes that there is something to look at: PostgreSQL's NOTIFY, of which SQLite has nothing.

What is told goes out when the transaction commits, so that whoever hears of it finds it. It is a hint and no more: who
misses one finds the same by looking now and then.
"""

from enum import StrEnum

from sqlalchemy import text

from app.db.engine import Transaction

CHANNEL = "densely"  # of the database: others of the same server do not hear it


class Topic(StrEnum):
    """What there is to look at; what is told holds nothing else."""

    QUEUE = "queue"  # a run waits, or a sweep may go on
    CANCELS = "cancels"  # a run that is going was asked to end
    EVENTS = "events"  # something has happened to a run
    SHARED = "shared"  # what API processes hold in memory: active models, tasks, datasets, keys


_TELL = text("SELECT pg_notify(:channel, :topic)")


def tell(tx: Transaction, topic: Topic) -> None:
    """At the commit, wake whoever waits for this; the same told twice in a transaction arrives once."""
    if tx.dialect.name == "postgresql":
        tx.execute(_TELL, {"channel": CHANNEL, "topic": topic})
