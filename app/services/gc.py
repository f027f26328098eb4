"""What nothing refers to any more: files that a crash, a removed run or another release has left."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.artifacts.store import STAGING, ArtifactStore
from app.datasets.owners import owner_of
from app.db import datasets, installation, models, run_queries
from app.db.engine import Database, Transaction
from app.domain.runs import FINAL
from app.errors import ArtifactInvalid, Unavailable
from app.services.disk import size_of
from app.services.stored import Objects, objects_of
from app.services.uploading import UploadFolder

YOUNG = 3_600.0  # seconds: what is younger may have somebody who works on it
DAY = 86_400.0  # seconds: the same of models that are not whole, on which a run may work for long

OTHERS = "of another database: kept"

Part = Literal["models", "uploads", "checkpoints"]


@dataclass(frozen=True)
class Leftover:
    """A file or a folder that nothing refers to."""

    part: Part
    path: Path | str  # the latter of an object store
    bytes: int
    reason: str
    kept: bool = False  # it may be another database's
    remove: Callable[[], None] | None = None  # from an object store


def leftovers(
    database: Database, store: ArtifactStore, uploads: UploadFolder, checkpoints: Path, now: float
) -> list[Leftover]:
    """Everything of that sort; `now` in seconds since 1970.

    Raises:
        Unavailable: the database does not answer, or the object store.
        ArtifactInvalid: the list of the models that come with Densely cannot be read.
    """
    # Files first: what is published meanwhile has its row by the time rows are read.
    there = objects_of(store, uploads)
    here = ArtifactStore(store.root)
    artifacts = [(here.path(task, model_id), model_id) for task, model_id in here.published()]
    damaged = [path for path in here.damaged() if _is_old(path, now, DAY)]
    with database.read() as tx:
        known_models, known_uploads = models.all_ids(tx), datasets.ids(tx)
        unfinished = run_queries.unfinished_ids(tx)
        owner = installation.get(tx, installation.DATABASE)
        ours = {path for path, model_id in artifacts if _is_ours(tx, here, path, model_id)}
    known_models |= set(store.bundled().values())  # a new database learns of them at the first start
    found = [
        Leftover("models", path, size_of(path), "no model of this database")
        if path in ours
        else Leftover("models", path, size_of(path), OTHERS, kept=True)
        for path, model_id in artifacts
        if model_id not in known_models and _is_old(path, now)
    ]
    found += [
        Leftover("models", path, size_of(path), "a model without its manifest")
        for path in damaged
        if path.name not in known_models
    ]
    found += _unfinished(store.root / STAGING, "models", "a model that was never published", now, DAY)
    found += _of_uploads(uploads, known_uploads, owner, now - YOUNG)
    of_no_run = _unfinished(checkpoints, "checkpoints", "of no run that waits or is going", now, YOUNG)
    found += [each for each in of_no_run if Path(each.path).name not in unfinished]
    return found + _of_store(database, there, known_models, known_uploads, owner, now)


def _of_store(
    database: Database, there: Objects | None, models: set[str], uploads: set[str], owner: str | None, now: float
) -> list[Leftover]:
    """The same of an object store."""
    if there is None:
        return []
    found = []
    for each in there.models(models, now - YOUNG, now - DAY):
        with database.read() as tx:
            run = run_queries.find(tx, each.run_id) if each.run_id else None
        ours = not each.run_id or (run is not None and run.status in FINAL)
        reason = "no model of this database" if each.run_id else "a model that was never published"
        told = (each.shown, each.bytes, reason if ours else OTHERS)
        found.append(Leftover("models", *told, kept=not ours, remove=each.remove))
    for rows in there.uploads(uploads, now - YOUNG):
        ours = rows.is_unfinished or (bool(owner) and rows.owner == owner)
        reason = "an upload that was never finished" if rows.is_unfinished else "rows of no dataset"
        told = (rows.shown, rows.bytes, reason if ours else OTHERS)
        found.append(Leftover("uploads", *told, kept=not ours, remove=rows.remove))
    return found


def _unfinished(folder: Path, part: Part, reason: str, now: float, age: float) -> list[Leftover]:
    """The folders within one, of this age."""
    return [Leftover(part, path, size_of(path), reason) for path in _folders(folder) if _is_old(path, now, age)]


def _of_uploads(uploads: UploadFolder, known: set[str], owner: str | None, before: float) -> list[Leftover]:
    found = [
        Leftover("uploads", path, path.stat().st_size, "rows of no dataset")
        if owner and owner_of(path) == owner
        else Leftover("uploads", path, path.stat().st_size, OTHERS, kept=True)
        for path in uploads.orphans(known, before)
        if path.exists()
    ]
    return found + [
        Leftover("uploads", path, path.stat().st_size, "an upload that was never finished")
        for path in uploads.unfinished(before)
        if path.exists()
    ]


def remove(found: list[Leftover]) -> int:
    """Remove them, but for what may be another database's; the bytes that are free now."""
    freed = 0
    for each in found:
        if each.kept:
            continue
        freed += each.bytes if _removed(each) else 0
    return freed


def _removed(leftover: Leftover) -> bool:
    if leftover.remove:
        try:
            leftover.remove()
        except Unavailable:  # the store does not do it now
            return False
        return True
    path = Path(leftover.path)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
    return not path.exists()


def _is_ours(tx: Transaction, store: ArtifactStore, path: Path, model_id: str) -> bool:
    """Whether a model without a row was left by a run of this database, as far as it knows its runs."""
    try:
        run = run_queries.find(tx, store.manifest(path.parent.name, model_id).run_id)
    except ArtifactInvalid:
        return False
    return run is not None and run.status in FINAL


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def _is_old(path: Path, now: float, age: float = YOUNG) -> bool:
    try:
        return path.stat().st_mtime < now - age
    except OSError:  # it has just gone
        return False
