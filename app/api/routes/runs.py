"""`/train` and `/runs`: ask for trainings and follow them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.bodies import BoundedRoute
from app.api.dependencies import WHOLE_NUMBER, Cursor, Identifier, Limit, ServicesDep, Trace, responses
from app.api.plots import PLOT, FirstEpoch, LookDep, plot
from app.api.run_filters import Which
from app.errors import Forbidden
from app.server.access import require_task
from app.server.prefix import Prefix
from app.wire.pages import Page
from app.wire.previews import Preview
from app.wire.run_lists import RunActionDone, RunActionRequest, RunPatch, RunRows
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
    _require(request, body)
    run = await services.writes(partial(services.training.submit, body, idempotency_key, trace))
    response.headers["Location"] = f"{prefix}/runs/{run.id}"
    return await run_in_threadpool(services.runs.again, run)


@router.post(
    "/train/preview",
    summary="What a training would be: its layers, what changes, how long it takes",
    description="Refuses what `POST /train` refuses, and queues nothing.",
    responses=responses(429),
)
def preview(body: TrainRequest, request: Request, services: ServicesDep) -> Preview:
    _require(request, body)
    return services.previews.preview(body)


def _require(request: Request, body: TrainRequest) -> None:
    """
    Raises:
        Forbidden: the API key may not ask for this training.
    """
    key = request.scope.get("api_key")
    require_task(key, body.task)
    if body.activate == "always" and key is not None and not key.may("admin"):
        raise Forbidden("activate: `always` needs the scope admin; `if_better` does not")


@router.get("/runs", summary="Runs, newest first or in another order")
def list_runs(services: ServicesDep, which: Which, limit: Limit = 50, cursor: Cursor = None) -> Page[Run]:
    items, following = services.runs.page(which, limit, cursor)
    services.prediction.catch_up(items)
    return Page(items=items, next=following)


@router.get(
    "/runs/rows",
    summary="The same in short, with a curve of each and how many there are in all",
)
def list_rows(services: ServicesDep, which: Which, limit: Limit = 50, cursor: Cursor = None) -> RunRows:
    found = services.runs.rows(which, limit, cursor)
    services.prediction.catch_up(found.items)
    return found


@router.post(
    "/runs/actions",
    summary="Cancel, retry, archive, restore or forget up to 500 runs, each by itself",
    description="What is refused to a run is told with the status that its own call is answered with, and keeps no "
    "other from it. `delete` needs the scope that `DELETE /runs/{run_id}` needs.",
)
async def act_on_runs(body: RunActionRequest, request: Request, services: ServicesDep, trace: Trace) -> RunActionDone:
    key = request.scope.get("api_key")
    if body.action == "delete" and key is not None and not key.may("admin"):
        raise Forbidden("action: `delete` needs the scope admin")
    return await services.writes(partial(services.run_actions.act, body, partial(require_task, key), trace))


@router.get("/runs/{run_id}", summary="A run", responses=responses(404))
def get_run(run_id: Identifier, services: ServicesDep) -> Run:
    run = services.runs.get(run_id)
    services.prediction.catch_up([run])
    return run


@router.patch(
    "/runs/{run_id}",
    summary="Change a run's name, tags or note, or archive it",
    description="What is left out stays. Followers are told by a `log` event with `changed`.",
    responses=responses(404, 409),
)
async def patch_run(run_id: Identifier, body: RunPatch, services: ServicesDep) -> Run:
    run = await services.writes(partial(services.run_changes.patch, run_id, body))
    return await run_in_threadpool(services.runs.again, run)


@router.delete(
    "/runs/{run_id}",
    status_code=204,
    summary="Forget a run that has ended",
    description="With its epochs and events. Its model stays.",
    responses=responses(404, 409),
)
async def delete_run(run_id: Identifier, services: ServicesDep) -> None:
    await services.writes(partial(services.run_changes.delete, run_id))


@router.get("/runs/{run_id}/history", summary="A run's epochs, also while it is going", responses=responses(404))
def get_history(
    run_id: Identifier,
    services: ServicesDep,
    every: Annotated[
        int, Query(ge=1, le=10_000, description="of long runs, only the first and every nth epoch"), WHOLE_NUMBER
    ] = 1,
) -> History:
    return History(epochs=services.runs.history(run_id, every))


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
    return await services.writes(partial(services.run_changes.cancel, run_id))


@router.post(
    "/runs/{run_id}/retry",
    status_code=202,
    summary="Queue a failed or cancelled training again, as a new run",
    responses=responses(404, 409, 429),
)
async def retry(run_id: Identifier, services: ServicesDep, response: Response, prefix: Prefix, trace: Trace) -> Run:
    run = await services.writes(partial(services.run_changes.retry, run_id, trace))
    response.headers["Location"] = f"{prefix}/runs/{run.id}"
    return await run_in_threadpool(services.runs.again, run)
