"""What runs here: versions, workers, devices, and whether requests can be answered."""

import platform
from datetime import datetime, timedelta
from importlib import metadata

import app
from app.artifacts.store import ArtifactStore
from app.db import condition, workers
from app.db.engine import Database, Transaction
from app.domain.clock import Clock
from app.errors import Unavailable
from app.inference.cache import PredictorCache
from app.services.disk import Places, disk
from app.tasks.catalog import TaskCatalog
from app.wire.system import Readiness, System, Worker

AWAY = "its model is in the object store, which does not give it now"
WORKER_ALIVE = timedelta(seconds=30)  # a worker not seen for longer does not count


def alive_of(tx: Transaction, now: datetime) -> list[Worker]:
    """The workers that are alive, whatever release each is of."""
    return [Worker.model_validate(row._asdict()) for row in workers.alive(tx, now - WORKER_ALIVE)]


class SystemService:
    """Looks at the installation as a whole."""

    def __init__(
        self,
        database: Database,
        tasks: TaskCatalog,
        store: ArtifactStore,
        cache: PredictorCache,
        clock: Clock,
        places: Places,
    ) -> None:
        self._places = places
        self._database = database
        self._tasks = tasks
        self._store = store
        self._cache = cache
        self._clock = clock

    def system(self) -> System:
        """Versions, workers and their devices."""
        with self._database.read() as tx:
            alive = alive_of(tx, self._clock())
            size = condition.size_of(self._database, tx)
        packages = ("fastapi", "numpy", "pydantic", "sqlalchemy", "uvicorn")
        return System(
            version=app.__version__,
            python=platform.python_version(),
            versions={name: metadata.version(name) for name in packages},
            database=self._database.engine.dialect.name,
            workers=alive,
            disk=disk(size, self._places),
        )

    def check(self) -> None:
        """
        Raises:
            Unavailable: the database does not answer, needs a migration, or is damaged.
        """
        self._database.check_revision()
        condition.look(self._database)

    def readiness(self, task: str | None = None, told: frozenset[str] | None = None) -> Readiness:
        """What can be answered, where `check` has found nothing wrong. It asks nobody, and looks at the cache's folder.

        Without a task, a damaged model does not count: it takes only its own task out of service. Nor does an object
        store that has gone away, unless it was away when this process began: then others may have what this one lacks.
        `told`: the tasks of which more may be said than whether they are answered; None: all.

        Raises:
            NotFound: there is no such task; of one that is not `told`, that it is not answered.
            Unavailable: no model answers this one; or, without a task, see above.
        """
        active, waiting, broken = self._cache.active, self._cache.waiting, self._cache.broken
        absent = {name: AWAY for name, row in waiting.items() if not self._store.is_reachable(name, row.id)}
        states = dict.fromkeys([*active, *waiting], "ready") | absent | broken
        known = task is None or told is None or task in told
        if task is not None and (self._find(task) if known else task) not in {*active, *waiting} - absent.keys():
            why = f": {states.get(task, 'it has no active model')}" if known else ""
            raise Unavailable(f"task {task!r} is not answered{why}")
        if task is None and not self._store.has_answered and {*absent, *broken} - active.keys():
            raise Unavailable("the object store has not answered since this process began, which lacks models of it")
        return Readiness(ready=True, tasks={name: states[name] for name in states if told is None or name in told})

    def _find(self, task: str) -> str:
        """
        Raises:
            NotFound: there is no such task.
        """
        return task if task in self._tasks.all else self._tasks.get(task).name
