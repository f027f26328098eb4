"""What an object store holds besides what rows of the database name."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.artifacts.verified import manifest_of
from app.datasets.owners import owner_of
from app.errors import ArtifactInvalid
from app.services.uploading import UploadFolder
from app.storage.files import StoredFiles
from app.storage.objects import Stored


@dataclass(frozen=True)
class Left:
    """Objects without a row."""

    shown: str
    bytes: int
    remove: Callable[[], None]
    run_id: str = ""  # of a model; none: it has no manifest, and is none
    owner: str | None = None  # of rows: the identity of their database


class Objects:
    """All of a store at one moment."""

    def __init__(self, store: CachedArtifactStore, files: StoredFiles) -> None:
        """
        Raises:
            StoreAway, Unusable: the store does not tell.
        """
        self._store, self._files = store, files
        self._models = store.objects.all()
        self._uploads = files.all()

    def models(self, known: set[str], before: float, without_manifest: float) -> Iterator[Left]:
        """Those whose ids are not `known`, last changed before; of what has no manifest, before `without_manifest`."""
        for (task, model_id), objects in self._models.items():
            changed = max(each.modified for each in objects)
            if model_id in known or changed >= before:
                continue
            read = self._store.objects.manifest(task, model_id)
            if read is None and changed >= without_manifest:
                continue
            run_id = "unknown"  # of a manifest that cannot be read: whose it is cannot be told
            with suppress(ArtifactInvalid):
                run_id = manifest_of(read, model_id).run_id if read is not None else ""
            remove = partial(self._store.take_back, task, model_id)
            yield Left(self._store.objects.shown(task, model_id), sum(each.bytes for each in objects), remove, run_id)

    def uploads(self, known: set[str], before: float) -> Iterator[Left]:
        """The same of uploaded rows."""
        for each in self._uploads:
            if Path(each.name).stem not in known and each.modified < before:
                remove = partial(self._files.take_back, each.name)
                yield Left(self._files.shown(each.name), each.bytes, remove, owner=self._owner(each))

    def _owner(self, rows: Stored) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows"
            return owner_of(path) if self._files.copy(rows.name, path) else None


def objects_of(store: ArtifactStore, uploads: UploadFolder) -> Objects | None:
    """Of an installation with an object store."""
    if isinstance(store, CachedArtifactStore) and uploads.stored:
        return Objects(store, uploads.stored)
    return None
