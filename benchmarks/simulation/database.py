"""Transactions of a run's life on a PostgreSQL of our own, which forces commits to the disk, and what idles there."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import psutil

from app.datasets.catalog import DatasetCatalog
from app.db import epochs, events, migrate, runs
from app.db.engine import Database, Transaction
from app.db.engine import lock as real_lock
from app.domain.clock import utc_now
from app.domain.runs import Measured, Metrics
from app.services import training
from app.services.execution import Claim, WorkerService
from app.services.training import TrainingService
from app.tasks.catalog import TaskCatalog
from app.wire.runs import Progress, TrainRequest
from benchmarks.service import Service
from benchmarks.simulation import figures
from tests.support import postgres

Result = TypeVar("Result")

RUNS = 150
IDLE_SECONDS = 6.0
EPOCHS_AT_ONCE = 5  # rows of one write


class Watch:
    """Seconds of each kind of transaction: whole, with the lock held, and of PostgreSQL's processes."""

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._locked: float | None = None
        self.found: dict[str, list[figures.Transaction]] = {}

    def lock(self, tx: Transaction, name: str) -> None:
        """As the engine's; notes when it was had."""
        real_lock(tx, name)
        if self._locked is None:
            self._locked = time.perf_counter()

    def __call__(self, name: str, count: int, work: Callable[[int], Result]) -> list[Result]:
        """So many times; the first tenth is not counted. Results in order."""
        results, kept = [], []
        before = 0.0
        for number in range(count):
            if number == count // 10:
                before = self._cpu()
            self._locked, started = None, time.perf_counter()
            results.append(work(number))
            ended = time.perf_counter()
            kept.append((ended - started, ended - self._locked if self._locked else 0.0))
        kept = kept[count // 10 :]
        whole, held = (statistics.median(each) for each in zip(*kept, strict=True))  # others may use the machine
        self.found.setdefault(name, []).append(figures.Transaction(whole, held, (self._cpu() - before) / len(kept)))
        return results

    def _cpu(self) -> float:
        """Backends too, which live as long as the pool's connections."""
        parts = [self._server, *self._server.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in parts)


def of_a_run(url: str, server: psutil.Process) -> dict[str, figures.Transaction]:
    """Queue, claim, write epochs of, renew and end many runs, one after the other."""
    migrate.upgrade(url)
    database, tasks = Database(url), TaskCatalog()
    watch = Watch(server)
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(events, "lock", watch.lock),
        patch.object(training, "lock", watch.lock),
    ):
        service = TrainingService(database, tasks, DatasetCatalog(Path(folder)), utc_now, 3, 10**6)
        worker = WorkerService(database, utc_now, "w-measuring", 60)
        asked = TrainRequest(task="planar", dataset="sample")
        watch("queue", RUNS, lambda _: service.submit(asked))
        claims = watch("claim", RUNS, lambda _: worker.claim())
        held: list[Claim] = [each for each in claims if each]

        def write(number: int) -> None:
            claim = held[number]
            rows = [
                Measured(0, n, 0.04, {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.5}, utc_now()) for n in range(1, 6)
            ]
            with database.write() as tx:
                epochs.record_epochs(tx, claim.run.id, claim.lease_id, rows, Progress(epochs=EPOCHS_AT_ONCE))

        def end(number: int) -> None:
            claim = held[number]
            with database.write() as tx:
                runs.publish(tx, claim.run.id, claim.lease_id, utc_now(), Metrics())

        watch("renew", RUNS, lambda number: worker.renew(held[number]))
        watch("look", RUNS, lambda number: worker.cancel_requested(held[number]))
        watch("epochs", RUNS, write)
        watch("end", RUNS, end)
        watch("idle", RUNS, lambda _: worker.claim())
    database.close()
    return {name: found[0] for name, found in watch.found.items()}


def server_of(port: int) -> psutil.Process:
    """PostgreSQL's first process, which listens there."""
    listening = [each for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port == port]
    return psutil.Process(next(each.pid for each in listening if each.status == psutil.CONN_LISTEN))


def idle(url: str, server: psutil.Process, command: str) -> figures.Idle:
    """What a service without anything to do asks for."""
    import psycopg

    name = url.rpartition("/")[2]
    asked = "SELECT xact_commit FROM pg_stat_database WHERE datname = %s"

    def look() -> tuple[float, float]:
        with psycopg.connect(f"{url.rpartition('/')[0]}/postgres", autocommit=True) as connection:
            connection.execute("SELECT pg_stat_clear_snapshot()")
            row = connection.execute(asked, [name]).fetchone()
        parts = [server, *server.children(recursive=True)]
        return float(row[0] if row else 0), sum(sum(process.cpu_times()[:2]) for process in parts)

    settings = {"DENSELY_DATABASE_URL": url, "DENSELY_WARM_TRAINER": "false", "DENSELY_TRAINERS": "1"}
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), settings, command):
        time.sleep(3)
        before, started = look(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        after, took = look(), time.monotonic() - started
    return figures.Idle(max((after[0] - before[0]) / took, 0), max((after[1] - before[1]) / took, 0))


def measured() -> tuple[dict[str, figures.Transaction], figures.Idle, figures.Idle]:
    """Of transactions, of an idle API process, and of an idle worker with one trainer."""
    with patch.object(postgres, "SETTINGS", ("unix_socket_directories=",)), postgres.running() as cluster:
        server = server_of(cluster.port)
        found = of_a_run(cluster.new_database(), server)
        url = cluster.new_database()
        migrate.upgrade(url)
        alone = idle(url, server, "serve")
        both = idle(url, server, "up")
    worker = figures.Idle(max(both.transactions - alone.transactions, 0), max(both.cpu - alone.cpu, 0))
    return found, alone, worker
