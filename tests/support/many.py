"""Thousands of runs and hundreds of models at once, as a service has them after a year: for lists, and what is slow.

$ python -m tests.support.many sqlite:////tmp/home/densely.db
"""

import math
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Table, insert

from app.db import migrate, models
from app.db.engine import Database, Transaction
from app.db.tables import epochs, events, run_tags, runs
from app.db.tables import models as models_table
from app.domain.recipes import HEADS
from app.domain.runs import RunStatus
from app.domain.scores import score_of
from tests.support.tasks import TASKS

RUNS, MODELS = 5_000, 500
TEAMS = ("ada", "grace", "Łukasz", "noether")
PURPOSES = ("baseline", "try", "ablation", "release")
WORDS = ("wider", "deeper", "slower", "colder", "Größer", "cleaner", "again", "small batch", "long words")
NOTES = ("", "", "", "overfits after a few epochs", "the one for the report", "labels were wrong: ask Ada")
ERRORS = (("Diverged", "loss is not finite in epoch 3: a lower learning rate may help"), ("TrainerLost", "status -9"))
TASKS_HERE = ("sentiment", "newswire", "digits", "housing", "planar")
EPOCHS = (4, 8, 12, 20, 40)
AT_ONCE = 1_000  # rows of an INSERT

Values = dict[str, Any]


def fill(
    database: Database, runs: int = RUNS, models: int = MODELS, now: datetime | None = None, seed: int = 1
) -> list[str]:
    """Add so many runs over the year before `now`, the last of them just before it; returns their ids, oldest first.

    Nine of ten have succeeded, and the newest of those have `models`, without files; the rest failed, was cancelled,
    or waits. One of twenty is archived. The same seed gives the same.
    """
    made = list(_Drawn(runs, now or datetime.now(UTC), seed).rows())
    published = [row for row in made if row["status"] == RunStatus.SUCCEEDED][-models:] if models else []
    with database.write() as tx:
        _insert(tx, "runs", made)
        _insert(tx, "run_tags", [_tag(row, key) for row in made for key in row["tags"]])
        _insert(tx, "epochs", [each for row in made for each in _epochs(row)])
        _insert(tx, "events", [_event(row) for row in made])
        _add_models(tx, published)
    return [row["id"] for row in made]


class _Drawn:
    """Rows of runs, drawn by a seed."""

    def __init__(self, number: int, now: datetime, seed: int) -> None:
        self._number, self._now, self._seed = number, now, seed
        self._random = random.Random(seed)

    def rows(self) -> Iterator[Values]:
        """Oldest first."""
        for index in range(self._number):
            yield self._run(index)

    def _run(self, index: int) -> Values:
        draw = self._random
        task = draw.choice(TASKS_HERE)
        preset = draw.choice(_presets(task))
        created = self._now - timedelta(days=365) * ((self._number - index) / self._number) ** 1.5
        status = self._status(index)
        seconds = round(math.exp(draw.uniform(0, 6)), 3)
        begun = created + timedelta(seconds=draw.uniform(0.1, 30))
        has_begun = status != RunStatus.QUEUED
        ended = has_begun and status != RunStatus.RUNNING
        recipe = _recipe(task, preset)
        metrics = self._metrics(recipe["head"], draw.uniform(0.55, 0.98)) if status == RunStatus.SUCCEEDED else {}
        score = score_of(recipe["head"], metrics)
        error = draw.choice(ERRORS) if status == RunStatus.FAILED else (None, None)
        total = recipe["epochs"]
        return {
            "id": f"r-{draw.getrandbits(48):012x}", "task": task, "status": status, "preset": preset,
            "dataset": draw.choice([info.name for info in TASKS.get(task).datasets]), "recipe": recipe,
            "validation": {"kind": "holdout", "size": 100, "rows": "shuffled"}, "seed": index, "seeds": 1,
            "activate": "never", "name": draw.choice(WORDS) if draw.random() < 0.6 else None, "tags": self._tags(),
            "attempt": int(has_begun), "max_attempts": 3, "created_at": created,
            "started_at": begun if has_begun else None,
            "finished_at": begun + timedelta(seconds=seconds) if ended else None,
            "progress": {"epoch": total, "epochs": total, "fraction": 1.0, "eta_seconds": 0.0} if ended else None,
            "metrics": metrics, "score": score and score.oriented, "error_type": error[0], "error_message": error[1],
            "note": draw.choice(NOTES),
            "archived_at": created + timedelta(days=1) if ended and draw.random() < 0.05 else None,
        }  # fmt: skip

    def _status(self, index: int) -> RunStatus:
        if index >= self._number - 5:
            return RunStatus.QUEUED
        drawn = self._random.random()
        return RunStatus.FAILED if drawn < 0.06 else RunStatus.CANCELLED if drawn < 0.1 else RunStatus.SUCCEEDED

    def _tags(self) -> dict[str, str]:
        draw = self._random
        tags = {"team": draw.choice(TEAMS)} if draw.random() < 0.7 else {}
        return tags | ({"why": draw.choice(PURPOSES)} if draw.random() < 0.5 else {})

    def _metrics(self, head: str, quality: float) -> Values:
        known = HEADS[head]  # type: ignore[index]
        value, guessing = (quality, 0.5) if known.higher_is_better else (10 * (1 - quality), 6.5)
        figures = {"loss": round(1.2 - quality, 5), known.metric: round(value, 5)}
        return {"train": figures, "validation": figures, "test": figures, "baseline": {known.metric: guessing}}


@cache
def _presets(task: str) -> list[str]:
    return list(TASKS.get(task).presets)


@cache
def _recipe(task: str, preset: str) -> Values:
    found: Values = TASKS.get(task).presets[preset].recipe.model_dump(mode="json")
    return found | {"epochs": EPOCHS[len(preset) % len(EPOCHS)]}


def _epochs(row: Values) -> Iterator[Values]:
    """A falling loss, on held-out rows with a turn."""
    if row["finished_at"] is None:
        return
    total = row["recipe"]["epochs"]
    for epoch in range(1, total + 1):
        share = epoch / total
        loss = round(math.exp(-3 * share), 5)
        held_out = round(loss + 0.3 * share**2 + (row["seed"] % 7) / 50, 5)
        yield {
            "run_id": row["id"], "fit": 0, "epoch": epoch, "seconds": 0.1,
            "metrics": {"loss": loss, "val_loss": held_out},
        }  # fmt: skip


def _event(row: Values) -> Values:
    return {"run_id": row["id"], "type": "status", "at": row["created_at"], "data": {"status": RunStatus.QUEUED}}


def _tag(row: Values, key: str) -> Values:
    return {"run_id": row["id"], "key": key, "value": row["tags"][key]}


def _add_models(tx: Transaction, published: list[Values]) -> None:
    """Rows of models without files."""
    following = {task: max((row.version for row in models.of_task(tx, task)), default=0) for task in TASKS_HERE}
    rows = []
    for row in published:
        following[row["task"]] += 1
        rows.append({
            "id": f"m-{row['id'][2:]}", "task": row["task"], "version": following[row["task"]], "run_id": row["id"],
            "dataset": row["dataset"], "dataset_is_sample": row["dataset"] == "sample", "metrics": row["metrics"],
            "created_at": row["finished_at"], "active": False,
        })  # fmt: skip
    _insert(tx, "models", rows)


_TABLES: dict[str, Table] = {
    "runs": runs, "run_tags": run_tags, "epochs": epochs, "events": events, "models": models_table,
}  # fmt: skip


def _insert(tx: Transaction, table: str, rows: list[Values]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        tx.execute(insert(_TABLES[table]), rows[start : start + AT_ONCE])


def main(url: str) -> None:
    """Fill the database of this URL, which is migrated first."""
    migrate.upgrade(url)
    database = Database(url)
    fill(database)
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
