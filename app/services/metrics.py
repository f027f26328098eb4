"""What is measured: by the processes, each of itself, and by the database, which is the same for whoever asks."""

import platform
from collections.abc import Iterator

import app
from app.db import figures, totals, workers
from app.db.base import SCHEMA_REVISION
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.domain.runs import RunStatus
from app.errors import Unavailable
from app.metrics import catalog
from app.metrics.catalog import Labels, Metric
from app.metrics.snapshots import Snapshots
from app.metrics.tally import Sample, added
from app.services.system import WORKER_ALIVE

_TOTALS = {
    totals.CHANGES: catalog.RUN_CHANGES,
    totals.EPOCHS: catalog.EPOCHS,
    totals.EPOCH_SECONDS: catalog.EPOCH_SECONDS,
    totals.LEASES_LOST: catalog.LEASES_LOST,
    totals.WEBHOOK_TRIES: catalog.WEBHOOK_TRIES,
}


class MetricsService:
    """Reads the metrics of the installation."""

    def __init__(self, database: Database, clock: Clock, snapshots: Snapshots) -> None:
        self._database = database
        self._clock = clock
        self._snapshots = snapshots

    def start(self) -> None:
        """Have the other processes see what this one counts."""
        self._snapshots.start()

    def close(self) -> None:
        """Leave it to them."""
        self._snapshots.close()

    def scrape(self, accept: str) -> tuple[bytes, str]:
        """All metrics as text, and its content type; `accept`: the header of who asks.

        Without the database those that the processes count are there, and `densely_database_up` is 0.
        """
        from app.metrics.exposition import render  # a library that a start need not wait for

        try:
            with self._database.read() as tx:
                known = [*self._known(tx), _sample(catalog.DATABASE_UP, 1)]
        except Unavailable:
            known = [_sample(catalog.DATABASE_UP, 0)]
        build = (app.__version__, platform.python_version(), SCHEMA_REVISION, self._database.engine.dialect.name)
        return render(added([*self._snapshots.collect(), *known, _sample(catalog.BUILD, 1, build)]), accept)

    def _known(self, tx: Transaction) -> Iterator[Sample]:
        now = self._clock()
        by_status = figures.runs_by_status(tx)
        for status, number in by_status.items():
            yield _sample(catalog.RUNS, number, (str(status),))
        yield _sample(catalog.QUEUE_LENGTH, by_status[RunStatus.QUEUED])
        since = figures.queued_since(tx)
        yield _sample(catalog.QUEUE_AGE, max(0.0, (now - since).total_seconds()) if since else 0)
        for row in totals.every(tx):
            if metric := _TOTALS.get(row.name):
                labels = {"task": row.task, "change": row.kind, "outcome": row.kind}
                yield _sample(metric, row.value, tuple(labels[name] for name in metric.labels))
        alive = workers.alive(tx, now - WORKER_ALIVE)
        yield _sample(catalog.WORKERS, len(alive))
        for worker in alive:
            yield _sample(catalog.TRAINER_MEMORY, worker.trainer_memory or 0, (worker.id,))


def _sample(metric: Metric, value: float, labels: Labels = ()) -> Sample:
    return Sample(metric.name, labels, [value])
