"""Files that are on this machine alone, since they are older than its object store or the bucket was made anew."""

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Thread

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.db import snapshot
from app.db.engine import Database
from app.db.snapshot import Upload
from app.errors import ArtifactInvalid, Unavailable
from app.logs import get as get_log
from app.services.uploading import UploadFolder

AGAIN = 3_600.0  # seconds from one look to the next: a bucket can be made anew
SOON = 60.0  # after one that something kept from its end

log = get_log()


@dataclass(frozen=True)
class Lacking:
    """What rows of the database name and the object store does not have."""

    models: list[tuple[str, str]]  # task and model id
    uploads: list[Upload]


def lacking(database: Database, store: CachedArtifactStore, uploads: UploadFolder) -> Lacking:
    """By two listings of the store, after the database was read: what is published meanwhile has its files there.

    Raises:
        Unavailable: the database does not answer; the same for all that follows.
        StoreAway, Unusable: the store does not tell.
    """
    models, rows = snapshot.named(database)
    there, names = set(store.published()), uploads.stored_names()
    return Lacking(
        [each for each in models if each not in there],
        [each for each in rows if uploads.path(each.id).name not in names],
    )


def are_whole(uploads: UploadFolder, upload: Upload) -> bool:
    """Whether the rows are in the folder as they were put there."""
    try:
        with uploads.path(upload.id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == upload.sha256
    except OSError:  # they are not here
        return False


class StoreFilling:
    """Puts what the store lacks into it, as far as it lies here; several processes may do so at once."""

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        uploads: UploadFolder,
        pinned: Callable[[], Collection[str]] = frozenset,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pinned`: ids of models that are never evicted here."""
        self._database, self._store, self._uploads = database, store, uploads
        self._pinned = pinned
        self._monotonic = monotonic
        self._next = 0.0
        self._thread = Thread()

    def begin(self) -> None:
        """Have it done in a thread, if there is a store and it is time: it may be gigabytes."""
        if not isinstance(self._store, CachedArtifactStore) or self._thread.is_alive():
            return
        if self._monotonic() >= self._next:
            self._next = self._monotonic() + SOON
            self._thread = Thread(target=self._run, args=(self._store,), name="store-filling", daemon=True)
            self._thread.start()

    def _run(self, store: CachedArtifactStore) -> None:
        try:
            self.fill(store)
            self._next = self._monotonic() + AGAIN
        except Unavailable:  # the database or the store, which others tell
            pass
        except Exception:  # a thread's own end would be told to nobody
            log.exception("store.filling_failed")

    def fill(self, store: CachedArtifactStore) -> tuple[int, int]:
        """Models and files of rows that were put there.

        Raises:
            StoreAway, Unusable: the store does not take them.
        """
        found = lacking(self._database, store, self._uploads)
        pinned = self._pinned() if found.models else ()
        models = [each for each in found.models if _put_model(store, *each, pinned=each[1] in pinned)]
        uploads = [each for each in found.uploads if self._put_rows(each)]
        if models or uploads:
            log.info("store.filled", models=len(models), uploads=len(uploads))
            named = snapshot.still_named(self._database)
            for task, model_id in models:
                if model_id not in named:  # removed meanwhile, when the store had nothing to remove
                    store.take_back(task, model_id)
            for upload in uploads:
                if upload.id not in named:
                    self._uploads.take_back(upload.id)
        return len(models), len(uploads)

    def _put_rows(self, upload: Upload) -> bool:
        return are_whole(self._uploads, upload) and self._uploads.keep(upload.id)


def _put_model(store: CachedArtifactStore, task: str, model_id: str, *, pinned: bool) -> bool:
    try:
        return store.keep(task, model_id, pinned=pinned)
    except ArtifactInvalid:  # it is not here, or not whole, which whoever asks for it is told
        return False
