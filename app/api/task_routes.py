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
        self._route()

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
        self.endpoint.follow(self.contracts)
        self._route()
        self._generation = generation

    def _route(self) -> None:
        made = APIRouter()
        made.include_router(predict.router(self.contracts, self.endpoint))
        made.include_router(encoding.router([contract.task for contract in self.contracts], self._prediction))
        self._router.routes[:] = made.routes
        if self._api:
            self._api.openapi_schema = None  # made anew when it is asked for


def _contracts(tasks: TaskCatalog) -> Sequence[Contract]:
    return [contract_of(task) for task in tasks.all.values()]
