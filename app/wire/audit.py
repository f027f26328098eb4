"""Who did what, as clients see it."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.domain.audit import Action
from app.domain.keys import Scope


class AuditEntry(BaseModel):
    """Something that was done."""

    number: int
    at: datetime
    key_id: str | None = Field(description="the API key; null: none was needed; `local`: the command line")
    address: str | None = Field(description="where it came from, as far as the connection tells")
    request_id: str | None
    action: Action
    subject: str = Field(description="the id or name of what it was done to")
    task: str | None
    name: str | None = Field(description="of an API key that was made, revoked or rotated")
    scopes: list[Scope] | None = Field(description="of such a key")
