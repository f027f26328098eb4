"""`/models`: what was trained."""

from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse

from app.api.dependencies import Cursor, Identifier, Limit, Page, ServicesDep, responses
from app.services.registry import Model, ModelDetail

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", summary="Models, newest first", responses=responses(422))
def list_models(
    services: ServicesDep,
    task: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Model]:
    items, following = services.registry.page(task, limit, cursor)
    return Page(items=items, next=following)


@router.get("/{model_id}", summary="A model with its manifest", responses=responses(404, 503))
def get_model(model_id: Identifier, services: ServicesDep) -> ModelDetail:
    return services.registry.get(model_id)


@router.get(
    "/{model_id}/archive",
    summary="The model's files as a zip: manifest, NumPy weights, preprocessing, Keras model",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}, **responses(404, 503)},
)
def get_archive(model_id: Identifier, services: ServicesDep) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{model_id}.zip"'}
    return StreamingResponse(
        _chunks(services.registry.archive(model_id)), media_type="application/zip", headers=headers
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(2**18):
            yield chunk
