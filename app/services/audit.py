"""Who did what, to be read."""

from app.db import audit
from app.db.engine import Database
from app.services.paging import cut
from app.wire.audit import AuditEntry


class AuditService:
    """Reads the audit; what is done writes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, limit: int, cursor: int | None, action: str | None = None, key: str | None = None, task: str | None = None
    ) -> tuple[list[AuditEntry], int | None]:
        """Entries, newest first, and the cursor of the next page."""
        with self._database.read() as tx:
            rows = audit.page(tx, limit + 1, cursor, action, key, task)
        page, following = cut(rows, limit, lambda row: row.number)
        return [AuditEntry.model_validate(row, from_attributes=True) for row in page], following
