"""The service itself."""

from datetime import datetime

from pydantic import Field

from densely_client.forms.base import Form


class Readiness(Form):
    """Whether requests can be answered."""

    ready: bool
    tasks: dict[str, str] = Field(description="of each task with an active model: `ready`, or why not")


class Worker(Form):
    """A process that trains."""

    id: str
    host: str
    started_at: datetime
    last_seen_at: datetime
    devices: list[str]
    versions: dict[str, str]


class Disk(Form):
    """Bytes on the service's disk, part by part."""

    database: int
    models: int
    datasets: int
    cache: int


class System(Form):
    """Versions, workers and their devices."""

    version: str
    python: str
    versions: dict[str, str]
    database: str
    workers: list[Worker]
    disk: Disk
