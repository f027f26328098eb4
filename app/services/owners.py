"""To which task something belongs: for keys that are for some tasks only."""

from collections.abc import Callable
from typing import Any

from app.db import datasets, models, run_queries, sweep_queries
from app.db.engine import Database, Transaction
from app.errors import NotFound
from app.services.naming import built_in_datasets


class OwnerService:
    """Asks the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def task_of(self, kind: str, name: str) -> str | None:
        """The task of a run, a sweep, a model or a dataset; None: there is no such thing.

        `kind`: `runs`, `sweeps`, `models` or `datasets`.
        """
        if kind == "datasets" and name in built_in_datasets():
            return built_in_datasets()[name]
        with self._database.read() as tx:
            try:
                if kind == "runs":
                    return run_queries.get(tx, name).task
            except NotFound:
                return None
            finds: dict[str, Callable[[Transaction, str], Any]] = {"models": models.find, "sweeps": sweep_queries.find}
            row = finds[kind](tx, name) if kind in finds else datasets.find(tx, name)
        task: str | None = row.task if row is not None else None
        return task
