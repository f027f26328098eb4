"""The routes that are made of the tasks: `/predict`, `/tasks/{task}/encode` and `/decode`. They follow the catalog.

What is made of a task takes some milliseconds, and there may be hundreds: those that are here at the start have theirs
at once, of all others it is made when it is first asked for.
"""

from threading import Lock

from fastapi import APIRouter, FastAPI

from app.api.contracts import Contracts
from app.api.routes import encoding, predict
from app.services.answered import Answered
from app.services.prediction import PredictionService
from app.tasks.catalog import TaskCatalog


class TaskRoutes:
    """Answers for the tasks that there are."""

    def __init__(self, tasks: TaskCatalog, prediction: PredictionService, answered: Answered) -> None:
        self._tasks = tasks
        self._prediction = prediction
        self._generation = tasks.generation
        self._api: FastAPI | None = None
        self._following = Lock()
        self.contracts = Contracts(tasks.all)
        self._codecs = encoding.Codecs(tasks.all, prediction)
        self.endpoint = predict.Endpoint(self.contracts, prediction, answered)
        self._router = APIRouter(include_in_schema=False)
        self._router.include_router(predict.router(self.endpoint))
        self._router.include_router(encoding.router(self._codecs))

    def join(self, api: FastAPI) -> None:
        """Have an application serve these routes."""
        api.include_router(self._router)
        self._api = api

    def described(self) -> APIRouter:
        """The same routes with the forms of every task, to be described; of very many that takes seconds."""
        made = APIRouter()
        made.include_router(predict.described(list(self.contracts.values())))
        made.include_router(encoding.described(self._codecs))
        return made

    def follow(self) -> None:
        """Nothing, unless the tasks have changed; then what was made of tasks that are as they were stays."""
        with self._following:
            generation = self._tasks.generation
            if generation == self._generation:
                return
            self.contracts.follow(self._tasks.all)
            self._codecs.follow(self._tasks.all)
            self._generation = generation
            if self._api:
                self._api.openapi_schema = None  # made anew when it is asked for
