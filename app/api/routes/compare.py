"""`/compare`: runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.dependencies import ServicesDep, responses
from app.api.plots import PLOT, FirstEpoch, LookDep, plot
from app.services.comparison import MOST_RUNS
from app.services.drawings import ComparedPlot
from app.services.plots import Figure
from app.wire.comparisons import Comparison

router = APIRouter(prefix="/compare", tags=["runs"])

RunIds = Annotated[
    str,
    Query(
        max_length=700,
        pattern=r"^[A-Za-z0-9_,-]+$",
        description="2 to 10 run ids, separated by commas",
        # Said here only: the service counts them, which tells more than that a pattern does not fit.
        json_schema_extra={"pattern": f"^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+){{1,{MOST_RUNS - 1}}}$"},
    ),
]


@router.get("", summary="Where runs differ, their figures, and whether chance explains it", responses=responses(404))
def compare(runs: RunIds, services: ServicesDep) -> Comparison:
    return services.comparison.compare(runs.split(","))


@router.get(
    ".{form}",
    summary="The curves of several runs in one picture",
    response_class=Response,
    responses=PLOT | responses(404, 409),
)
def compare_curves(
    runs: RunIds,
    look: LookDep,
    services: ServicesDep,
    first_epoch: FirstEpoch = 1,
    only: Annotated[
        Figure | None, Query(description="one figure in place of loss and metric of both splits, e.g. `val_loss`")
    ] = None,
) -> Response:
    found = services.comparison.runs(runs.split(","))
    return plot(services.plots.overlay(found, look, first_epoch, only), look)


@router.get(
    "/{kind}.{form}",
    summary="The models of several runs side by side in one picture",
    description="`boundaries`: of points of the plane, on the same axes, each with its test accuracy.",
    response_class=Response,
    responses=PLOT | responses(404, 409),
)
def compare_models(kind: ComparedPlot, runs: RunIds, look: LookDep, services: ServicesDep) -> Response:
    del kind  # there is one
    return plot(services.plots.boundaries(services.comparison.runs(runs.split(",")), look), look)
