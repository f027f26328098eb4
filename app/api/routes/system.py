"""Probes, versions and devices."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api.dependencies import Services, ServicesDep, responses
from app.errors import Unavailable
from app.server.security import secret_of
from app.wire.system import Liveness, Readiness, System

router = APIRouter(tags=["system"])

TaskName = Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$", description="whether this task is answered")]
NeedsDatabase = Annotated[bool, Query(description="whether the database has to answer; false: `/predict` alone counts")]


@router.get("/health/live", summary="Is the process alive?")
async def live() -> Liveness:
    return Liveness()


@router.get(
    "/health/ready",
    summary="Can requests be answered?",
    description="200 while the database answers and is whole, also where a model is damaged, which takes only its own "
    "task out of service: `tasks` says which. With `task`, 503 as long as that one is not answered. With "
    "`database=false` it is not asked: `/predict` answers without it. 503 while the process stops, and where it began "
    "while the object store was away and lacks active models, until that has answered. Where the service has keys, "
    "names of tasks and what is wrong with them are told to those who send one.",
    responses=responses(404),
)
async def ready(
    request: Request, services: ServicesDep, task: TaskName = None, database: NeedsDatabase = True
) -> Readiness:
    if getattr(request.app.state, "draining", False):
        raise Unavailable("this process is being stopped: ask another one")
    if database:
        await services.database_probe()
    return services.system.readiness(task, _told(request, services))


def _told(request: Request, services: Services) -> frozenset[str] | None:
    """The tasks that the answer may tell of: no key is asked for, and without one nothing is told that needs one."""
    ring = services.keys.ring
    key = ring.find(secret_of(dict(request.scope["headers"]))) if ring.needed else None
    if key is None:
        return frozenset() if ring.needed else None
    return key.tasks


@router.get("/system", summary="Versions, workers and devices")
def system(services: ServicesDep) -> System:
    return services.system.system()
