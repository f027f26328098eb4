"""What nothing refers to any more: files that a crash, a removed run or another release has left."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.artifacts.store import STAGING, ArtifactStore
from app.db import datasets, models, run_queries
from app.db.engine import Database
from app.services.disk import size_of
from app.services.uploading import UploadFolder

YOUNG = 3_600.0  # seconds: what is younger may have somebody who works on it

Part = Literal["models", "uploads", "checkpoints"]


@dataclass(frozen=True)
class Leftover:
    """A file or a folder that nothing refers to."""

    part: Part
    path: Path
    bytes: int
    reason: str


def leftovers(
    database: Database, store: ArtifactStore, uploads: UploadFolder, checkpoints: Path, now: float
) -> list[Leftover]:
    """Everything of that sort; `now` in seconds since 1970.

    Raises:
        Unavailable: the database does not answer.
        ArtifactInvalid: the list of the models that come with Densely cannot be read.
    """
    # Files first: what is published meanwhile has its row by the time rows are read.
    artifacts = [(store.path(task, model_id), model_id) for task, model_id in store.published()]
    with database.read() as tx:
        known_models, known_uploads = models.all_ids(tx), datasets.ids(tx)
        unfinished = run_queries.unfinished_ids(tx)
    known_models |= set(store.bundled().values())  # a new database learns of them at the first start
    found = [
        Leftover("models", path, size_of(path), "no model of this database")
        for path, model_id in artifacts
        if model_id not in known_models and _is_old(path, now)
    ]
    found += [
        Leftover("models", path, size_of(path), "a model that was never published")
        for path in _folders(store.root / STAGING)
        if _is_old(path, now)
    ]
    found += [
        Leftover("uploads", path, path.stat().st_size, "rows of no dataset")
        for path in uploads.orphans(known_uploads, now - YOUNG)
        if path.exists()
    ]
    found += [
        Leftover("uploads", path, path.stat().st_size, "an upload that was never finished")
        for path in uploads.unfinished(now - YOUNG)
        if path.exists()
    ]
    found += [
        Leftover("checkpoints", path, size_of(path), "of no run that waits or is going")
        for path in _folders(checkpoints)
        if path.name not in unfinished and _is_old(path, now)
    ]
    return found


def remove(found: list[Leftover]) -> int:
    """Remove them; the bytes that are free now."""
    freed = 0
    for each in found:
        if each.path.is_dir():
            shutil.rmtree(each.path, ignore_errors=True)
        else:
            with suppress(OSError):
                each.path.unlink()
        freed += 0 if each.path.exists() else each.bytes
    return freed


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def _is_old(path: Path, now: float) -> bool:
    try:
        return path.stat().st_mtime < now - YOUNG
    except OSError:  # it has just gone
        return False
