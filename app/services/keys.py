"""API keys: making, listing, revoking and rotating them; and following what other processes have done."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.db import audit, keys
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.domain.keys import SCOPES, ApiKey, Scope, digest_of, life_of, new_secret
from app.errors import Conflict, InvalidInput, NotFound, Unavailable
from app.origins import origin_of
from app.rates import Rate
from app.services.keyring import Keyring

USED_SECONDS = 10.0  # between two notes of which keys were used
MOST_LISTED = 100  # tasks or origins of a key


@dataclass(frozen=True)
class KeySpec:
    """What a new key is to be, as texts."""

    name: str
    scopes: Sequence[str]
    tasks: Sequence[str] = ()
    origins: Sequence[str] = ()
    rate: str | None = None
    expires: str | None = None


class KeyService:
    """The keys of the database."""

    def __init__(self, database: Database, clock: Clock, ring: Keyring | None = None) -> None:
        """`ring`: what follows the database."""
        self._database = database
        self._clock = clock
        self.ring = ring or Keyring()
        self._seen = (-1, -1)  # which database, and its revision
        self._ends: datetime | None = None  # of the key that ends next
        self._noted = clock()

    def create(self, spec: KeySpec, known_tasks: Sequence[str] | None = None) -> tuple[str, Any]:
        """A new key: its secret, which nobody can be told again, and its row.

        Raises:
            InvalidInput: a field does not fit; nothing is written.
            Conflict: there is a key of this name that is let in. The same.
        """
        now = self._clock()
        values = _checked(spec, known_tasks)
        life: timedelta | None = values.pop("life")
        with self._database.write() as tx:
            _check_name_is_free(tx, values["name"], now)
            return _insert(tx, {**values, "created_at": now, "expires_at": now + life if life else None})

    def all(self) -> Sequence[Any]:
        """Every key, oldest first."""
        with self._database.read() as tx:
            return keys.everyone(tx)

    def revoke(self, name: str) -> list[Any]:
        """Let a key in no longer, by its id; or all keys of a name, those too that a rotation still lets in.

        Raises:
            NotFound: there is none that is let in.
        """
        now = self._clock()
        with self._database.write() as tx:
            rows = [row for row in keys.named(tx, name) if row.revoked_at is None or row.revoked_at > now]
            if not rows:
                raise NotFound(f"there is no key {name!r} that could be revoked")
            for row in rows:
                keys.revoke(tx, row.id, now)
                audit.record(tx, now, "key.revoked", row.id)
        return rows

    def rotate(self, name: str, overlap: str) -> tuple[str, Any]:
        """A new key like this one, which is let in for the overlap still.

        Raises:
            NotFound: there is no such key, or it has been revoked.
            InvalidInput: the overlap is no time.
        """
        try:
            after = life_of(overlap)
        except ValueError as error:
            raise InvalidInput(f"overlap: {error}", field="overlap") from error
        now = self._clock()
        with self._database.write() as tx:
            row = keys.find(tx, name)
            if row is None or row.revoked_at is not None:
                raise NotFound(f"there is no key {name!r} that could be rotated")
            keys.revoke(tx, row.id, now + after)
            audit.record(tx, now, "key.rotated", row.id)
            kept = {column: getattr(row, column) for column in ("name", "scopes", "tasks", "origins", "rate")}
            lived = row.expires_at - row.created_at if row.expires_at else None
            return _insert(tx, {**kept, "created_at": now, "expires_at": now + lived if lived else None})

    def follow(self) -> None:
        """Take over what has changed, and note what was used; costs next to nothing where neither is so."""
        now = self._clock()
        generation = self._database.generation()  # another file may be in its place, with a revision like this one's
        with self._database.read() as tx:
            seen = (generation, keys.revision(tx))
            if seen != self._seen or (self._ends and self._ends <= now):
                self._take_over(keys.everyone(tx), now)
                self._seen = seen
        if self.ring.used and (now - self._noted).total_seconds() >= USED_SECONDS:
            with suppress(Unavailable):  # who follows has more to do than to write this down
                self.note_used()

    def note_used(self) -> None:
        """Write down which keys were used since the last time."""
        used, self.ring.used, self._noted = self.ring.used, set(), self._clock()
        with self._database.write() as tx:
            for key_id in list(used):  # the event loop may be adding one to it
                keys.used(tx, key_id, self._noted)

    def _take_over(self, rows: Sequence[Any], now: datetime) -> None:
        alive = [row for row in rows if _is_alive(row, now)]
        self._ends = min((end for row in alive for end in (row.revoked_at, row.expires_at) if end), default=None)
        self.ring.replace(map(_key_of, alive), any_known=bool(rows))


def _insert(tx: Transaction, values: dict[str, Any]) -> tuple[str, Any]:
    secret = new_secret()
    key_id = f"k-{secrets.token_hex(6)}"
    keys.add(tx, {**values, "id": key_id, "sha256": digest_of(secret.encode())})
    audit.record(tx, values["created_at"], "key.created", key_id)
    row = keys.find(tx, key_id)
    assert row is not None
    return secret, row


def _check_name_is_free(tx: Transaction, name: str, now: datetime) -> None:
    """
    Raises:
        Conflict: a key that is let in has it: of two of a name, who could tell which one is meant?
    """
    for row in keys.named(tx, name, alone=True):
        if row.id == name or _is_alive(row, now):
            mend = f"choose another name, or replace that key with `densely keys rotate {row.id}`"
            raise Conflict(f"there is a key {name!r} already, {row.id}: {mend}")


def _is_alive(row: Any, now: datetime) -> bool:
    return not any(end and end <= now for end in (row.revoked_at, row.expires_at))


def _key_of(row: Any) -> ApiKey:
    return ApiKey(
        row.id,
        row.sha256,
        frozenset(row.scopes),
        frozenset(row.tasks) if row.tasks is not None else None,
        tuple(row.origins) if row.origins is not None else None,
        Rate.of(row.rate) if row.rate else None,
        min((end for end in (row.expires_at, row.revoked_at) if end), default=None),
    )


def _checked(spec: KeySpec, known_tasks: Sequence[str] | None) -> dict[str, Any]:
    """The columns of a key, with `life`, how long it is let in."""
    if not 0 < len(spec.name.strip()) <= 64 or not spec.name.isprintable():
        raise InvalidInput("name: needs 1 to 64 characters", field="name")
    scopes: list[Scope] = [scope for scope in SCOPES if scope in spec.scopes]
    if unknown := sorted(set(spec.scopes) - set(SCOPES)):
        raise InvalidInput(f"scope: must be of {', '.join(SCOPES)}; got {unknown[0]!r}", field="scope")
    if not scopes:
        raise InvalidInput(f"scope: name one or more of {', '.join(SCOPES)}", field="scope")
    for task in spec.tasks:
        if known_tasks is not None and task not in known_tasks:
            raise InvalidInput(f"task: must be one of {', '.join(known_tasks)}; got {task!r}", field="task")
    if spec.tasks and "admin" in scopes:
        raise InvalidInput("task: a key of scope admin may do everything with all tasks", field="task")
    if spec.tasks and "metrics" in scopes:
        raise InvalidInput("task: the metrics, of scope metrics, are of all tasks", field="task")
    for field, given in (("task", spec.tasks), ("origin", spec.origins)):
        if len(given) > MOST_LISTED:
            raise InvalidInput(f"{field}: at most {MOST_LISTED}", field=field)
    return {
        "name": spec.name.strip(),
        "scopes": scopes,
        "tasks": sorted(set(spec.tasks)) or None,
        "origins": [_parsed("origin", origin_of, each) for each in spec.origins] or None,
        "rate": str(_parsed("rate", Rate.of, spec.rate)) if spec.rate else None,
        "life": _parsed("expires", life_of, spec.expires) if spec.expires else None,
    }


def _parsed(field: str, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidInput(f"{field}: {error}", field=field) from error
