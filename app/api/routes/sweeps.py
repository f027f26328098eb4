"""`/sweeps`: search one space of recipes, and follow the search."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from app.api.bodies import BoundedRoute
from app.api.dependencies import Cursor, Identifier, Limit, ServicesDep, Trace, responses
from app.api.plots import PLOT, LookDep, plot
from app.domain.sweeps import SweepStatus
from app.errors import Forbidden
from app.server.access import require_task
from app.server.prefix import Prefix
from app.services.drawings import SweepPlot
from app.wire.pages import Page
from app.wire.sweeps import Sweep, SweepRequest, SweepSummary

router = APIRouter(tags=["sweeps"], route_class=BoundedRoute)


@router.post(
    "/sweeps",
    status_code=202,
    summary="Search a space of recipes",
    description="Its trials are runs, chosen by figures on held-out rows. The best one's recipe is then trained on all "
    "rows and measured on the test split.",
    responses=responses(429),
)
async def sweep(
    body: SweepRequest,
    request: Request,
    services: ServicesDep,
    response: Response,
    prefix: Prefix,
    trace: Trace,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", description="the same key asks for one only"),
    ] = None,
) -> Sweep:
    key = request.scope.get("api_key")
    require_task(key, body.task)
    if body.activate == "always" and key is not None and not key.may("admin"):
        raise Forbidden("activate: `always` needs the scope admin; `if_better` does not")
    found = await services.writes(partial(services.sweeps.submit, body, idempotency_key, trace))
    response.headers["Location"] = f"{prefix}/sweeps/{found.id}"
    return found


@router.get("/sweeps", summary="Sweeps, newest first")
def list_sweeps(
    services: ServicesDep,
    task: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    status: SweepStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SweepSummary]:
    items, following = services.sweeps.page(task, status, limit, cursor)
    return Page(items=items, next=following)


@router.get(
    "/sweeps/{sweep_id}", summary="A sweep with its leaderboard, also while it is going", responses=responses(404)
)
def get_sweep(sweep_id: Identifier, services: ServicesDep) -> Sweep:
    return services.sweeps.get(sweep_id)


@router.get(
    "/sweeps/{sweep_id}/{kind}.{form}",
    summary="A sweep as a picture, also while it is going",
    description="`best`: the best figure so far. `importance`: how much each field explains. `parallel`: each trial as "
    "a line through what it had of every field.",
    response_class=Response,
    responses=PLOT | responses(404, 409),
)
def draw_sweep(sweep_id: Identifier, kind: SweepPlot, look: LookDep, services: ServicesDep) -> Response:
    return plot(services.plots.of_sweep(services.sweeps.get(sweep_id), kind, look), look)


@router.post(
    "/sweeps/{sweep_id}/cancel",
    status_code=202,
    summary="Ask for a sweep to end, with all of its runs",
    responses=responses(404, 409),
)
async def cancel_sweep(sweep_id: Identifier, services: ServicesDep) -> Sweep:
    return await services.writes(partial(services.sweeps.cancel, sweep_id))


@router.delete(
    "/sweeps/{sweep_id}",
    status_code=204,
    summary="Forget a sweep that has ended",
    description="With its trials. The run of its winner and its model stay.",
    responses=responses(404, 409),
)
async def delete_sweep(sweep_id: Identifier, services: ServicesDep) -> None:
    await services.writes(partial(services.sweeps.delete, sweep_id))


@router.get(
    "/runs/{run_id}/space",
    summary="A search around a run's recipe, to send to `POST /sweeps`",
    description="Fields that are left out are those of the preset.",
    response_model_exclude_unset=True,
    responses=responses(404),
)
def get_space(run_id: Identifier, services: ServicesDep) -> SweepRequest:
    return services.sweeps.propose(run_id)
