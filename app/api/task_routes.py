"""The routes that are made of the tasks: `/predict`, `/tasks/{task}/encode` and `/decode`. They follow the catalog."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from app.api.contracts import Contract, contract_of
from app.api.routes import encoding, predict
from app.services.prediction import PredictionService
from app.tasks.catalog import TaskCatalog


class TaskRoutes:
    """A router whose routes are made anew when the tasks change."""

    def __init__(self, tasks: TaskCatalog, prediction: PredictionService) -> None:
        self._tasks = tasks
        self._prediction = prediction
        self._generation = tasks.generation
        self._api: FastAPI | None = None
        self._router = APIRouter()
        self.contracts = _contracts(tasks)
        self.endpoint = predict.Endpoint(self.contracts, prediction)
        self._serve(self._made())

    def join(self, api: FastAPI) -> None:
        """Have an application serve these routes."""
        api.include_router(self._router)
        self._api = api

    def follow(self) -> None:
        """Nothing, unless the tasks have changed."""
        generation = self._tasks.generation
        if generation == self._generation:
            return
        self.contracts = _contracts(self._tasks)
        made = self._made()  # which takes a while, so first: a task that goes is gone from everywhere at once
        self.endpoint.follow(self.contracts)
        self._serve(made)
        self._generation = generation

    def _made(self) -> APIRouter:
        made = APIRouter()
        made.include_router(predict.router(self.contracts, self.endpoint))
        made.include_router(encoding.router([contract.task for contract in self.contracts], self._prediction))
        return made

    def _serve(self, made: APIRouter) -> None:
        self._router.routes[:] = made.routes
        if self._api:
            self._api.openapi_schema = None  # made anew when it is asked for


def _contracts(tasks: TaskCatalog) -> Sequence[Contract]:
    return [contract_of(task) for task in tasks.all.values()]
