"""What a backup says of itself: at its beginning, and at its end of everything that it holds."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.wire.manifests import FileRecord

BACKUP_FORMAT = 1  # raise it when a reader of the old form would misread the new one

Engine = Literal["sqlite", "postgresql"]


class BackupHeader(BaseModel):
    """Its first member: whether the rest can be of any use here."""

    model_config = ConfigDict(frozen=True)
    format: int = Field(description="of the backup; a release reads its own and older ones")
    release: str = Field(description="of Densely, that made it")
    created_at: datetime
    engine: Engine = Field(description="of the database: SQLite's file, or an archive of pg_dump")
    revision: str = Field(description="Alembic's, of the database's tables", pattern=r"^\d{1,9}$")


class BackupManifest(BackupHeader):
    """Everything that is in it: its last member but one."""

    database: str = Field(description="the member that holds the database")
    models: list[str] = Field(description="those that its rows name, as `task/id`, with the files that were there")
    uploads: list[str] = Field(description="ids of the uploaded datasets that its rows name, the same")
    members: dict[str, FileRecord] = Field(description="SHA-256 and size by name, of every member before this one")
