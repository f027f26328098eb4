"""Probes, versions and devices."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.dependencies import ServicesDep
from app.services.system import Readiness, System

router = APIRouter(tags=["system"])


class Liveness(BaseModel):
    """The process answers."""

    live: bool = True


@router.get("/health/live", summary="Is the process alive?")
async def live() -> Liveness:
    return Liveness()


@router.get("/health/ready", summary="Can requests be answered?")
def ready(services: ServicesDep) -> Readiness:
    return services.system.readiness()


@router.get("/system", summary="Versions, workers and devices")
def system(services: ServicesDep) -> System:
    return services.system.system()
