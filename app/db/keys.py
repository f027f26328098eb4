"""SQL on API keys. Whatever changes who is let in raises the revision that processes follow."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from app.db import installation, notify
from app.db.engine import Transaction, lock
from app.db.tables import api_keys

REVISION = "keys_revision"  # in `installation`


def revision(tx: Transaction) -> int:
    """How often keys were made or revoked."""
    return int(installation.get(tx, REVISION) or 0)


def _changed(tx: Transaction) -> None:
    notify.tell(tx, notify.Topic.SHARED)
    lock(tx, "keys")
    installation.put(tx, REVISION, str(revision(tx) + 1))


def add(tx: Transaction, values: Mapping[str, Any]) -> None:
    """A new key."""
    _changed(tx)
    tx.execute(insert(api_keys).values(**values))


def find(tx: Transaction, name: str) -> Row[Any] | None:
    """The key with this id, or the newest of this name that is not revoked."""
    found = select(api_keys).where(
        or_(api_keys.c.id == name, (api_keys.c.name == name) & api_keys.c.revoked_at.is_(None))
    )
    return tx.execute(found.order_by((api_keys.c.id != name), api_keys.c.number.desc()).limit(1)).one_or_none()


def named(tx: Transaction, name: str, *, alone: bool = False) -> Sequence[Row[Any]]:
    """The key with this id, or else all of this name.

    `alone`: until the transaction's end nobody else makes or revokes one.
    """
    if alone:
        lock(tx, "keys")
    rows = tx.execute(select(api_keys).where(or_(api_keys.c.id == name, api_keys.c.name == name))).all()
    return [row for row in rows if row.id == name] or rows


def everyone(tx: Transaction) -> Sequence[Row[Any]]:
    """All keys, oldest first."""
    return tx.execute(select(api_keys).order_by(api_keys.c.number)).all()


def revoke(tx: Transaction, key_id: str, at: datetime) -> None:
    """Let it in no longer from then on; an earlier end stays."""
    _changed(tx)
    ends = (api_keys.c.id == key_id) & or_(api_keys.c.revoked_at.is_(None), api_keys.c.revoked_at > at)
    tx.execute(update(api_keys).where(ends).values(revoked_at=at))


def used(tx: Transaction, key_id: str, at: datetime) -> None:
    """It was used then, unless it was later still."""
    later = (api_keys.c.id == key_id) & or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < at)
    tx.execute(update(api_keys).where(later).values(last_used_at=at))
