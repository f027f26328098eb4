"""`/tasks`: what can be asked, and which model answers."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import Cursor, Identifier, Limit, Page, ServicesDep, responses
from app.api.pictures import PICTURE, picture
from app.api.schemas import TaskDetail, TaskSummary, task_detail, task_summary
from app.kinds.base import DatasetPicture, Split
from app.plots.style import Form
from app.services.registry import Activation, Model

router = APIRouter(prefix="/tasks", tags=["tasks"])


class ActivateRequest(BaseModel):
    """Which model is to answer."""

    model_config = ConfigDict(extra="forbid")
    model_id: str = Field(max_length=64, pattern=r"^[a-z0-9-]+$")


@router.get("", summary="All tasks")
def list_tasks(services: ServicesDep) -> Page[TaskSummary]:
    active = services.registry.active()
    items = [task_summary(t, active.get(name), services.catalog) for name, t in services.tasks.all.items()]
    return Page(items=items, next=None)


@router.get("/{task}", summary="A task with its schemas and presets", responses=responses(404))
def get_task(task: Identifier, services: ServicesDep) -> TaskDetail:
    return task_detail(services.tasks.get(task), services.registry.active().get(task), services.catalog)


@router.get(
    "/{task}/datasets/{dataset}/{kind}.{form}",
    summary="The first rows of a dataset as a picture",
    description="`points` of the plane, or a `sheet` of digits with their labels.",
    response_class=Response,
    responses=PICTURE | responses(404, 409),
)
def get_dataset_picture(
    task: Identifier,
    dataset: Annotated[str, Path(max_length=64, pattern=r"^[\w.-]+$")],
    kind: DatasetPicture,
    form: Form,
    services: ServicesDep,
    split: Annotated[Split, Query(description="whose rows")] = "train",
) -> Response:
    return picture(services.pictures.of_dataset(task, dataset, kind, split, form), form)


@router.put(
    "/{task}/active-model",
    summary="Promote a model, or roll back to an earlier one",
    responses=responses(404),
)
async def activate(task: Identifier, body: ActivateRequest, services: ServicesDep) -> Model:
    model = await services.writes(partial(services.registry.activate, task, body.model_id))
    await asyncio.to_thread(services.prediction.refresh)  # here at once; other API processes within their poll
    return model


@router.get(
    "/{task}/active-model/history", summary="Changes of the active model, newest first", responses=responses(404)
)
def activation_history(
    task: Identifier, services: ServicesDep, limit: Limit = 50, cursor: Cursor = None
) -> Page[Activation]:
    items, following = services.registry.history(task, limit, cursor)
    return Page(items=items, next=following)
