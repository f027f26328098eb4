"""The API's composition root."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

import app
from app import logs, processes
from app.api import openapi
from app.api.dependencies import Services, once_each
from app.api.feed import Feed
from app.api.follower import Follower
from app.api.lifespan import lifespan
from app.api.routes import (
    advice,
    audit,
    compare,
    datasets,
    docs,
    events,
    metrics,
    models,
    page,
    runs,
    sweeps,
    system,
    tasks,
)
from app.api.task_routes import TaskRoutes
from app.api.waking import Waker
from app.artifacts.store import ArtifactStore
from app.composition import Changes, services_of
from app.db.engine import Database
from app.domain.clock import Clock, utc_now
from app.metrics.catalog import TRANSACTION_SECONDS
from app.metrics.tally import Tally
from app.proxies import Proxies
from app.rates import Rate
from app.server import error_handlers, serving
from app.server.access import Access
from app.server.application import Application
from app.server.cors import Cors
from app.server.counters import SharedCounters
from app.server.gate import DirectGate, Gate
from app.server.rates import Rates
from app.server.stamp import Stamp
from app.server.timeouts import ConnectionLimits
from app.server.traffic import Traffic
from app.services.answered import Answered
from app.services.wakeups import Topic, Wakeups
from app.settings import Settings
from app.tasks.catalog import TaskCatalog

COMPRESSED_FROM = 2_048  # bytes of an answer, where the client takes gzip
PACKED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream", "application/vnd.apache.parquet")
_DESCRIPTION = """Trains small Keras networks and serves them. Errors are problem documents (RFC 9457); times are
ISO 8601 in UTC; lists page with `limit` and `cursor`. Every response carries `X-Request-ID`. `HEAD` is answered
wherever `GET` is. A body may come with `Content-Encoding: gzip` or `deflate`; limits are those of what it holds."""


def create_app(settings: Settings, clock: Clock = utc_now, tasks: TaskCatalog | None = None) -> Application:
    """The application; it opens nothing before it is prepared, or its lifespan starts.

    `tasks`: those that come with Densely unless told otherwise.
    """
    tasks, tally, changed = tasks or TaskCatalog(), Tally(), Changes()
    database = Database(settings.url, timed=partial(tally.observe_as, TRANSACTION_SECONDS, "api"))
    services = services_of(settings, database, tasks, clock, changed, tally)
    # Whoever is told of a run's end may ask its model next.
    wakeups = Wakeups(database)
    feed = Feed(services.events, before_end=services.prediction.refresh_soon, waker=Waker(wakeups, Topic.EVENTS))
    routes = TaskRoutes(tasks, services.prediction, Answered(tally))
    changed.follow += [services.own.follow, routes.follow, services.prediction.follow]
    waker = Waker(wakeups, Topic.SHARED)
    follower = Follower(services, ArtifactStore(settings.bundled_models), routes, waker=waker)

    def prepare() -> None:
        database.check_revision()
        follower.begin()
        wakeups.start()

    api = FastAPIOffline(
        title="Densely",
        version=app.__version__,
        description=_DESCRIPTION,
        lifespan=lifespan(
            services,
            feed,
            follower,
            poll_seconds=settings.active_poll_seconds,
            prepare=prepare,
            close=partial(_close, wakeups, database),
        ),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(once_each)],
    )
    api.state.feed = feed
    api.state.prefix = settings.root_path
    return _assemble(api, services, settings, routes, prepare, Traffic(tally))


def _close(wakeups: Wakeups, database: Database) -> None:
    wakeups.close()
    database.close()


def _assemble(
    api: FastAPI,
    services: Services,
    settings: Settings,
    routes: TaskRoutes,
    prepare: Callable[[], None],
    traffic: Traffic,
) -> Application:
    """The routes, the error handlers, the description and the gate."""
    api.state.services = services
    routes.join(api)
    for module in (tasks, datasets, runs, advice, sweeps, events, models, compare, system, audit, metrics, page, docs):
        api.include_router(module.router)
    error_handlers.install(api)
    ring = services.keys.ring
    openapi.install(api, routes.contracts, routes.described, keyed=lambda: ring.needed, root=settings.root_path)

    def close() -> None:
        api.state.feed.close()
        services.uploads.close()

    options = _gate_options(settings, services, traffic)
    api.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=5, exclude_content_types=PACKED)
    api.add_middleware(Stamp, name=page.VERSION, value=page.version())
    api.add_middleware(Gate, max_upload=settings.max_upload_mib * 2**20, **options)
    return Application(
        api,
        {
            "/predict": DirectGate(routes.endpoint, max_inflight=settings.max_inflight, **options),
        },
        prepare=prepare,
        close_streams=close,
        root=settings.root_path,
        cors=options["cors"],
        traffic=traffic,
        limits=_connections(settings),
        proxies=Proxies(settings.trusted_proxies) if settings.trusted_proxies else None,
    )


def _gate_options(settings: Settings, services: Services, traffic: Traffic) -> dict[str, Any]:
    per_address = Rate.of(settings.rate_per_address) if settings.rate_per_address else None
    return {
        "rates": Rates(SharedCounters(settings.home / "rates"), per_address, processes=settings.workers),
        "access": Access(services.keys.ring, settings.host, services.owners.task_of),
        "cors": Cors(settings.cors_origins) if settings.cors_origins else None,
        "max_body": settings.max_body_mib * 2**20,
        "traffic": traffic,
    }


def _connections(settings: Settings) -> ConnectionLimits:
    most = serving.connections_for_files(settings.max_connections)
    return ConnectionLimits(settings.head_seconds, settings.max_body_seconds, most)


def serve(settings: Settings) -> None:
    """Run one API process until it is told to stop.

    Raises:
        Unavailable: the database does not answer, or needs a migration.
        Unusable: the folder of the models cannot take those that come with Densely, or the store has to be mended.
    """
    logs.configure(settings.log_level)
    serving.stop_with_the_terminal()
    # Rather than where the user has no home, or in a temporary folder that nobody removes: matplotlib's list of fonts.
    os.environ.setdefault("MPLCONFIGDIR", str(settings.home / "matplotlib"))
    application = create_app(settings)
    application.prepare()  # here its errors are one line; in the lifespan they would be a traceback
    family = processes.family_of(settings.host, settings.port) if settings.workers > 1 else None
    keep_alive, drain = settings.keep_alive_seconds, settings.drain_seconds
    serving.run(application, settings.host, settings.port, keep_alive, family, drain)


if __name__ == "__main__":
    with processes.as_child():
        serve(Settings())
