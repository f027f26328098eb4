"""Files that go with an installation to its new place: the models and the uploaded rows that its database names.

They never change under their ids, so that what is whole in the new place already is not copied again.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.errors import ArtifactInvalid
from app.services.uploading import UploadFolder

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)  # of tasks, models and rows: none leads out of its folder

Told = Callable[[int], None]  # how many more


@dataclass(frozen=True)
class Files:
    """Where an installation keeps them."""

    store: ArtifactStore
    uploads: UploadFolder


@dataclass
class Carried:
    """What became of the files of one sort."""

    copied: int = 0  # to the folder, or from it to the object store behind it
    there: int = 0  # already, and whole
    wrong: dict[str, str] = field(default_factory=dict)  # reason by id: they are not as they should be

    @property
    def all(self) -> int:
        """That are named."""
        return self.copied + self.there + len(self.wrong)


def carry_models(source: Files, target: Files, named: Iterable[tuple[str, str]], told: Told, *, dry: bool) -> Carried:
    """Models by task and id, each file checked by its manifest's checksum in the place where it is then.

    `dry`: nothing is written, and those of the source are checked.

    Raises:
        OSError: there is no room, or no right to write. What has been copied stays.
    """
    found = Carried()
    for task, model_id in named:
        try:
            _check_names(task, model_id)
            there = _is_whole(target.store, task, model_id)
            if there:
                _check_same(source.store, target.store, task, model_id)
            else:
                _carry_model(source.store, target.store, task, model_id, dry=dry)
            if isinstance(target.store, CachedArtifactStore) and _put(target.store, task, model_id, dry=dry):
                there = False  # it lay in the folder, and not in the object store
            found.there, found.copied = found.there + there, found.copied + (not there)
        except ArtifactInvalid as error:
            found.wrong[model_id] = f"of task {task!r}: {error.message}"
        told(1)
    return found


def carry_uploads(
    source: Files, target: Files, named: Iterable[tuple[str, str, int]], owner: str, told: Told, *, dry: bool
) -> Carried:
    """Rows by id, SHA-256 and size, with the identity of the database to which they belong; the same for the rest."""
    found = Carried()
    for identity, sha256, size in named:
        if not NAME.fullmatch(identity):
            found.wrong[identity] = "is no id of rows"
            continue
        here, there = source.uploads.path(identity), _fetched(target.uploads, identity, sha256)
        if _sha256(there) == sha256:
            kept = target.uploads.stored is None or target.uploads.stored.knows(there.name)
            if not (kept or dry):
                target.uploads.keep(identity)
            found.there, found.copied = found.there + kept, found.copied + (not kept)
        elif (present := _sha256(here)) != sha256:
            found.wrong[identity] = f"{here.name} in {here.parent} {_fault(present)}"
        elif dry or target.uploads.copy(here, identity, owner) == sha256:
            found.copied += 1
        else:
            found.wrong[identity] = f"{there.name} in {there.parent} {_fault('')}"
        told(size)
    return found


def _carry_model(source: ArtifactStore, target: ArtifactStore, task: str, model_id: str, *, dry: bool) -> None:
    """
    Raises:
        ArtifactInvalid: it is not whole in the source.
    """
    source.verify(task, model_id)
    if dry or _same_folder(source, target):
        return
    target.discard(target.path(task, model_id))  # what is there, if anything, is damaged
    target.copy_from(source, task, model_id)
    target.verify(task, model_id)


def _put(target: CachedArtifactStore, task: str, model_id: str, *, dry: bool) -> bool:
    """Have what is in the folder in the object store, too; whether it is not there before.

    Raises:
        ArtifactInvalid: another one is there.
    """
    return target.objects.manifest(task, model_id) is None if dry else target.keep(task, model_id)


def _check_names(task: str, model_id: str) -> None:
    """
    Raises:
        ArtifactInvalid: no file can be called this.
    """
    if not (NAME.fullmatch(task) and NAME.fullmatch(model_id)):
        raise ArtifactInvalid("is no id of a model, or no name of a task")


def _check_same(source: ArtifactStore, target: ArtifactStore, task: str, model_id: str) -> None:
    """
    Raises:
        ArtifactInvalid: the target has another model of this id; both are whole.
    """
    if _same_folder(source, target) or not _is_whole(source, task, model_id):
        return
    if source.manifest(task, model_id).files != target.manifest(task, model_id).files:
        raise ArtifactInvalid(f"{target.path(task, model_id)} is another model of this id: move it away")


def _is_whole(store: ArtifactStore, task: str, model_id: str) -> bool:
    try:
        store.verify(task, model_id)
    except ArtifactInvalid:
        return False
    return True


def _same_folder(source: ArtifactStore, target: ArtifactStore) -> bool:
    return source.root.resolve() == target.root.resolve()


def _fetched(uploads: UploadFolder, identity: str, sha256: str) -> Path:
    """Where rows are, or would be; from an object store they are fetched, if it has them as they should be."""
    try:
        return uploads.file(identity, sha256)
    except ArtifactInvalid:
        return uploads.path(identity)


def _sha256(path: Path) -> str | None:
    """None: it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _fault(present: str | None) -> str:
    return "is missing, or cannot be read" if present is None else "does not have its checksum"
