"""`/compare`: runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.dependencies import ServicesDep, responses
from app.api.pictures import PICTURE, FirstEpoch, picture
from app.plots.style import Form
from app.services.comparison import Comparison

router = APIRouter(prefix="/compare", tags=["runs"])

RunIds = Annotated[
    str, Query(max_length=700, pattern=r"^[A-Za-z0-9_,-]+$", description="2 to 10 run ids, separated by commas")
]


@router.get("", summary="Where runs differ, their figures, and whether chance explains it", responses=responses(404))
def compare(runs: RunIds, services: ServicesDep) -> Comparison:
    return services.comparison.compare(runs.split(","))


@router.get(
    ".{form}",
    summary="The curves of several runs in one picture",
    response_class=Response,
    responses=PICTURE | responses(404, 409),
)
def compare_curves(runs: RunIds, form: Form, services: ServicesDep, first_epoch: FirstEpoch = 1) -> Response:
    return picture(services.pictures.overlay(services.comparison.runs(runs.split(",")), form, first_epoch), form)
