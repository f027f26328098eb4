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
    versions: dict[str, str] = Field(description="of Densely and of the libraries that its trainers use")


class Disk(BaseModel):
    """Bytes on the disk, part by part."""

    database: int = Field(description="0 where the database's server does not tell")
    models: int
    datasets: int = Field(description="published ones and those that were uploaded")
    cache: int = Field(description="encoded rows, which are made anew when they are gone, and checkpoints")


class System(BaseModel):
    """Versions and devices."""

    version: str = Field(description="of Densely")
    python: str
    versions: dict[str, str] = Field(description="of the libraries that this API process uses")
    database: str = Field(description="kind of database")
    workers: list[Worker]
    disk: Disk


class Readiness(BaseModel):
    """Whether requests can be answered."""

    ready: bool
    tasks: dict[str, str] = Field(
        description="of each task with an active model: `ready`, or what is wrong with it, and who answers meanwhile; "
        "none where a key is needed and was not sent"
    )


class Liveness(BaseModel):
    """The process answers."""

    live: bool = True
