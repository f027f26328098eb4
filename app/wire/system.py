"""What runs here, and whether it answers."""

from datetime import datetime

from pydantic import BaseModel, Field


class Worker(BaseModel):
    """A worker process that is alive."""

    id: str
    host: str
    started_at: datetime
    last_seen_at: datetime
    devices: list[str] = Field(description="what its trainers can train on; empty until the first trainer has started")
    versions: dict[str, str] = Field(description="of the libraries that its trainers use")


class System(BaseModel):
    """Versions and devices."""

    version: str = Field(description="of Densely")
    python: str
    versions: dict[str, str] = Field(description="of the libraries that this API process uses")
    database: str = Field(description="kind of database")
    workers: list[Worker]


class Readiness(BaseModel):
    """Whether requests can be answered."""

    ready: bool
    tasks: dict[str, str] = Field(
        description="of each task with an active model: `ready`, or what is wrong with it, and who answers meanwhile"
    )


class Liveness(BaseModel):
    """The process answers."""

    live: bool = True
