"""Artifacts in an object store: the folder of this machine is a cache of it, whose files are verified as ever."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, TypeVar

from app.artifacts.evaluation import Evaluation
from app.artifacts.objects import ModelObjects
from app.artifacts.store import STAGING, Artifact, ArtifactStore
from app.artifacts.verified import manifest_of
from app.errors import ArtifactInvalid, StoreAway, Unavailable, Unusable
from app.logs import get as get_log
from app.storage.remote import MODELS, Remote
from app.wire.manifests import MANIFEST, Manifest

log = get_log()

T = TypeVar("T")

KNOWN = 256  # manifests in memory: they never change
AGAIN_SECONDS = 60.0  # in which a model is not fetched again that is damaged there, or refused, or has no room here


class CachedArtifactStore(ArtifactStore):
    """An `ArtifactStore` whose models are in an object store, and here as far as they are used.

    Besides what is told there, everything that reads or publishes raises StoreAway where the store does not answer, and
    Unusable where it, or the disk, has to be mended first.
    """

    def __init__(self, root: Path, remote: Remote, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(root)
        self.objects = ModelObjects(remote, root / STAGING)
        self._here = ArtifactStore(root)
        self._kept = remote.kept
        self._health = remote.objects.health
        self._lock = Lock()
        self._fetching: dict[str, Lock] = {}  # by model id: threads that want the same one take turns
        self._manifests: OrderedDict[str, Manifest] = OrderedDict()
        self._monotonic = monotonic
        self._failed: dict[str, tuple[float, type[Unavailable], str]] = {}  # by model id: until when, and why
        self._identity: str | None = None
        self._wanted: set[str] = set()  # ids of models that are no orphans, as `sweep` has found

    @property
    def has_answered(self) -> bool:  # type: ignore[override]
        return self._health.has_given

    def is_reachable(self, task: str, model_id: str) -> bool:
        return self._health.gives or (self.path(task, model_id) / MANIFEST).exists()

    def identity(self, *, make: bool = False) -> str | None:
        """What tells this store from others; with `make` as it is now, else as this process has seen it."""
        if make or not self._identity:
            self._identity = self.objects.identity(make=make)
        return self._identity

    def forget_identity(self) -> None:
        self._identity = None
        self.objects.forget_identity()

    def folder(self, task: str, model_id: str) -> Path:
        """Also with whole files in it: what is damaged here is fetched anew, if the store has it whole."""
        self._have(task, model_id)
        with suppress(ArtifactInvalid):  # else it is what there is
            self.verify(task, model_id)
        return self.path(task, model_id)

    def publish(self, staging: Path, manifest: Manifest) -> Manifest:
        """As ever, with the objects before the rename; what an error leaves of them has no manifest."""
        complete = self.complete(staging, manifest)
        self.objects.put(staging, complete)
        target = self.path(complete.task, complete.id)
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(target)
        self._mark(complete)
        return complete

    def remove(self, folder: Path) -> None:
        """Here and there; what the store does not remove now is left to `sweep` and to `densely gc`."""
        task, model_id = folder.parent.name, folder.name
        self._manifests.pop(model_id, None)
        self._kept.drop(MODELS, _name(task, model_id))
        self.discard(folder)
        try:
            self.objects.remove(task, model_id)
        except Unavailable as error:
            log.warning("store.left_over", model_id=model_id, reason=error.message)

    def is_whole(self, task: str, model_id: str) -> bool:
        return self._here.is_whole(task, model_id)

    def manifest(self, task: str, model_id: str) -> Manifest:
        """Of a model that is not here it is fetched alone."""
        with self._lock:
            known = self._manifests.get(model_id)
        if known is None:
            known = self._manifest(task, model_id)
            with self._lock:
                self._manifests[model_id] = known
                while len(self._manifests) > KNOWN:
                    self._manifests.popitem(last=False)
        return known

    def open(self, task: str, model_id: str) -> Artifact:
        return self._whole(task, model_id, self._here.open)

    def open_here(self, task: str, model_id: str) -> Artifact | None:
        self._kept.use(MODELS, _name(task, model_id))
        with suppress(ArtifactInvalid):  # what is damaged here may be whole there
            return self._here.open(task, model_id)
        return None

    def evaluation(self, task: str, model_id: str) -> Evaluation | None:
        return self._whole(task, model_id, self._here.evaluation)

    def verify(self, task: str, model_id: str) -> None:
        return self._whole(task, model_id, self._here.verify)

    def known(self, task: str, model_id: str) -> list[Manifest]:
        """That of this folder and that of the store, whose files are taken for whole."""
        there = self.objects.manifest(task, model_id)
        return self._here.known(task, model_id) + ([manifest_of(there, model_id)] if there else [])

    def is_stored(self, task: str, model_id: str) -> bool:
        """Whether the store has it, wherever else it may be."""
        return self.objects.manifest(task, model_id) is not None

    def archive(self, task: str, model_id: str) -> IO[bytes]:
        return self._whole(task, model_id, self._here.archive)

    def copy_from(self, other: ArtifactStore, task: str, model_id: str) -> None:
        """Take over an artifact of another folder, here and there; of those that come with Densely none is evicted."""
        self._here.copy_from(other, task, model_id)
        self.keep(task, model_id, pinned=model_id in other.bundled().values())

    def keep(self, task: str, model_id: str, *, pinned: bool = False) -> bool:
        """Have a model of this folder in the store, too; whether it was not there. `pinned`: it is never evicted here.

        Raises:
            ArtifactInvalid: it is not whole here, or another one is there.
        """
        manifest = self._here.manifest(task, model_id)
        there = self.objects.manifest(task, model_id)
        if there is None:
            self._kept.forget(MODELS, _name(task, model_id))  # a mark of former days
            self._here.verify(task, model_id)
            self.objects.put(self.path(task, model_id), manifest)
        elif manifest_of(there, model_id).files != manifest.files:
            raise ArtifactInvalid(f"model {model_id} of the object store is another one than that of {self.root}")
        self._mark(manifest, pinned=pinned)
        return there is None

    def take_back(self, task: str, model_id: str) -> None:
        """The other way round."""
        self._kept.forget(MODELS, _name(task, model_id))
        self.objects.remove(task, model_id)

    def published(self) -> Iterator[tuple[str, str]]:
        """(task, model id) of every artifact in the store."""
        for (task, model_id), objects in self.objects.all().items():
            if any(each.name.endswith(f"/{MANIFEST}") for each in objects):
                yield task, model_id

    def sweep(
        self,
        is_orphan: Callable[[Manifest], bool],
        older_than: float,
        known: Callable[[], Collection[str]] = frozenset,
    ) -> list[Path]:
        """Here what staging has left; there orphaned artifacts, and objects without a manifest."""
        removed = self._here.sweep(lambda _: False, older_than)
        try:
            self.objects.sweep_unfinished(older_than)
            found = self.objects.all()
            wanted = known()  # what is published meanwhile has its row by now
            for (task, model_id), objects in found.items():
                if model_id in wanted:
                    continue
                if max(each.modified for each in objects) < older_than and self._is_left(task, model_id, is_orphan):
                    self.remove(self.path(task, model_id))
                    removed.append(self.path(task, model_id))
        except (StoreAway, Unusable) as error:  # the next sweep comes; of the database whoever sweeps is told
            log.warning("store.sweep_failed", reason=error.message)
        return removed

    def _is_left(self, task: str, model_id: str, is_orphan: Callable[[Manifest], bool]) -> bool:
        if model_id in self._wanted:
            return False
        read = self.objects.manifest(task, model_id)
        if read is None:
            return True
        with suppress(ArtifactInvalid):  # what cannot be read is not ours to remove
            if is_orphan(manifest_of(read, model_id)):
                return True
        self._wanted.add(model_id)
        return False

    def _manifest(self, task: str, model_id: str) -> Manifest:
        with suppress(ArtifactInvalid):
            return self._here.manifest(task, model_id)
        read = self.objects.manifest(task, model_id)
        if read is None:
            raise _absent(model_id)
        return manifest_of(read, model_id)

    def _whole(self, task: str, model_id: str, read: Callable[[str, str], T]) -> T:
        """What is read of a model that is here; where that is damaged, of one that is fetched anew."""
        self._have(task, model_id)
        self._kept.use(MODELS, _name(task, model_id))
        try:
            return read(task, model_id)
        except ArtifactInvalid as error:
            log.warning("model.cache_damaged", model_id=model_id, reason=error.message)
            with self._turn(model_id):
                if not self._fetch(task, model_id):
                    raise  # the store does not have it: what is here stays
        return read(task, model_id)

    def _have(self, task: str, model_id: str) -> None:
        """Have all files here."""
        manifest = self.path(task, model_id) / MANIFEST
        if manifest.exists():
            return
        with self._turn(model_id):
            if not manifest.exists() and not self._fetch(task, model_id):
                raise _absent(model_id)

    def _turn(self, model_id: str) -> Lock:
        with self._lock:
            return self._fetching.setdefault(model_id, Lock())

    def _fetch(self, task: str, model_id: str) -> bool:
        """Fetch a model, in the place of what there may be of it; false if the store does not have it."""
        until, kind, reason = self._failed.get(model_id, (0.0, Unavailable, ""))
        if self._monotonic() < until:
            raise kind(reason)
        try:
            manifest = self._fetched(task, model_id)
        except (ArtifactInvalid, Unusable) as error:
            self._failed[model_id] = (self._monotonic() + AGAIN_SECONDS, type(error), error.message)
            raise
        if manifest is None:
            return False
        self._failed.pop(model_id, None)
        self._mark(manifest)
        return True

    def _fetched(self, task: str, model_id: str) -> Manifest | None:
        """The manifest of a model that is in its place now; None if the store does not have it."""
        staging = self.staging(f"fetch-{model_id}-{secrets.token_hex(4)}")
        try:
            staging.mkdir(parents=True)
            manifest = self.objects.download(task, model_id, staging)
            if manifest is not None:
                self._put_in_place(staging, self.path(task, model_id))
            return manifest
        except OSError as error:
            told = f"the models folder cannot take model {model_id} of the object store: {error.strerror}"
            raise Unusable(f"{told}; make room there, or set DENSELY_MODELS_DIR to another one") from error
        finally:
            self.discard(staging)

    def _put_in_place(self, staging: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            staging.rename(target)
        except OSError:
            if not target.exists():
                raise
            if self._here.is_whole(target.parent.name, target.name):  # another process was first
                return
            self._kept.drop(MODELS, _name(target.parent.name, target.name))
            staging.rename(target)

    def _mark(self, manifest: Manifest, *, pinned: bool = False) -> None:
        size = sum(record.bytes for record in manifest.files.values())
        self._kept.mark(MODELS, _name(manifest.task, manifest.id), size, pinned=pinned)
        self._kept.trim()


def artifact_store(root: Path, remote: Remote | None) -> ArtifactStore:
    """The models of this folder, or of the object store that it is a cache of."""
    return CachedArtifactStore(root, remote) if remote else ArtifactStore(root)


def _name(task: str, model_id: str) -> str:
    """Of a model in the cache."""
    return f"{task}.{model_id}"


def _absent(model_id: str) -> ArtifactInvalid:
    return ArtifactInvalid(f"model {model_id} is neither here nor in the object store")
