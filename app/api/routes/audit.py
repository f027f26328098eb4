"""`/audit`: who did what."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.dependencies import Cursor, Limit, ServicesDep
from app.domain.audit import Action
from app.wire.audit import AuditEntry
from app.wire.pages import Page

router = APIRouter(tags=["system"])


@router.get("/audit", summary="Who queued, cancelled, activated, removed, uploaded, made or revoked what, newest first")
def list_audit(
    services: ServicesDep,
    action: Action | None = None,
    key: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$", description="the API key's id")] = None,
    task: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    items, following = services.audit.page(limit, cursor, action, key, task)
    return Page(items=items, next=following)
