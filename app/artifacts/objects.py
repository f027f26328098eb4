"""Models in an object store: their files first and the manifest last, and the other way round when they go.

So an artifact is whole wherever its manifest is, and a crash in between leaves objects without one, which are no model
and are swept.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from app.artifacts.verified import manifest_of, verify
from app.errors import ArtifactInvalid
from app.storage.objects import Stored
from app.storage.remote import IDENTITY, MODELS, UPLOADS, Remote
from app.wire.manifests import MANIFEST, FileRecord, Manifest


class ModelObjects:
    """The store's side of models. Everything here raises StoreAway and Unusable, as `storage.objects` tells."""

    def __init__(self, remote: Remote, staging: Path) -> None:
        """`staging`: a folder for a file that is put in."""
        self._objects = remote.objects
        self._patiently = remote.patiently
        self._unfinished = remote.unfinished
        self._staging = staging

    def put(self, folder: Path, manifest: Manifest) -> None:
        """All files of a folder; done twice it is once."""

        def put() -> None:
            for name in (*manifest.files, MANIFEST):
                self._objects.put(folder / name, _key(manifest.task, manifest.id, name))

        self._patiently(put)

    def manifest(self, task: str, model_id: str) -> bytes | None:
        """The manifest's file; None: there is no such model."""
        return self._patiently(lambda: self._objects.read(_key(task, model_id, MANIFEST)))

    def download(self, task: str, model_id: str, folder: Path) -> Manifest | None:
        """All files into a folder, verified; None: there is no such model.

        Raises:
            ArtifactInvalid: a file is missing or altered.
            OSError: the disk does not take it.
        """
        read = self.manifest(task, model_id)
        if read is None:
            return None
        manifest = manifest_of(read, model_id)
        (folder / MANIFEST).write_bytes(read)
        for name, record in manifest.files.items():
            self._verified(_key(task, model_id, name), folder / name, record, model_id)
        return manifest

    def all(self) -> dict[tuple[str, str], list[Stored]]:
        """By task and model id; not all of them have a manifest."""
        found: dict[tuple[str, str], list[Stored]] = defaultdict(list)
        for each in self._objects.below(MODELS):
            _, *parts = each.name.split("/")
            if len(parts) == 3:
                found[parts[0], parts[1]].append(each)
        return found

    def sweep_unfinished(self, older_than: float) -> None:
        """Files last changed before that which a killed process has left, of models and of uploaded rows."""
        for folder in (MODELS, UPLOADS):
            for _, remove in self._unfinished(folder, older_than):
                remove()

    def unfinished(self, before: float) -> list[tuple[Stored, Callable[[], None]]]:
        """Those of models alone, and what removes each."""
        return self._unfinished(MODELS, before)

    def remove(self, task: str, model_id: str) -> None:
        """What there is of a model, the manifest first."""
        manifest = _key(task, model_id, MANIFEST)
        self._objects.delete(manifest)
        for each in self._objects.below(_key(task, model_id)):
            self._objects.delete(each.name)

    def identity(self, *, make: bool) -> str | None:
        """What tells this store from others; `make`: give it one. Two that do so at once may disagree."""
        read = self._patiently(lambda: self._objects.read(IDENTITY))
        if read is None and make:
            self._staging.mkdir(parents=True, exist_ok=True)
            file = self._staging / f"object-{secrets.token_hex(6)}"
            try:
                file.write_text(secrets.token_hex(16), encoding="ascii")
                self._objects.put(file, IDENTITY)
            finally:
                file.unlink(missing_ok=True)
            read = self._objects.read(IDENTITY)
        return read.decode("ascii", "replace").strip()[:64] if read else None

    def forget_identity(self) -> None:
        """It has none any more."""
        self._objects.delete(IDENTITY)

    def shown(self, task: str, model_id: str) -> str:
        """Where a model's objects are, for whoever operates the service."""
        return self._objects.shown(_key(task, model_id))

    def _verified(self, key: str, path: Path, record: FileRecord, model_id: str) -> None:
        for is_last in (False, True):  # a transfer may go wrong without a word; an object does not change
            if not self._patiently(lambda: self._objects.get(key, path)):
                raise ArtifactInvalid(f"{path.name} of model {model_id} is not in the object store")
            try:
                return verify(path, record, model_id)
            except ArtifactInvalid:
                if is_last:
                    raise
        raise AssertionError


def _key(*parts: str) -> str:
    return "/".join((MODELS, *parts))
