"""Who did what, as clients see it."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.domain.audit import Action


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
