"""`/train` and `/runs`: ask for trainings and follow them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from app.api.bodies import BoundedRoute
from app.api.dependencies import WHOLE_NUMBER, Cursor, Identifier, Limit, ServicesDep, Trace, responses
from app.api.plots import PLOT, FirstEpoch, LookDep, plot
from app.domain.runs import RunFilter, RunStatus
from app.errors import Forbidden
from app.server.access import require_task
from app.server.prefix import Prefix
from app.wire.pages import Page
from app.wire.runs import History, Run, TrainRequest

router = APIRouter(tags=["runs"], route_class=BoundedRoute)


@router.post("/train", status_code=202, summary="Queue a training run", responses=responses(429))
async def train(
    body: TrainRequest,
    request: Request,
    services: ServicesDep,
    response: Response,
    prefix: Prefix,
    trace: Trace,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", description="the same key queues one run only"),
    ] = None,
) -> Run:
    key = request.scope.get("api_key")
    require_task(key, body.task)
    if body.activate == "always" and key is not None and not key.may("admin"):
        raise Forbidden("activate: `always` needs the scope admin; `if_better` does not")
    run = await services.writes(partial(services.training.submit, body, idempotency_key, trace))
    response.headers["Location"] = f"{prefix}/runs/{run.id}"
    return run


@router.get("/runs", summary="Runs, newest first")
def list_runs(
    services: ServicesDep,
    task: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    status: RunStatus | None = None,
    dataset: Annotated[str | None, Query(max_length=64, pattern=r"^[\w.@-]+$")] = None,
    sweep: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="its id")] = None,
    trials: Annotated[bool, Query(description="false: without the trials of sweeps")] = True,
    tag: Annotated[
        str | None, Query(max_length=270, pattern=r"^[^\x00-\x1f]+$", description="`key` or `key:value`")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Run]:
    key, colon, value = (tag or "").partition(":")
    which = RunFilter(task, status, dataset, (key, value if colon else None) if tag else None, sweep, trials)
    items, following = services.training.page(which, limit, cursor)
    services.prediction.catch_up(items)
    return Page(items=items, next=following)


@router.get("/runs/{run_id}", summary="A run", responses=responses(404))
def get_run(run_id: Identifier, services: ServicesDep) -> Run:
    run = services.training.get(run_id)
    services.prediction.catch_up([run])
    return run


@router.delete(
    "/runs/{run_id}",
    status_code=204,
    summary="Forget a run that has ended",
    description="With its epochs and events. Its model stays.",
    responses=responses(404, 409),
)
async def delete_run(run_id: Identifier, services: ServicesDep) -> None:
    await services.writes(partial(services.training.delete, run_id))


@router.get("/runs/{run_id}/history", summary="A run's epochs, also while it is going", responses=responses(404))
def get_history(
    run_id: Identifier,
    services: ServicesDep,
    every: Annotated[
        int, Query(ge=1, le=10_000, description="of long runs, only the first and every nth epoch"), WHOLE_NUMBER
    ] = 1,
) -> History:
    return History(epochs=services.training.history(run_id, every))


@router.get(
    "/runs/{run_id}/curves.{form}",
    summary="Loss and metric by epoch as a picture, also while the run is going",
    response_class=Response,
    responses=PLOT | responses(404, 409),
)
def get_curves(run_id: Identifier, look: LookDep, services: ServicesDep, first_epoch: FirstEpoch = 1) -> Response:
    return plot(services.plots.curves(run_id, look, first_epoch), look)


@router.post("/runs/{run_id}/cancel", status_code=202, summary="Ask for a run to end", responses=responses(404, 409))
async def cancel(run_id: Identifier, services: ServicesDep) -> Run:
    return await services.writes(partial(services.training.cancel, run_id))


@router.post(
    "/runs/{run_id}/retry",
    status_code=202,
    summary="Queue a failed or cancelled training again, as a new run",
    responses=responses(404, 409, 429),
)
async def retry(run_id: Identifier, services: ServicesDep, response: Response, prefix: Prefix, trace: Trace) -> Run:
    run = await services.writes(partial(services.training.retry, run_id, trace))
    response.headers["Location"] = f"{prefix}/runs/{run.id}"
    return run
