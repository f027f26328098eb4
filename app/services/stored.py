"""What an object store holds besides what rows of the database name."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.artifacts.verified import manifest_of
from app.datasets.owners import owner_of
from app.errors import ArtifactInvalid
from app.services.uploading import UploadFolder
from app.storage.files import StoredFiles
from app.storage.objects import Stored

FOOTER = 2**16  # bytes at the end of a Parquet file, in which what it says of itself mostly is
MOST_FOOTER = 2**24


@dataclass(frozen=True)
class Left:
    """Objects without a row."""

    shown: str
    bytes: int
    remove: Callable[[], None]
    run_id: str = ""  # of a model; none: it has no manifest, and is none
    owner: str | None = None  # of rows: the identity of their database
    is_unfinished: bool = False  # nobody ever saw it


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

        for part, discard in self._store.objects.unfinished(without_manifest):
            yield Left(self._files.shown_at(part), part.bytes, discard, is_unfinished=True)

    def uploads(self, known: set[str], before: float) -> Iterator[Left]:
        """The same of uploaded rows."""
        for each in self._uploads:
            if Path(each.name).stem not in known and each.modified < before:
                remove = partial(self._files.take_back, each.name)
                yield Left(self._files.shown(each.name), each.bytes, remove, owner=self._owner(each))

        for part, discard in self._files.unfinished(before):
            yield Left(self._files.shown_at(part), part.bytes, discard, is_unfinished=True)

    def _owner(self, rows: Stored) -> str | None:
        """Of a file of any size no more is read than its end, which says how long it is."""
        end = self._files.tail(rows, FOOTER)
        size = int.from_bytes(end[-8:-4], "little") + 8
        if FOOTER < size <= MOST_FOOTER:
            end = self._files.tail(rows, size)
        return owner_of(BytesIO(end))


def objects_of(store: ArtifactStore, uploads: UploadFolder) -> Objects | None:
    """Of an installation with an object store."""
    if isinstance(store, CachedArtifactStore) and uploads.stored:
        return Objects(store, uploads.stored)
    return None
