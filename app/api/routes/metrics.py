"""Metrics, as Prometheus reads them."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.api.dependencies import ServicesDep

router = APIRouter(tags=["system"])


@router.get(
    "/metrics",
    summary="Metrics of all processes, as Prometheus or OpenMetrics text",
    description="Where the service has keys, the scrape needs one too.",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The metrics"}},
)
def metrics(
    services: ServicesDep,
    accept: Annotated[str, Header(description="`application/openmetrics-text` for that form")] = "",
) -> Response:
    content, media_type = services.metrics.scrape(accept)
    return Response(content, media_type=media_type)
