"""SQL on the audit: who did what, written in the transaction that does it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from app.db.engine import Transaction
from app.db.tables import api_keys, audit
from app.domain.audit import Action
from app.domain.callers import Caller, caller


def record(
    tx: Transaction, now: datetime, action: Action, subject: str, task: str | None = None, who: Caller | None = None
) -> None:
    """The caller, or somebody else, did this to a run, a model, a dataset, a task or a key."""
    who = who or caller.get()
    tx.execute(
        insert(audit).values(
            at=now,
            key_id=who.key_id or None,
            address=who.address or None,
            request_id=who.request_id or None,
            action=action,
            subject=subject,
            task=task,
        )
    )


def page(
    tx: Transaction, limit: int, cursor: int | None, action: str | None, key_id: str | None, task: str | None
) -> Sequence[Row[Any]]:
    """Entries, newest first; `cursor` is the number of one that comes before them.

    Those on keys have the key's `name` and `scopes`, which never change, from its row, which stays.
    """
    is_its_key = (audit.c.subject == api_keys.c.id) & audit.c.action.startswith("key.")
    found = select(audit, api_keys.c.name, api_keys.c.scopes).outerjoin_from(audit, api_keys, is_its_key)
    found = found.order_by(audit.c.number.desc()).limit(limit)
    for column, value in ((audit.c.action, action), (audit.c.key_id, key_id), (audit.c.task, task)):
        if value is not None:
            found = found.where(column == value)
    if cursor is not None:
        found = found.where(audit.c.number < cursor)
    return tx.execute(found).all()
