"""To which task something belongs: for keys that are for some tasks only."""

from typing import Any

from app.db import datasets, models, run_queries
from app.db.engine import Database
from app.errors import NotFound
from app.services.naming import built_in_datasets


class OwnerService:
    """Asks the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def task_of(self, kind: str, name: str) -> str | None:
        """The task of a run, a model or a dataset; None: there is no such thing.

        `kind`: `runs`, `models` or `datasets`.
        """
        if kind == "datasets" and name in built_in_datasets():
            return built_in_datasets()[name]
        with self._database.read() as tx:
            try:
                if kind == "runs":
                    return run_queries.get(tx, name).task
            except NotFound:
                return None
            row: Any = models.find(tx, name) if kind == "models" else datasets.find(tx, name)
        task: str | None = row.task if row is not None else None
        return task
