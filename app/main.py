"""The API's composition root."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

import app
from app import logs, processes
from app.api import error_handlers, openapi
from app.api.contracts import contract_of
from app.api.dependencies import Services
from app.api.gate import Gate
from app.api.routes import compare, encoding, models, page, predict, runs, system, tasks
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

_DESCRIPTION = """Trains small Keras networks and serves them. Errors are problem documents (RFC 9457); times are
ISO 8601 in UTC; lists page with `limit` and `cursor`. Every response carries `X-Request-ID`."""


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
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
    _install(api, services, keyed=bool(settings.api_keys))
    api.add_middleware(Gate, keys=settings.api_keys, host=settings.host, max_body=settings.max_body_mib * 2**20)
    return api


def _install(api: FastAPI, services: Services, *, keyed: bool) -> None:
    """The routes, the error handlers and the description."""
    all_tasks = list(registry.all_tasks().values())
    contracts = [contract_of(task) for task in all_tasks]
    api.state.services = services
    api.include_router(predict.router(contracts, services.prediction))
    api.include_router(encoding.router(all_tasks, services.prediction))
    for module in (tasks, runs, models, compare, system, page):
        api.include_router(module.router)
    error_handlers.install(api)
    openapi.install(api, contracts, keyed=keyed)


async def _keep_fresh(prediction: PredictionService, seconds: float) -> None:
    """Follow the active models, so that no request has to ask the database."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(prediction.refresh)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; what is loaded goes on answering
            log.warning("refresh.failed", error=repr(error))


def serve(settings: Settings) -> None:
    """Run the API until it is told to stop.

    Raises:
        Unavailable: the database does not answer, or needs a migration.
    """
    logs.configure(settings.log_level)
    database = Database(settings.url)
    database.check_revision()  # here it is one line; in the lifespan it would be a traceback
    database.close()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    processes.stop_with_parent()
    serve(Settings())
