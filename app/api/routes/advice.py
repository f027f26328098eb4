"""`/runs/{run_id}/advice`: what would make a run better."""

from fastapi import APIRouter

from app.api.dependencies import Identifier, ServicesDep, responses
from app.wire.advice import RunAdvice

router = APIRouter(tags=["runs"])


@router.get(
    "/runs/{run_id}/advice",
    summary="What would make a run better, with the figure behind it",
    description="The most important first; empty where nothing is known. `change` is a patch on the run's own recipe, "
    "to send with it to `POST /train`; it has only the fields that it changes.",
    response_model_exclude_unset=True,
    responses=responses(404),
)
def get_advice(run_id: Identifier, services: ServicesDep) -> RunAdvice:
    return services.advice.of_run(run_id)
