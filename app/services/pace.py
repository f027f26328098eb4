"""How long a training takes here, by those that were carried out before."""

import math
from collections.abc import Sequence

from app.datasets.catalog import DatasetCatalog
from app.db import history
from app.db.engine import Database, Transaction
from app.domain import estimates
from app.domain.clock import Clock
from app.domain.estimates import Basis, Job, Past, Told, Work
from app.domain.texts import MultiHot, NGrams
from app.errors import DenselyError
from app.services.queueing import next_start
from app.tasks.catalog import TaskCatalog

MOST_RUNS = 40  # that have ended, to learn from
WORDS = 200  # of a text, about: the numbers of its row that are not zero


class PaceService:
    """Estimates how long runs take."""

    def __init__(self, database: Database, tasks: TaskCatalog, catalog: DatasetCatalog, clock: Clock) -> None:
        self._database = database
        self._tasks = tasks
        self._catalog = catalog
        self._clock = clock

    def tell(self, job: Job) -> tuple[Told | None, float | None]:
        """How long a run would take, None: nothing is known; how many seconds it would wait, None: that too."""
        with self._database.read() as tx:
            return self._estimate(tx, job), next_start(tx, self._clock())

    def _estimate(self, tx: Transaction, job: Job) -> Told | None:
        """From runs of the same recipe, else of the same rows, else of any; None: there are none."""
        past = history.succeeded(tx, job.task, job.dataset, MOST_RUNS)
        if same := [_seconds(one) for one in past if one.is_like(job)]:
            return estimates.of_same(same)
        work = self._work(job)
        basis: Basis
        for basis, found in (("similar runs", past), ("weights", history.succeeded(tx, None, None, MOST_RUNS))):
            if work and (known := self._past(tx, found)):
                return estimates.of_others(work, known, basis)
        return None

    def _past(self, tx: Transaction, jobs: Sequence[Job]) -> list[Past]:
        """Those of which enough is known."""
        paces = history.epoch_seconds(tx, [job.id for job in jobs])
        return [
            Past(work, _seconds(job), pace, job.epochs * job.fits)
            for job in jobs
            if (pace := paces.get(job.id)) and job.epochs and (work := self._work(job))
        ]

    def _work(self, job: Job) -> Work | None:
        """What a run has to do; None where its task or its rows are not there any more."""
        task = self._tasks.all.get(job.task)
        info = task.dataset(job.dataset) if task else None
        if task is None or info is None:
            return None
        features = job.recipe.features
        width = task.input_width(features)
        numbers = min(width, WORDS) if isinstance(features, MultiHot | NGrams) else width
        try:
            stages = job.recipe.stages(task.picture_shape or (width,), task.output_units(job.recipe.head))
        except DenselyError:  # the task's form is another one by now
            return None
        return estimates.work_of(job, self._catalog.train_rows(info), stages, numbers)


def _seconds(job: Job) -> float:
    if job.started_at is None or job.finished_at is None:
        return math.nan
    return (job.finished_at - job.started_at).total_seconds()
