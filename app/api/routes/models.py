"""`/models`: what was trained."""

import os
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from app.api import tables
from app.api.dependencies import WHOLE_NUMBER, Cursor, Identifier, Limit, ServicesDep, responses
from app.api.plots import PLOT, LookDep, plot
from app.api.run_filters import ONE_LINE
from app.api.tables import TableForm
from app.kinds.base import Plot
from app.wire.models import Answer, Model, ModelDetail
from app.wire.pages import Page
from app.wire.reports import ModelReport

router = APIRouter(prefix="/models", tags=["models"])

PAGE = 50  # rows of a page of JSON, unless told otherwise
_BINARY = {"schema": {"type": "string", "format": "binary"}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Page[Answer],
        "content": {
            tables.MEDIA_TYPES["csv"]: {"schema": {"type": "string"}},
            tables.MEDIA_TYPES["parquet"]: _BINARY,
        },
    }
}


@router.get("", summary="Models, newest first")
def list_models(
    services: ServicesDep,
    task: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=ONE_LINE,
            description="part of the dataset's or the run's name, beginning of the model's or the run's id, or `v3`",
        ),
    ] = None,
    active: Annotated[bool | None, Query(description="only those that are active, or only the others")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Model]:
    items, following = services.registry.page(task, limit, cursor, q, active)
    return Page(items=items, next=following)


@router.get("/{model_id}", summary="A model with its manifest", responses=responses(404))
def get_model(model_id: Identifier, services: ServicesDep) -> ModelDetail:
    return services.registry.get(model_id)


@router.delete(
    "/{model_id}",
    status_code=204,
    summary="Remove a model that is not active",
    description="With its files. Its run stays; its version number does not come again.",
    responses=responses(404, 409),
)
async def delete_model(model_id: Identifier, services: ServicesDep) -> None:
    await services.writes(partial(services.registry.delete, model_id))


@router.get(
    "/{model_id}/report",
    summary="How good a model is and where it errs, who made it, and how fast it answers",
    description="From its answers on the test split. The latency is measured by this process, without HTTP, when it is "
    "first asked for: that takes about 50 ms.",
    responses=responses(404),
)
def get_report(model_id: Identifier, services: ServicesDep) -> ModelReport:
    return services.reports.report(model_id)


@router.get(
    "/{model_id}/archive",
    summary="The model's files as a zip: manifest, NumPy weights, preprocessing, Keras model",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}, **responses(404)},
)
def get_archive(model_id: Identifier, services: ServicesDep) -> Response:
    file = services.registry.archive(model_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{model_id}.zip"',
        "Content-Length": str(file.seek(0, os.SEEK_END)),
    }
    file.seek(0)
    return StreamingResponse(
        iter(partial(file.read, 2**18), b""),
        media_type="application/zip",
        headers=headers,
        background=BackgroundTask(file.close),  # also when the client has gone, or asked for the head only
    )


@router.get(
    "/{model_id}/diagram.{form}",
    summary="The layers as a picture, with shapes and parameter counts",
    response_class=Response,
    responses=PLOT | responses(404),
)
def get_diagram(model_id: Identifier, look: LookDep, services: ServicesDep) -> Response:
    return plot(services.plots.diagram(model_id, look), look)


@router.get(
    "/{model_id}/predictions",
    summary="What the model answered on its test split, row by row, with its probabilities",
    description="As kept when it was published. `Accept` decides between JSON, in pages, and CSV or Parquet with all "
    "rows and a column `probability_<label>` for each label; `format` decides where no header can be sent. In CSV "
    "several labels are separated by `;`, and a text that begins like a formula has an apostrophe before it.",
    response_class=Response,
    responses=ANSWERS | responses(404, 406),
)
def get_predictions(
    model_id: Identifier,
    request: Request,
    services: ServicesDep,
    split: Annotated[Literal["test"], Query(description="which rows: those of the test split are kept")] = "test",
    limit: Annotated[
        int | None,
        Query(ge=1, le=10_000, description="most rows; of JSON 50 unless told otherwise, else all"),
        WHOLE_NUMBER,
    ] = None,
    cursor: Cursor = None,
    asked: Annotated[TableForm | None, Query(alias="format", description="instead of `Accept`")] = None,
) -> Response:
    form = tables.form_for(request.headers.getlist("accept")) if asked is None else asked
    found = services.answers.find(model_id, cursor or 0, limit or (PAGE if form == "json" else None))
    return tables.response(found, form, f"{model_id}-{split}")


@router.get(
    "/{model_id}/{kind}.{form}",
    summary="The model's answers on its test split as a picture",
    description="`confusion` for classifiers, `predictions` against true values for regressions, `boundary` for points "
    "of the plane, `sheet` of digits. A multilabel model has none of them.",
    response_class=Response,
    responses=PLOT | responses(404),
)
def get_picture(model_id: Identifier, kind: Plot, look: LookDep, services: ServicesDep) -> Response:
    return plot(services.plots.of_model(model_id, kind, look), look)
