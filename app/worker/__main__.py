"""The worker's composition root."""

import secrets
import socket
from collections.abc import Callable
from functools import partial
from threading import Event

from app import logs, processes
from app.artifacts.cached import artifact_store
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import DatasetCatalog
from app.db.engine import Database
from app.domain.clock import utc_now
from app.folders import check_writable
from app.metrics.catalog import TRANSACTION_SECONDS
from app.metrics.snapshots import Snapshots, folder_in
from app.metrics.stores import counted_in
from app.metrics.tally import Tally
from app.services.execution import WorkerService
from app.services.loads import Loads
from app.services.sweeps.driver import SweepDriver
from app.services.wakeups import Wakeups
from app.settings import Settings
from app.storage.remote import Remote, open_remote
from app.storage.watch import StoreWatch
from app.tasks.catalog import TaskCatalog
from app.webhook_secrets import secrets_of
from app.worker import scratch
from app.worker.executors import ProcessExecutor, checkpoints_dir
from app.worker.loop import Worker, WorkerLimits
from app.worker.protocols import Assignment, Executor
from app.worker.side_by_side import TRAINER_MEMORY, has_room, one_at_a_time, run_all, threads_each, usual_trainers


def work(settings: Settings) -> None:
    """Carry out queued runs until SIGTERM or SIGINT; then put the present one back and return."""
    logs.configure(settings.log_level)
    stop = processes.Stop()
    processes.stop_on_signals(stop)
    for folder, setting in ((settings.home, "DENSELY_HOME"), (settings.models_dir, "DENSELY_MODELS_DIR")):
        check_writable(folder, setting)
    scratch.sweep()
    tally = Tally()
    database = Database(settings.url, timed=partial(tally.observe_as, TRANSACTION_SECONDS, "worker"))
    database.check_revision()
    remote = _remote(settings, tally)
    watch = StoreWatch(remote)
    watch.start()  # before anything else is: a store that has to be mended is an end with one line
    worker_id = f"w-{socket.gethostname()[:40]}-{secrets.token_hex(4)}"
    join = _send_webhooks(settings, database, stop)
    snapshots = Snapshots(folder_in(settings.home), tally)
    snapshots.start()
    wakeups = Wakeups(database)
    executor, trainers = _executor(settings, database, remote)
    store = artifact_store(settings.models_dir, remote)
    worker = _workers(settings, database, worker_id, store, wakeups, executor, trainers, watch)
    first = worker(0)
    wakeups.start()
    try:
        run_all(lambda number: worker(number) if number else first, trainers, stop)
    finally:
        first.leave()
        join()
        snapshots.close()
        wakeups.close()
        database.close()
        watch.close()
        if remote:
            remote.close()


def _executor(settings: Settings, database: Database, remote: Remote | None) -> tuple[Executor, Callable[[], int]]:
    """What carries runs out, and how many at a time: now, since the nodes of a cluster come and go."""
    fixed = settings.trainers
    # What a trainer holds of the trials before must leave the next one room below its limit. TensorFlow never lets go
    # of a program that it has traced, so that each structure of a network leaves something behind.
    memory = settings.run_memory_limit_mib * 2**20
    kept = min(memory // 2, TRAINER_MEMORY)
    if settings.executor == "ray":
        from app.worker.ray_executor import RayExecutor  # which most workers do without

        loads = Loads(database, TaskCatalog(), DatasetCatalog(settings.datasets, settings.uploads, remote))
        database_form, store_form = (each.partition(":")[0] for each in (settings.url, settings.store_url))
        cluster = RayExecutor(
            _assignment(settings),
            settings.ray_address,
            loads.of,
            memory,
            kept,
            database=database_form,
            store=store_form,
        )
        return cluster, lambda: fixed or cluster.slots()
    trainers = fixed or usual_trainers()
    return ProcessExecutor(_assignment(settings), settings.warm_trainer, threads_each(trainers), kept), lambda: trainers


def _workers(
    settings: Settings,
    database: Database,
    worker_id: str,
    store: ArtifactStore,
    wakeups: Wakeups,
    executor: Executor,
    trainers: Callable[[], int],
    watch: StoreWatch,
) -> Callable[[int], Worker]:
    """Makes one for each run that is trained at a time, by number; they differ in what their claims are known by."""
    limits = WorkerLimits(
        poll=settings.poll_seconds,
        heartbeat=settings.heartbeat_seconds,
        lease=settings.lease_seconds,
        run_time=settings.run_time_limit_seconds,
        run_memory=settings.run_memory_limit_mib * 2**20,
    )
    advance = one_at_a_time(
        SweepDriver(database, utc_now, TaskCatalog(), settings.max_attempts, settings.max_queued_runs).advance
    )

    def worker(number: int) -> Worker:
        # A cluster knows its own memory, but may have become smaller.
        room = has_room if settings.executor == "process" else lambda: number < trainers()
        return Worker(
            WorkerService(database, utc_now, f"{worker_id}-{number}" if number else worker_id, settings.lease_seconds),
            executor,
            store,
            checkpoints_dir(settings.home),
            limits,
            advance=advance,
            room=room if number else None,
            wakeups=wakeups,
            may_claim=lambda: watch.is_there,
            trainers=trainers,
        )

    return worker


def _remote(settings: Settings, tally: Tally) -> Remote | None:
    places = (settings.models_dir, settings.uploads)
    return open_remote(settings.store_url, *places, settings.store_cache_mib, count=counted_in(tally))


def _assignment(settings: Settings) -> Assignment:
    return Assignment(
        database_url=settings.url,
        models_dir=str(settings.models_dir),
        datasets_dir=str(settings.datasets),
        uploads_dir=str(settings.uploads),
        encoded_dir=str(settings.home / "encoded"),
        encoded_cache_mib=settings.encoded_cache_mib,
        checkpoints_dir=str(checkpoints_dir(settings.home)),
        checkpoint_seconds=settings.checkpoint_seconds,
        log_level=settings.log_level,
        devices=settings.devices,
        store_url=settings.store_url,
        store_cache_mib=settings.store_cache_mib,
    )


def _send_webhooks(settings: Settings, database: Database, stop: Event) -> Callable[[], None]:
    """Until `stop` is set, if webhooks can be signed; what is returned waits for the end."""
    if not settings.webhook_secret:
        return lambda: None
    from app.services.webhooks import WebhookService
    from app.worker.webhooks import HttpPost, WebhookThreads  # an HTTP client, which most workers do without

    post = HttpPost(to_private=settings.webhooks_to_private)
    return WebhookThreads(WebhookService(database, utc_now, secrets_of(settings.webhook_secret), post), stop).join


if __name__ == "__main__":
    with processes.as_child():
        work(Settings())
