"""`/tasks`: what can be asked, and which model answers."""

import asyncio
from functools import partial
from typing import Annotated, Any, Union

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.bodies import BoundedRoute, parsed
from app.api.bringing import LOOK
from app.api.dependencies import MOST_OF_A_PAGE, Cursor, Identifier, Limit, Services, ServicesDep, Trace, responses
from app.api.plots import PLOT, LookDep, plot
from app.api.uploads.uploads import Received
from app.domain.keys import ApiKey
from app.errors import InvalidInput
from app.kinds.base import DatasetPlot, Split
from app.server.prefix import Prefix
from app.services.upload_options import UploadOptions, options_of, task_asked
from app.wire.models import ActivateRequest, Activation, Model
from app.wire.pages import Page
from app.wire.tasks import Look, TaskCreate, TaskCreated, TaskDetail, TaskPatch, TaskSummary

router = APIRouter(prefix="/tasks", tags=["tasks"], route_class=BoundedRoute)

PARTS = frozenset(("task", "file", "train", "dry_run", "mapping", "dataset"))
_CREATED: Any = Union[TaskCreated, TaskDetail]  # noqa: UP007 - for the description
TICKETS = {
    "name": "tickets",
    "title": "Support tickets",
    "kind": {"kind": "text", "columns": ["message"]},
    "answer": {"kind": "one_of", "column": "team"},
}
CREATE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "$ref": "#/components/schemas/TaskCreate",
                    "required": ["name", "kind", "answer"],  # there are no rows to guess them from
                    "properties": {"kind": {"type": "object"}, "answer": {"type": "object"}},
                },
                "examples": {"tickets": {"summary": "Support tickets", "value": TICKETS}},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["task", "file"],
                    "properties": {
                        "task": {"$ref": "#/components/schemas/TaskCreate"},
                        "file": {"type": "string", "format": "binary", "description": "the first rows"},
                        "dataset": {"type": "string", "description": "name of the dataset; default: the task's"},
                        "mapping": {"type": "string", "description": "JSON object: the file's columns by the task's"},
                        "train": {"type": "boolean", "default": True, "description": "whether to train at once"},
                        "dry_run": {"type": "boolean", "default": False, "description": "look, and keep nothing"},
                    },
                },
                "encoding": {"task": {"contentType": "application/json"}},
            },
        },
    }
}


@router.get("", summary="All tasks, by name")
def list_tasks(
    request: Request, services: ServicesDep, limit: Limit = MOST_OF_A_PAGE, cursor: Cursor = None
) -> Page[TaskSummary]:
    items, following = services.tasks.page(limit, cursor)
    key: ApiKey | None = request.scope.get("api_key")
    shown = [each for each in items if key is None or key.tasks is None or each.name in key.tasks]
    return Page(items=shown, next=following)


@router.post(
    "",
    status_code=201,
    summary="Make a task, with its first rows or without",
    description="With rows (multipart/form-data) what an input is and what is asked may be left out: it is guessed. "
    "The preset `baseline` is trained at once, and activated if it is better than nothing. As JSON, rows come later.",
    response_model=None,
    responses={201: {"model": _CREATED, "description": "The task; with rows, what was made of them"}}
    | LOOK
    | responses(409, 422, 429),
    openapi_extra=CREATE,
)
async def create(request: Request, services: ServicesDep, response: Response, prefix: Prefix, trace: Trace) -> Any:
    if not request.headers.get("content-type", "").lstrip().lower().startswith("multipart/"):
        asked = parsed(await request.body(), TaskCreate)
        await services.writes(partial(services.making.create, asked))
        response.headers["Location"] = f"{prefix}/tasks/{asked.name}"
        return await run_in_threadpool(services.tasks.get, asked.name)
    async with services.uploads.received(request) as received:
        if unknown := sorted(set(received.fields) - PARTS):
            raise InvalidInput("there is no such part", field=unknown[0][:100])
        asked = task_asked(received.fields.get("task"))
        wanted = options_of(received.fields, received.filename, received.content_type, PARTS)
        found = await _with_rows(services, received, asked, wanted, trace)
    if isinstance(found, Look):
        return Response(found.model_dump_json(by_alias=True), 200, media_type="application/json")
    response.headers["Location"] = f"{prefix}/tasks/{asked.name}"
    return found


async def _with_rows(
    services: Services, received: Received, asked: TaskCreate, wanted: UploadOptions, trace: str | None
) -> TaskCreated | Look:
    plan = await run_in_threadpool(services.making.plan, asked, wanted)
    if wanted.dry_run:
        result = await services.uploads.imported(received, plan)
        return Look(findings=result.findings, kind=result.kind, answer=result.answer)
    place = await run_in_threadpool(services.datasets.new)
    try:
        result = await services.uploads.imported(received, place.told(plan))
        await services.uploads.in_thread(place.send)
        made = partial(services.making.create_with_rows, asked, plan.dataset, place, result)
        make = partial(made, train=wanted.train, trace=trace)
        run = await services.writes(partial(place.settle, make))
    finally:
        await run_in_threadpool(place.discard_staging)
    task = await run_in_threadpool(services.tasks.get, asked.name)
    return TaskCreated(task=task, dataset=await run_in_threadpool(services.datasets.get, plan.dataset), run=run)


@router.patch("/{task}", summary="Change how a task of the user's own is shown", responses=responses(404, 409))
async def patch(task: Identifier, body: TaskPatch, services: ServicesDep) -> TaskDetail:
    await services.writes(partial(services.making.patch, task, body))
    return await run_in_threadpool(services.tasks.get, task)


@router.delete(
    "/{task}",
    status_code=204,
    summary="Remove a task of the user's own",
    description="Refused while it has runs that wait or are going; its models and datasets go only where that is "
    "asked for. Its runs stay.",
    responses=responses(404, 409),
)
async def delete(
    task: Identifier,
    services: ServicesDep,
    models: Annotated[bool, Query(description="its models too")] = False,
    datasets: Annotated[bool, Query(description="its datasets too")] = False,
) -> None:
    await services.writes(partial(services.making.delete, task, with_models=models, with_datasets=datasets))


@router.get("/{task}", summary="A task with its schemas and presets", responses=responses(404))
def get_task(task: Identifier, services: ServicesDep) -> TaskDetail:
    return services.tasks.get(task)


@router.get(
    "/{task}/datasets/{dataset}/{kind}.{form}",
    summary="The first rows of a dataset as a picture",
    description="`points` of the plane, or a `sheet` of digits with their labels.",
    response_class=Response,
    responses=PLOT | responses(404, 409),
)
def get_dataset_picture(
    task: Identifier,
    dataset: Annotated[str, Path(max_length=64, pattern=r"^[\w.@-]+$")],
    kind: DatasetPlot,
    look: LookDep,
    services: ServicesDep,
    split: Annotated[Split, Query(description="whose rows")] = "train",
) -> Response:
    return plot(services.plots.of_dataset(task, dataset, kind, split, look), look)


@router.put(
    "/{task}/active-model",
    summary="Promote a model, or roll back to an earlier one",
    description="A `reason` is kept in the history, with the name of the key that asked. A model that could not answer "
    "is refused; the one before answers until this one is in memory, in every API process.",
    responses=responses(404),
)
async def activate(task: Identifier, body: ActivateRequest, services: ServicesDep) -> Model:
    model = await services.writes(partial(services.registry.activate, task, body.model_id, body.reason))
    # Here at once, since it was just read; was it evicted from the cache meanwhile, as soon as a thread has fetched it.
    # Other API processes follow within their poll.
    await asyncio.to_thread(services.prediction.refresh_meanwhile)
    return model


@router.get(
    "/{task}/active-model/history", summary="Changes of the active model, newest first", responses=responses(404)
)
def activation_history(
    task: Identifier, services: ServicesDep, limit: Limit = 50, cursor: Cursor = None
) -> Page[Activation]:
    items, following = services.registry.history(task, limit, cursor)
    return Page(items=items, next=following)
