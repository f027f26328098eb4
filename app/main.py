"""The API's composition root."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Receive, Scope, Send

import app
from app import logs, processes
from app.api import error_handlers, openapi
from app.api.contracts import contract_of
from app.api.dependencies import Services
from app.api.gate import Gate
from app.api.routes import compare, encoding, models, predict, runs, system, tasks
from app.api.transport import Protocol
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import Catalog
from app.db.engine import Database
from app.domain.clock import Clock, utc_now
from app.inference.cache import PredictorCache
from app.services.comparison import ComparisonService
from app.services.pictures import PictureService
from app.services.prediction import PredictionService
from app.services.registry import RegistryService
from app.services.system import SystemService
from app.services.training import TrainingService
from app.settings import Settings
from app.tasks import registry

log = logs.get()

# How long a thread with a big batch may go on while the event loop waits for its turn; Python's default is 5 ms.
SWITCH_SECONDS = 0.0005

_DESCRIPTION = """Trains small Keras networks and serves them. Errors are problem documents (RFC 9457); times are
ISO 8601 in UTC; lists page with `limit` and `cursor`. Every response carries `X-Request-ID`."""


class Application:
    """FastAPI, with a way past its routing and middleware, which cost more than a prediction."""

    def __init__(self, api: FastAPI, direct: Mapping[str, ASGIApp]) -> None:
        """`direct`: what answers a POST, by path; each behind a gate of its own."""
        self.api = api
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        direct = self._direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (direct or self.api)(scope, receive, send)


def create_app(settings: Settings, clock: Clock = utc_now) -> Application:
    """The application; it opens nothing before its lifespan starts."""
    database = Database(settings.url)
    store = ArtifactStore(settings.models_dir)
    cache = PredictorCache(settings.max_predictors)
    catalog = Catalog(settings.datasets)
    services = Services(
        training=TrainingService(database, catalog, clock, settings.max_attempts, settings.max_queued_runs),
        registry=RegistryService(database, store, clock),
        comparison=ComparisonService(database, store),
        pictures=PictureService(database, store),
        prediction=PredictionService(database, store, cache, clock),
        system=SystemService(database, cache, clock),
        catalog=catalog,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        database.check_revision()
        services.registry.register_bundled(ArtifactStore(settings.bundled_models))
        services.prediction.refresh()
        poll = asyncio.create_task(_keep_fresh(services.prediction, settings.active_poll_seconds))
        yield
        poll.cancel()
        database.close()

    api = FastAPIOffline(
        title="Densely",
        version=app.__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
    )
    return _assemble(api, services, settings)


def _assemble(api: FastAPI, services: Services, settings: Settings) -> Application:
    """The routes, the error handlers, the description and the gate."""
    all_tasks = list(registry.all_tasks().values())
    contracts = [contract_of(task) for task in all_tasks]
    prediction = predict.Endpoint(contracts, services.prediction, settings.max_inflight)
    api.state.services = services
    api.include_router(predict.router(contracts, prediction))
    api.include_router(encoding.router(all_tasks, services.prediction))
    for module in (tasks, runs, models, compare, system):
        api.include_router(module.router)
    error_handlers.install(api)
    openapi.install(api, contracts, keyed=bool(settings.api_keys))
    gate = partial(Gate, keys=settings.api_keys, host=settings.host, max_body=settings.max_body_mib * 2**20)
    api.add_middleware(gate)
    return Application(api, {"/predict": gate(prediction)})


async def _keep_fresh(prediction: PredictionService, seconds: float) -> None:
    """Follow the active models, so that no request has to ask the database."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(prediction.refresh)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; what is loaded goes on answering
            log.warning("refresh.failed", error=repr(error))


def from_environment() -> Application:
    """The application of one API process among several."""
    settings = Settings()
    logs.configure(settings.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    processes.stop_when_orphaned()
    return create_app(settings)


def serve(settings: Settings) -> None:
    """Run the API until it is told to stop.

    Raises:
        Unavailable: the database does not answer, or needs a migration.
    """
    logs.configure(settings.log_level)
    database = Database(settings.url)
    database.check_revision()  # here it is one line; in the lifespan it would be a traceback
    database.close()
    several = settings.workers > 1
    sys.setswitchinterval(SWITCH_SECONDS)
    uvicorn.run(
        "app.main:from_environment" if several else create_app(settings),
        factory=several,
        workers=settings.workers,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        http=Protocol,
        server_header=False,
        proxy_headers=False,  # nothing here depends on who the client is
    )


if __name__ == "__main__":
    processes.stop_with_parent()
    serve(Settings())
