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
        self.contracts: Sequence[Contract] = [contract_of(task) for task in tasks.all.values()]
        self.endpoint = predict.Endpoint(self.contracts, prediction)
        self._api: FastAPI | None = None
        self._tasks = tasks
        self._prediction = prediction
        self._generation = -1
        self._router = APIRouter()
        self.follow()

    def join(self, api: FastAPI) -> None:
        """Have an application serve these routes."""
        api.include_router(self._router)
        self._api = api

    def follow(self) -> None:
        """Nothing, unless the tasks have changed."""
        generation, tasks = self._tasks.generation, list(self._tasks.all.values())
        if generation == self._generation:
            return
        self.contracts = [contract_of(task) for task in tasks]
        made = APIRouter()
        made.include_router(predict.router(self.contracts, self.endpoint))
        made.include_router(encoding.router(tasks, self._prediction))
        self.endpoint.follow(self.contracts)
        self._router.routes[:] = made.routes
        if self._api:
            self._api.openapi_schema = None  # made anew when it is asked for
        self._generation = generation
