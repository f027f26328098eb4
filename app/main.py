"""The API's composition root."""

import os
from collections.abc import Callable
from datetime import timedelta
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
from app.api.threads import Probe, Writes
from app.api.uploads.uploads import Uploads
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db.engine import BUSY_TIMEOUT, Database, waiting_until
from app.domain.clock import Clock, utc_now
from app.inference.cache import PredictorCache
from app.metrics.catalog import TRANSACTION_SECONDS
from app.metrics.snapshots import Snapshots, folder_in
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
from app.services.advice import AdviceService
from app.services.answered import Answered
from app.services.answers import AnswerService
from app.services.audit import AuditService
from app.services.comparison import ComparisonService
from app.services.datasets import DatasetService
from app.services.disk import Places
from app.services.events import EventService
from app.services.keyring import Keyring
from app.services.keys import KeyService
from app.services.latency import LatencyService
from app.services.limits import Limits
from app.services.making import MakingService
from app.services.metrics import MetricsService
from app.services.own import OwnTasks
from app.services.owners import OwnerService
from app.services.plots import PlotService
from app.services.prediction import PredictionService
from app.services.quotas import Quotas
from app.services.registry import RegistryService
from app.services.reports import ReportService
from app.services.rows import RowService
from app.services.run_actions import RunActionService
from app.services.run_changes import RunChangeService
from app.services.run_lists import RunListService
from app.services.sweeps.service import SweepLimits, SweepService
from app.services.system import SystemService
from app.services.tasks import TaskService
from app.services.training import TrainingService
from app.services.uploading import UploadFolder
from app.services.webhooks import WebhookRules
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
    tasks = tasks or TaskCatalog()
    tally = Tally()
    database = Database(settings.url, timed=partial(tally.observe_as, TRANSACTION_SECONDS, "api"))
    changed = _Changes()
    services = _services(settings, database, tasks, clock, changed, tally)
    # Whoever is told of a run's end may ask its model next.
    feed = Feed(services.events, before_end=services.prediction.refresh)
    routes = TaskRoutes(tasks, services.prediction, Answered(tally))
    changed.follow += [routes.follow, services.prediction.follow]
    follower = Follower(services, ArtifactStore(settings.bundled_models), routes)

    def prepare() -> None:
        database.check_revision()
        follower.look()

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
            close=database.close,
        ),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(once_each)],
    )
    api.state.feed = feed
    api.state.prefix = settings.root_path
    return _assemble(api, services, settings, routes, prepare, Traffic(tally))


class _Changes:
    """Has this process follow at once what it has changed itself."""

    def __init__(self) -> None:
        self.follow: list[Callable[[], object]] = []

    def __call__(self) -> None:
        for each in self.follow:
            each()


def _services(
    settings: Settings, database: Database, tasks: TaskCatalog, clock: Clock, changed: _Changes, tally: Tally
) -> Services:
    """Everything that the routes use."""
    store = ArtifactStore(settings.models_dir)
    cache = PredictorCache(settings.max_predictors)
    catalog = DatasetCatalog(settings.datasets, settings.uploads)
    registry = RegistryService(database, tasks, store, catalog, clock, changed)
    limits = _limits(settings)
    training = _training(settings, database, tasks, catalog, clock)
    folder = UploadFolder(settings.uploads)
    prediction = PredictionService(database, tasks, store, cache)
    datasets = DatasetService(database, tasks, catalog, folder, clock, limits, changed)
    own = OwnTasks(database, tasks)
    changed.follow.append(own.follow)
    return Services(
        tasks=TaskService(tasks, catalog, registry),
        own=own,
        making=MakingService(database, tasks, training, folder, store, clock, limits, changed),
        datasets=datasets,
        rows=RowService(datasets, catalog, prediction),
        uploads=Uploads(settings.uploads, settings.max_uploads, settings.max_reading_seconds),
        training=training,
        advice=AdviceService(database, tasks, catalog, training),
        runs=RunListService(database, clock),
        run_changes=(changes := RunChangeService(database, training, clock)),
        run_actions=RunActionService(database, changes, registry, error_handlers.status_of),
        sweeps=SweepService(database, training, catalog, clock, _search_limits(settings, limits.quotas)),
        events=EventService(database, clock),
        keys=KeyService(database, clock, Keyring(settings.api_keys, needed=settings.require_keys, clock=clock)),
        owners=OwnerService(database),
        audit=AuditService(database),
        registry=registry,
        answers=AnswerService(database, store),
        reports=ReportService(database, store, prediction, LatencyService(clock)),
        comparison=ComparisonService(database, tasks, store, catalog),
        plots=PlotService(database, tasks, store, catalog),
        prediction=prediction,
        system=(system := SystemService(database, tasks, cache, clock, _places(settings))),
        metrics=MetricsService(database, clock, Snapshots(folder_in(settings.home), tally)),
        writes=Writes(waiting_until, BUSY_TIMEOUT),
        database_probe=Probe(system.check),
    )


def _training(
    settings: Settings, database: Database, tasks: TaskCatalog, catalog: DatasetCatalog, clock: Clock
) -> TrainingService:
    rules = WebhookRules(signed=bool(settings.webhook_secret), to_private=settings.webhooks_to_private)
    queue = (settings.max_attempts, settings.max_queued_runs)
    quotas = _limits(settings).quotas
    return TrainingService(database, tasks, catalog, clock, *queue, rules, _remembered(settings), quotas)


def _limits(settings: Settings) -> Limits:
    return Limits(
        tasks=settings.max_tasks,
        rows=settings.max_rows,
        columns=settings.max_columns,
        labels=settings.max_labels,
        bytes=settings.max_upload_mib * 2**20,
        quotas=Quotas(
            settings.max_queued_runs_per_key,
            settings.max_models_per_key,
            settings.max_datasets_per_key,
            settings.max_dataset_mib_per_key * 2**20,
        ),
    )


def _search_limits(settings: Settings, quotas: Quotas) -> SweepLimits:
    return SweepLimits(settings.max_sweeps, _remembered(settings), quotas)


def _remembered(settings: Settings) -> timedelta:
    return timedelta(hours=settings.idempotency_hours)


def _places(settings: Settings) -> Places:
    caches = (settings.home / "encoded", settings.home / "checkpoints")
    return Places(settings.models_dir, settings.datasets, settings.uploads, caches)


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
        Unusable: the folder of the models cannot take those that come with Densely.
    """
    logs.configure(settings.log_level)
    serving.stop_with_the_terminal()
    # Rather than where the user has no home, or in a temporary folder that nobody removes: matplotlib's list of fonts.
    os.environ.setdefault("MPLCONFIGDIR", str(settings.home / "matplotlib"))
    application = create_app(settings)
    application.prepare()  # here its errors are one line; in the lifespan they would be a traceback
    family = processes.family_of(settings.host, settings.port) if settings.workers > 1 else None
    serving.run(application, settings.host, settings.port, settings.keep_alive_seconds, family)


if __name__ == "__main__":
    with processes.as_child():
        serve(Settings())
