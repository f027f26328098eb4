"""How large a run is, for a cluster that has to find room for it."""

import math

from app.datasets.catalog import DatasetCatalog
from app.db.engine import Database
from app.domain.asks import Load
from app.domain.texts import MultiHot, NGrams
from app.errors import DenselyError
from app.services import own
from app.services.pace import WORDS
from app.tasks.catalog import TaskCatalog
from app.wire.runs import Run


class Loads:
    """Looks at the run's task and its dataset; one thread at a time."""

    def __init__(self, database: Database, tasks: TaskCatalog, catalog: DatasetCatalog) -> None:
        self._database = database
        self._tasks = tasks
        self._catalog = catalog

    def of(self, run: Run) -> Load:
        """What is known of it: nothing while the database is away, or where its trainer will say what is wrong."""
        try:
            with self._database.read() as tx:
                own.load(tx, self._tasks, run.task)
            return self._of(run)
        except DenselyError:
            return Load()

    def _of(self, run: Run) -> Load:
        task = self._tasks.all.get(run.task)
        info = task.dataset(run.dataset) if task else None
        if task is None or info is None:
            return Load()
        features = run.recipe.features
        width = task.input_width(features)
        stages = run.recipe.stages(task.picture_shape or (width,), task.output_units(run.recipe.head))
        return Load(
            rows=self._catalog.train_rows(info),
            numbers=min(width, WORDS) if isinstance(features, MultiHot | NGrams) else width,
            weights=sum(stage.parameters for stage in stages),
            outputs=sum(math.prod(stage.shape) for stage in stages),
        )
