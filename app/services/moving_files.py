"""Files that go with an installation to its new place: the models and the uploaded rows that its database names.

They never change under their ids, so that what is whole in the new place already is not copied again.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.store import ArtifactStore
from app.errors import ArtifactInvalid
from app.services.uploading import UploadFolder
from app.wire.manifests import Manifest

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

    copied: int = 0
    there: int = 0  # already, and whole
    stored: int = 0  # there in the folder alone, from where the object store got them
    wrong: dict[str, str] = field(default_factory=dict)  # reason by id: they are not as they should be
    others: set[str] = field(default_factory=set)  # those of them under whose ids the new place has others, whole

    @property
    def all(self) -> int:
        """That are named."""
        return self.copied + self.there + self.stored + len(self.wrong)

    def count_there(self, *, stored: bool) -> None:
        """One more that was not copied; `stored`: the object store did not have it."""
        if stored:
            self.stored += 1
        else:
            self.there += 1


def carry_models(source: Files, target: Files, named: Iterable[tuple[str, str]], told: Told, *, dry: bool) -> Carried:
    """Models by task and id, each file checked by its manifest's checksum in the place where it is then.

    `dry`: nothing is written, and those of the source are checked; of those in an object store the manifest is read.

    Raises:
        StoreAway, Unusable: the object store does not answer, or has to be mended first.
        OSError: there is no room, or no right to write. What has been copied stays.
    """
    found = Carried()
    for task, model_id in named:
        try:
            _carry_model(source.store, target.store, task, model_id, found, dry=dry)
        except ArtifactInvalid as error:
            found.wrong[model_id] = f"of task {task!r}: {error.message}"
        told(1)
    return found


def carry_uploads(
    source: Files, target: Files, named: Iterable[tuple[str, str, int]], owner: str, told: Told, *, dry: bool
) -> Carried:
    """Rows by id, SHA-256 and size, with the identity of the database to which they belong; the same for the rest.

    `dry`: of an object store it is looked whether it has them, unread.
    """
    found = Carried()
    stored = target.uploads.stored_names() if dry else set()
    for identity, sha256, size in named:
        if not NAME.fullmatch(identity):
            found.wrong[identity] = "is no id of rows"
            continue
        here, there = source.uploads.path(identity), target.uploads.path(identity)
        if not dry:
            _fetch(target.uploads, identity, sha256)
        if there.name in stored or _sha256(there) == sha256:
            lacks = target.uploads.stored is not None and there.name not in stored
            found.count_there(stored=lacks if dry else target.uploads.keep(identity))
        elif (present := _sha256(here)) != sha256:
            found.wrong[identity] = f"{here.name} in {here.parent} {_fault(present)}"
        else:
            try:
                if not dry:
                    target.uploads.copy(here, identity, owner, sha256)
                found.copied += 1
            except ArtifactInvalid as error:
                found.wrong[identity] = error.message
        told(size)
    return found


def _carry_model(
    source: ArtifactStore, target: ArtifactStore, task: str, model_id: str, found: Carried, *, dry: bool
) -> None:
    """
    Raises:
        ArtifactInvalid: no file can be called this, it is not whole in the source, or the target has another.
    """
    _check_names(task, model_id)
    there = target.known(task, model_id)
    if _has_another(source, target, there, task, model_id):
        found.others.add(model_id)
        store = " or the object store" if isinstance(target, CachedArtifactStore) else ""
        raise ArtifactInvalid(f"another model of this id is in {target.path(task, model_id)}{store}: move that away")
    if there and (dry or _is_whole(target, task, model_id)):
        found.count_there(stored=_store(target, task, model_id, dry=dry))
    else:
        _copy_model(source, target, task, model_id, dry=dry)
        _store(target, task, model_id, dry=dry)
        found.copied += 1


def _store(target: ArtifactStore, task: str, model_id: str, *, dry: bool) -> bool:
    """Put a model that lies in the folder into the object store, if there is one; whether that lacked it."""
    if not isinstance(target, CachedArtifactStore):
        return False
    return not target.is_stored(task, model_id) if dry else target.keep(task, model_id)


def _copy_model(source: ArtifactStore, target: ArtifactStore, task: str, model_id: str, *, dry: bool) -> None:
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


def _check_names(task: str, model_id: str) -> None:
    """
    Raises:
        ArtifactInvalid: no file can be called this.
    """
    if not (NAME.fullmatch(task) and NAME.fullmatch(model_id)):
        raise ArtifactInvalid("is no id of a model, or no name of a task")


def _has_another(source: ArtifactStore, target: ArtifactStore, there: list[Manifest], task: str, model_id: str) -> bool:
    """Whether whole models of one id, of the source and those that are `there`, are not all the same."""
    here = [] if not there or _same_folder(source, target) else source.known(task, model_id)
    return any(each.files != there[0].files for each in here + there)


def _is_whole(store: ArtifactStore, task: str, model_id: str) -> bool:
    try:
        store.verify(task, model_id)
    except ArtifactInvalid:
        return False
    return True


def _same_folder(source: ArtifactStore, target: ArtifactStore) -> bool:
    return source.root.resolve() == target.root.resolve()


def _fetch(uploads: UploadFolder, identity: str, sha256: str) -> None:
    """Have rows in their place, if an object store has them as they should be."""
    with suppress(ArtifactInvalid):
        uploads.file(identity, sha256)


def _sha256(path: Path) -> str | None:
    """None: it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _fault(present: str | None) -> str:
    return "is missing, or cannot be read" if present is None else "does not have its checksum"
