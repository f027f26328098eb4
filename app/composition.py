"""The API's services, put together from its settings; `main` puts the rest around them."""

from collections.abc import Callable
from datetime import timedelta

from app.api.dependencies import Services
from app.api.threads import Probe, Writes
from app.api.uploads.uploads import Uploads
from app.artifacts.cached import artifact_store
from app.datasets.catalog import DatasetCatalog
from app.db.engine import BUSY_TIMEOUT, Database, waiting_until
from app.domain.clock import Clock
from app.inference.cache import PredictorCache
from app.metrics.snapshots import Snapshots, folder_in
from app.metrics.stores import counted_in
from app.metrics.tally import Tally
from app.server import error_handlers
from app.services.advice import AdviceService
from app.services.answers import AnswerService
from app.services.audit import AuditService
from app.services.comparison import ComparisonService
from app.services.datasets import DatasetService
from app.services.disk import Places
from app.services.events import EventService
from app.services.filling import StoreFilling
from app.services.inputs import InputService
from app.services.keyring import Keyring
from app.services.keys import KeyService
from app.services.latency import LatencyService
from app.services.limits import Limits
from app.services.making import MakingService
from app.services.metrics import MetricsService
from app.services.own import OwnTasks
from app.services.owners import OwnerService
from app.services.pace import PaceService
from app.services.plots import PlotService
from app.services.prediction import PredictionService
from app.services.previews import PreviewService
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
from app.storage.remote import Remote, open_remote
from app.tasks.catalog import TaskCatalog


class Changes:
    """Has this process follow at once what it has changed itself."""

    def __init__(self) -> None:
        self.follow: list[Callable[[], object]] = []

    def __call__(self) -> None:
        for each in self.follow:
            each()


def services_of(
    settings: Settings, database: Database, tasks: TaskCatalog, clock: Clock, changed: Changes, tally: Tally
) -> Services:
    """Everything that the routes use."""
    remote = _remote(settings, tally)
    store, cache = artifact_store(settings.models_dir, remote), PredictorCache(settings.max_predictors)
    catalog = DatasetCatalog(settings.datasets, settings.uploads, remote)
    registry = RegistryService(database, tasks, store, catalog, clock, changed)
    training = _training(settings, database, tasks, catalog, clock)
    limits, folder = _limits(settings), UploadFolder(settings.uploads, remote)
    return Services(
        tasks=TaskService(tasks, catalog, registry),
        own=OwnTasks(database, tasks),
        making=MakingService(database, tasks, training, folder, store, clock, limits, changed),
        datasets=(datasets := DatasetService(database, tasks, catalog, folder, clock, limits, changed)),
        prediction=(prediction := PredictionService(database, tasks, store, cache)),
        rows=RowService(datasets, catalog, prediction),
        uploads=Uploads(settings.uploads, settings.max_uploads, settings.max_reading_seconds),
        training=training,
        previews=PreviewService(training, InputService(database, store), PaceService(database, tasks, catalog, clock)),
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
        system=(system := SystemService(database, tasks, store, cache, clock, _places(settings))),
        metrics=MetricsService(database, clock, Snapshots(folder_in(settings.home), tally)),
        writes=Writes(waiting_until, BUSY_TIMEOUT),
        database_probe=Probe(system.check),
        remote=remote,
        filling=StoreFilling(database, store, folder, registry.kept),
    )


def _remote(settings: Settings, tally: Tally) -> Remote | None:
    """The object store of the settings, if there is one: folders of this machine are caches of it."""
    places = (settings.models_dir, settings.uploads)
    return open_remote(settings.store_url, *places, settings.store_cache_mib, count=counted_in(tally))


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
