"""Stage, checksum, publish by rename, open, sweep. No pickle, and no path that a client gave."""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts import archive, bundle, evaluation
from app.artifacts.arrays import arrays_in
from app.artifacts.evaluation import EVALUATION, Evaluation
from app.artifacts.verified import manifest_of, record_of, verify, whole
from app.errors import ArtifactInvalid
from app.folders import fsync
from app.wire.manifests import MANIFEST, Manifest

WEIGHTS = "weights.npz"
PREPROCESSING = "preprocessing.json"
NOVELTY = "novelty.npz"
KERAS_MODEL = "model.keras"
STAGING = ".staging"
IDENTITY = ".identity"


@dataclass(frozen=True)
class Artifact:
    """An opened, verified artifact."""

    manifest: Manifest
    weights: dict[str, NDArray[np.float32]]
    preprocessing: dict[str, Any]
    novelty: dict[str, NDArray[Any]] | None = None  # of models that tell how novel an input is


class ArtifactStore:
    """A folder of artifacts, `<task>/<model id>/`, safe with several processes at once."""

    def __init__(self, root: Path) -> None:
        """`root` is made when the first artifact is staged."""
        self.root = root

    def path(self, task: str, model_id: str) -> Path:
        """Where a model's files lie; both parts come from the database, never from a client."""
        return self.root / task / model_id

    has_answered = True  # whether where models are has been seen since this process began

    def is_reachable(self, task: str, model_id: str) -> bool:
        """Whether a published model can be opened, as far as is known without asking an object store."""
        del task, model_id
        return True

    def identity(self, *, make: bool = False) -> str | None:
        """What tells this folder from others, wherever it is mounted; None if it has nothing of the kind yet.

        `make`: give it an identity, if that can be written.
        """
        file = self.root / IDENTITY
        with suppress(OSError):
            return file.read_text(encoding="ascii").strip()[:64] or None
        if not make:
            return None
        fresh = self.root / f"{IDENTITY}.{secrets.token_hex(4)}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            fresh.write_text(secrets.token_hex(16), encoding="ascii")
            with suppress(FileExistsError):  # another process was first
                os.link(fresh, file)
            return self.identity()
        except OSError:
            return None
        finally:
            with suppress(OSError):
                fresh.unlink()

    def forget_identity(self) -> None:
        """What `identity` has made is gone again."""
        (self.root / IDENTITY).unlink(missing_ok=True)

    def folder(self, task: str, model_id: str) -> Path:
        """The same as `path`, of a folder with all files in it, as far as there are any."""
        return self.path(task, model_id)

    def staging(self, token: str) -> Path:
        """Where an artifact is written before it is published; `token` is unique to a lease."""
        return self.root / STAGING / token

    def stage(self, token: str) -> Path:
        """An empty folder to write an artifact into."""
        folder = self.staging(token)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def publish(self, staging: Path, manifest: Manifest) -> Manifest:
        """Checksum, write the manifest, fsync everything, rename into place. Returns the manifest as written.

        A crash before the rename leaves only staging; a crash after it, a whole artifact.
        """
        complete = self.complete(staging, manifest)
        target = self.path(manifest.task, manifest.id)
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(target)
        fsync(target.parent)
        return complete

    @staticmethod
    def complete(staging: Path, manifest: Manifest) -> Manifest:
        """Write the manifest with the checksums of all other files, and force all to the disk."""
        files = {p.name: record_of(p) for p in sorted(staging.iterdir())}
        complete = manifest.model_copy(update={"files": files})
        (staging / MANIFEST).write_text(complete.model_dump_json(indent=1) + "\n", encoding="utf-8")
        for path in staging.iterdir():
            fsync(path)
        fsync(staging)
        return complete

    def discard(self, folder: Path) -> None:
        """Remove a staging folder, or a model's folder on this machine."""
        shutil.rmtree(folder, ignore_errors=True)

    def remove(self, folder: Path) -> None:
        """Remove an artifact that has no row any more, or never got one: everywhere."""
        self.discard(folder)

    def is_whole(self, task: str, model_id: str) -> bool:
        """Whether this machine has the model, with every checksum right."""
        try:
            self.open(task, model_id)
        except ArtifactInvalid:
            return False
        return True

    def manifest(self, task: str, model_id: str) -> Manifest:
        """The manifest alone.

        Raises:
            ArtifactInvalid: it is missing, unreadable or of another format version.
        """
        try:
            return manifest_of((self.path(task, model_id) / MANIFEST).read_bytes(), model_id)
        except OSError as error:
            raise ArtifactInvalid(f"the manifest of model {model_id} cannot be read") from error

    def open(self, task: str, model_id: str) -> Artifact:
        """Everything needed to predict, with its checksums verified.

        Raises:
            ArtifactInvalid: a file is missing, altered or unreadable.
        """
        manifest = self.manifest(task, model_id)
        folder = self.path(task, model_id)
        contents = {name: whole(folder / name, record) for name, record in manifest.files.items()}
        try:
            novelty = arrays_in(contents[NOVELTY]) if NOVELTY in contents and manifest.novelty else None
            return Artifact(manifest, arrays_in(contents[WEIGHTS]), json.loads(contents[PREPROCESSING]), novelty)
        except Exception as error:  # a file with the right checksum can still hold anything
            raise ArtifactInvalid(f"the weights of model {model_id} cannot be read") from error

    def open_here(self, task: str, model_id: str) -> Artifact | None:
        """The same without asking an object store; None: it has to be asked, which `open` does."""
        return self.open(task, model_id)

    def evaluation(self, task: str, model_id: str) -> Evaluation | None:
        """What the model answered on its test split; None for an artifact that was made without.

        Raises:
            ArtifactInvalid: the file is missing or altered.
        """
        record = self.manifest(task, model_id).files.get(EVALUATION)
        if record is None:
            return None
        return evaluation.parse(whole(self.path(task, model_id) / EVALUATION, record))

    def verify(self, task: str, model_id: str) -> None:
        """Look at every file's checksum; they are read in pieces, however large they are.

        Raises:
            ArtifactInvalid: the manifest or a file is missing or altered.
        """
        for name, record in self.manifest(task, model_id).files.items():
            verify(self.path(task, model_id) / name, record, model_id)

    def known(self, task: str, model_id: str) -> list[Manifest]:
        """Of each whole model of this id: one, or none. Nothing is written, nor fetched.

        Raises:
            ArtifactInvalid: an object store has a manifest that cannot be read.
        """
        try:
            self.verify(task, model_id)
            return [self.manifest(task, model_id)]
        except ArtifactInvalid:
            return []

    def archive(self, task: str, model_id: str) -> IO[bytes]:
        """The artifact as a zip file, on the disk and not in memory; closed by whoever reads it.

        Raises:
            ArtifactInvalid: its manifest or a file is missing, or does not have its checksum.
            Unavailable: there is no room for the archive.
        """
        return archive.of(self.path(task, model_id), self.manifest(task, model_id).files)

    def copy_from(self, other: "ArtifactStore", task: str, model_id: str) -> None:
        """Take over an artifact of another folder, unless it is here already; published by rename like any other.

        Raises:
            ArtifactInvalid: a file there is missing or altered. Nothing of it stays here.
            OSError: there is no room here, or no right to write. The same.
        """
        target = self.path(task, model_id)
        if target.exists():
            return
        records = other.manifest(task, model_id).files
        # All of it first: a damaged model is looked at again and again, until somebody mends it.
        files = {n: whole(other.path(task, model_id) / n, records.get(n)) for n in (MANIFEST, *records)}
        staging = self.staging(f"copy-{model_id}-{secrets.token_hex(4)}")
        try:
            staging.mkdir(parents=True)
            for name, content in files.items():  # with a new time: it must not look old to `sweep`
                (staging / name).write_bytes(content)
                fsync(staging / name)
            fsync(staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                staging.rename(target)
            except OSError:
                if not target.exists():  # else another process was first: same id, same content
                    raise
        finally:
            self.discard(staging)

    def put_back(self, other: "ArtifactStore", task: str, model_id: str) -> None:
        """The same in the place of what there is, on this machine alone."""
        self.discard(self.path(task, model_id))
        ArtifactStore.copy_from(self, other, task, model_id)

    def bundled(self) -> dict[str, str]:
        """Model id by task, of the models that come with Densely; none in a folder without `bundled.json`.

        Raises:
            ArtifactInvalid: that list cannot be read.
        """
        return bundle.listed(self.root)

    def published(self) -> Iterator[tuple[str, str]]:
        """(task, model id) of every artifact in the folder."""
        for path in sorted(self.root.glob(f"[!.]*/*/{MANIFEST}")):
            yield path.parent.parent.name, path.parent.name

    def damaged(self) -> Iterator[Path]:
        """Folders of models without a manifest, which nobody can read: their removal was cut short."""
        for path in sorted(self.root.glob("[!.]*/m-*")):
            if path.is_dir() and not (path / MANIFEST).exists():
                yield path

    def sweep(
        self,
        is_orphan: Callable[[Manifest], bool],
        older_than: float,
        known: Callable[[], Collection[str]] = frozenset,
    ) -> list[Path]:
        """Remove staging folders last changed before `older_than` (seconds since 1970), and orphaned artifacts.

        `is_orphan` decides on artifacts of that age; those of unknown origin must be kept by it. `known`: ids of models
        that are no orphans, whose manifests an object store need not be asked for.
        """
        del known  # here they cost nothing
        removed = [p for p in (self.root / STAGING).glob("*") if _modified(p) < older_than]
        for task, model_id in self.published():
            folder = self.path(task, model_id)
            with suppress(ArtifactInvalid, OSError):  # what cannot be read is not ours to remove
                if folder.stat().st_mtime < older_than and is_orphan(self.manifest(task, model_id)):
                    removed.append(folder)
        for folder in removed:
            self.discard(folder)
        return removed


def _modified(path: Path) -> float:
    """When a folder changed last, seconds since 1970; never, if it has just gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")
