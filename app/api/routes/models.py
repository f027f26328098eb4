"""`/models`: what was trained."""

import os
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from app.api.dependencies import Cursor, Identifier, Limit, Page, ServicesDep, responses
from app.api.pictures import PICTURE, picture
from app.plots.style import Form
from app.services.registry import Model, ModelDetail
from app.tasks.base import Picture

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", summary="Models, newest first")
def list_models(
    services: ServicesDep,
    task: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Model]:
    items, following = services.registry.page(task, limit, cursor)
    return Page(items=items, next=following)


@router.get("/{model_id}", summary="A model with its manifest", responses=responses(404))
def get_model(model_id: Identifier, services: ServicesDep) -> ModelDetail:
    return services.registry.get(model_id)


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
    responses=PICTURE | responses(404),
)
def get_diagram(model_id: Identifier, form: Form, services: ServicesDep) -> Response:
    return picture(services.pictures.diagram(model_id, form), form)


@router.get(
    "/{model_id}/{kind}.{form}",
    summary="The model's answers on its test split as a picture",
    description="`confusion` for classifiers, `predictions` against true values for regressions, `boundary` for points "
    "of the plane, `sheet` of digits. A multilabel model has none of them.",
    response_class=Response,
    responses=PICTURE | responses(404),
)
def get_picture(model_id: Identifier, kind: Picture, form: Form, services: ServicesDep) -> Response:
    return picture(services.pictures.picture(model_id, kind, form), form)
