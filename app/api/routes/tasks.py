"""`/tasks`: what can be asked, and which model answers."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api.dependencies import Cursor, Identifier, Limit, ServicesDep, responses
from app.api.plots import PLOT, plot
from app.kinds.base import DatasetPlot, Split
from app.plots.style import Form
from app.wire.models import ActivateRequest, Activation, Model
from app.wire.pages import Page
from app.wire.tasks import TaskDetail, TaskSummary

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("", summary="All tasks")
def list_tasks(services: ServicesDep) -> Page[TaskSummary]:
    return Page(items=services.tasks.list(), next=None)


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
    dataset: Annotated[str, Path(max_length=64, pattern=r"^[\w.-]+$")],
    kind: DatasetPlot,
    form: Form,
    services: ServicesDep,
    split: Annotated[Split, Query(description="whose rows")] = "train",
) -> Response:
    return plot(services.plots.of_dataset(task, dataset, kind, split, form), form)


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
