"""Probes, versions and devices."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.dependencies import ServicesDep, responses
from app.wire.system import Liveness, Readiness, System

router = APIRouter(tags=["system"])

TaskName = Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$", description="whether this task is answered")]


@router.get("/health/live", summary="Is the process alive?")
async def live() -> Liveness:
    return Liveness()


@router.get(
    "/health/ready",
    summary="Can requests be answered?",
    description="200 while the database answers and is whole, also where a model is damaged, which takes only its own "
    "task out of service: `tasks` says which. With `task`, 503 as long as that one is not answered.",
    responses=responses(404),
)
async def ready(services: ServicesDep, task: TaskName = None) -> Readiness:
    await services.database_probe()
    return services.system.readiness(task)


@router.get("/system", summary="Versions, workers and devices")
def system(services: ServicesDep) -> System:
    return services.system.system()
