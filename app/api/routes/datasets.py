"""`/datasets`: rows of the user's own, and how they and those that come with Densely look."""

import re
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from app.api import bringing
from app.api.bringing import LOOK, UPLOAD
from app.api.dependencies import WHOLE_NUMBER, Cursor, Limit, ServicesDep, responses
from app.api.leaving import while_awaited
from app.api.plots import PLOT, LookDep, plot
from app.errors import InvalidInput
from app.kinds.base import Split
from app.server.access import require_task
from app.server.prefix import Prefix
from app.services.upload_options import dataset_name
from app.wire.datasets import UPLOAD_NAME, DatasetDetail, DatasetEntry, DatasetRow
from app.wire.pages import Page
from app.wire.predictions import ModelName
from app.wire.tasks import Look

router = APIRouter(prefix="/datasets", tags=["datasets"])

Name = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
# Said in the description only: the service tells what is wrong with a name in words.
NAMED: dict[str, Any] = {"pattern": UPLOAD_NAME, "maxLength": 48}
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="default: the latest"), WHOLE_NUMBER]
Removed = Annotated[
    int | None, Query(alias="version", ge=1, le=2**31 - 1, description="this one only; default: all"), WHOLE_NUMBER
]
TaskName = Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")]
Drawn = Literal["labels", "lengths", "columns"]
DryRun = Annotated[bool, Query(description="look at the file and keep nothing: answered with 200")]


def _number(value: object) -> object:
    """A version as a number, which a query has as text like all else."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,64}", value) else value


Model = Annotated[
    ModelName | None, BeforeValidator(_number), Query(description="`active`, a version or an id: adds its predictions")
]


@router.post(
    "",
    status_code=201,
    summary="Bring rows for a task: a new dataset, or the next version of one",
    description="The file is the body, with its `Content-Type`, or the part `file` of multipart/form-data, whose other "
    "parts are then the parameters: CSV, TSV, JSON Lines, a JSON array, Parquet, `.gz` of these, or a zip of pictures. "
    "Any other parameter names a column: `text=message` says that the task's column `text` is the file's `message`.",
    response_model=DatasetDetail,
    responses=LOOK | responses(409, 422, 429),
    openapi_extra=UPLOAD,
)
async def bring(
    request: Request,
    services: ServicesDep,
    response: Response,
    prefix: Prefix,
    task: Annotated[str | None, Query(max_length=64, description="whose rows they are; needed")] = None,
    name: Annotated[
        str | None,
        Query(max_length=64, description="of the dataset; default: the task's", json_schema_extra=NAMED),
    ] = None,
    dry_run: DryRun = False,  # noqa: ARG001 - read with the fields, which may say it too
) -> Any:
    asked = bringing.query(request)
    if task is not None:  # known before the file has come
        await run_in_threadpool(services.datasets.plan, task, bringing.wanted({**asked, "name": name or ""}))
    async with services.uploads.received(request) as received:
        fields = {**asked, **received.fields}
        task = fields.get("task") or task
        if not task:
            raise InvalidInput("is needed: the task whose rows they are", field="task")
        require_task(request.scope.get("api_key"), task)
        wanted = bringing.wanted(fields, received)
        plan = await run_in_threadpool(services.datasets.plan, task, wanted)
        found = await bringing.kept(services, received, plan, dry_run=wanted.dry_run)
    return _answer(response, prefix, found)


@router.get("", summary="Datasets, newest first: the latest version of each, then those that come with Densely")
def list_datasets(
    services: ServicesDep, task: TaskName = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[DatasetEntry]:
    items, following = services.datasets.page(task, limit, cursor)
    return Page(items=items, next=following)


@router.get("/{name}", summary="A dataset with what was found in it", responses=responses(404, 409))
def get_dataset(name: Name, services: ServicesDep, version: Version = None) -> DatasetDetail:
    return services.datasets.get(name, version)


@router.get("/{name}/versions", summary="The versions of a dataset, newest first", responses=responses(404, 409))
def list_versions(name: Name, services: ServicesDep, limit: Limit = 50, cursor: Cursor = None) -> Page[DatasetEntry]:
    items, following = services.datasets.versions(name, limit, cursor)
    return Page(items=items, next=following)


@router.delete(
    "/{name}",
    status_code=204,
    summary="Remove a dataset, or one version of it",
    description="Refused while a run refers to it.",
    responses=responses(404, 409),
)
async def delete_dataset(name: Name, services: ServicesDep, version: Removed = None) -> None:
    await services.writes(partial(services.datasets.delete, name, version))


@router.get(
    "/{name}/rows",
    summary="The rows of a dataset; with a model its predictions, the wrong ones first",
    description="Numbers come with the largest errors first. A model is asked about the first 20,000 rows.",
    responses=responses(404, 409),
)
async def get_rows(
    request: Request,
    name: Name,
    services: ServicesDep,
    version: Version = None,
    split: Annotated[Split | None, Query(description="whose rows")] = None,
    label: Annotated[str | None, Query(max_length=1_000, description="that the dataset gives them")] = None,
    model: Model = None,
    wrong: Annotated[bool | None, Query(description="only those that the model has wrong, or right")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DatasetRow]:
    asked = (name, version, split, label, limit, cursor, model, wrong)
    items, following = await while_awaited(request.receive, lambda has_left: services.rows.page(*asked, has_left))
    return Page(items=items, next=following)


@router.post(
    "/{name}/rows",
    status_code=201,
    summary="Add rows to a dataset: its next version",
    description="As `POST /datasets` takes them. The version before stays as it is.",
    response_model=DatasetDetail,
    responses=LOOK | responses(404, 409, 422, 429),
    openapi_extra=UPLOAD,
)
async def add_rows(
    name: Annotated[str, Path(max_length=64, json_schema_extra=NAMED)],
    request: Request,
    services: ServicesDep,
    response: Response,
    prefix: Prefix,
    dry_run: DryRun = False,  # noqa: ARG001 - read with the fields, which may say it too
) -> Any:
    asked = bringing.query(request)
    await run_in_threadpool(services.datasets.plan_more, dataset_name(name), bringing.wanted(asked))
    async with services.uploads.received(request) as received:
        wanted = bringing.wanted({**asked, **received.fields}, received)
        plan = await run_in_threadpool(services.datasets.plan_more, name, wanted)
        found = await bringing.kept(services, received, plan, dry_run=wanted.dry_run)
    return _answer(response, prefix, found)


@router.get(
    "/{name}/{kind}.{form}",
    summary="A dataset as a picture: how many rows each label has, how long texts are, how numbers are spread",
    response_class=Response,
    responses=PLOT | responses(404, 409),
)
def get_picture(name: Name, kind: Drawn, look: LookDep, services: ServicesDep, version: Version = None) -> Response:
    return plot(services.plots.of_findings(services.datasets.get(name, version), kind, look), look)


def _answer(response: Response, prefix: str, found: DatasetDetail | Look) -> Any:
    if isinstance(found, Look):
        return Response(found.model_dump_json(by_alias=True), 200, media_type="application/json")
    response.headers["Location"] = f"{prefix}/datasets/{found.name}"
    return found
