"""Tells when a service has reached a step between claim and commit, so that a fault can fall there."""

from pathlib import Path

from app.artifacts.store import STAGING
from app.db import events
from app.db.engine import Database
from app.domain.runs import FINAL, Change
from app.wire.manifests import MANIFEST
from tests.faults.schedule import Moment


class Watch:
    """What has happened since it began."""

    def __init__(self, moment: Moment, database: Database, models: Path) -> None:
        self._moment = moment
        self._database = database
        self._models = models
        with database.read() as tx:
            self._last = events.latest(tx)
        self._before = self._folders()

    def _folders(self) -> set[Path]:
        if self._moment == "staged":
            return set((self._models / STAGING).glob("*"))
        return set(self._models.glob(f"[!.]*/*/{MANIFEST}")) if self._moment == "placed" else set()

    def has_come(self) -> bool:
        """Whether it is there; false for ever of a pause."""
        if self._moment in ("staged", "placed"):
            return bool(self._folders() - self._before)
        if self._moment == "pause":
            return False
        with self._database.read() as tx:
            new = events.after(tx, self._last, 100)
        if new:
            self._last = new[-1].id
        return any(self._is_it(event.type, event.data) for event in new)

    def _is_it(self, kind: str, data: dict[str, object]) -> bool:
        if self._moment == "epoch":
            return kind == "epoch"
        if self._moment == "claimed":
            return kind == "status" and data.get("change") == Change.CLAIMED
        return kind == "status" and data["status"] in FINAL
