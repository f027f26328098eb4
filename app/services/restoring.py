"""Restoring a backup: all of it is unpacked beside its places and checked, and only then put in place.

Nothing that is there is replaced. The database is the last to come, so that whoever finds it finds its files.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TypeVar

from pydantic import ValidationError

from app.artifacts.cached import CachedArtifactStore
from app.artifacts.sealed import SealedReader, write_out
from app.artifacts.store import ArtifactStore
from app.db import refill
from app.db.base import SCHEMA_REVISION
from app.errors import ArtifactInvalid, BackupInvalid, Unavailable, Unusable
from app.folders import fsync
from app.services.backups import HEADER, Meter, Place, Told
from app.storage.files import STAGING
from app.wire.backups import BACKUP_FORMAT, BackupHeader, BackupManifest

F = TypeVar("F", bound=BackupHeader)

MOST_HEADER = 2**16  # bytes

# The names that there may be. None of their parts can lead out of its folder, or be hidden.
MODEL = re.compile(
    r"models/(?P<task>[a-z][a-z0-9-]{0,63})/(?P<id>[a-z0-9-]{1,64})/(?P<file>[A-Za-z0-9][\w.-]{0,99})", re.ASCII
)
UPLOAD = re.compile(r"uploads/(?P<file>d-[a-z0-9-]{1,62}\.parquet)", re.ASCII)
DATABASE = re.compile(r"database\.(sqlite|postgresql)", re.ASCII)


def restore(source: IO[bytes], place: Place, told: Told) -> BackupManifest:
    """Put a backup in place where there is no database yet; what it holds.

    Raises:
        BackupInvalid: it is damaged, cut off, or of a newer release. Nothing was put in place.
        Unusable: there is a database, or other files of the same names; or a program is missing. The same.
        Unavailable: the database does not answer. The same.
        OSError: there is no room, or no right to write. The same.
    """
    size = os.fstat(source.fileno()).st_size
    with _staged(place) as staged:
        manifest = staged.unpack(SealedReader(source, Meter(told, size)), place)
        files = staged.files(manifest, place)
        prepared = staged.database / manifest.database
        with _identified(place.store) as folder:
            if manifest.engine == "sqlite":
                refill.prepare(prepared, manifest.revision, folder)
            with _put(files), _stored(place, manifest):
                if manifest.engine == "sqlite":
                    refill.put_sqlite(prepared, place.database)
                else:
                    refill.put_postgresql(prepared, place.database)
        if manifest.engine == "postgresql":  # its migration is beyond undoing what was put in place
            refill.finish_postgresql(place.database, folder)
    return manifest


class Staged:
    """The folders in which it is unpacked, each on the disk of where it is going to."""

    def __init__(self, database: Path, models: Path, uploads: Path) -> None:
        self.database, self.models, self.uploads = database, models, uploads

    def unpack(self, reader: SealedReader, place: Place) -> BackupManifest:
        """Everything into these folders.

        Raises:
            BackupInvalid: it is not what was written.
            Unusable: there is a database already, or the backup is of another kind of database.
        """
        members = reader.members()
        name, content = next(members, (None, None))
        if name != HEADER or content is None:
            raise BackupInvalid("is no backup of Densely")
        header = _checked(BackupHeader, content.read(MOST_HEADER))
        refill.check_free(place.database, header.engine)
        for name, content in members:
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_out(content, path)
        manifest = _checked(BackupManifest, reader.finish())
        if reader.records != manifest.members or manifest.database not in manifest.members:
            raise BackupInvalid("is damaged: its members are not those of its manifest")
        if manifest.engine != header.engine or not DATABASE.fullmatch(manifest.database):
            raise BackupInvalid("is damaged: its manifest does not fit its beginning")
        return manifest

    def files(self, manifest: BackupManifest, place: Place) -> list[tuple[Path, Path]]:
        """From where to where: the folders of models and the files of uploads that are not in place already.

        Raises:
            Unusable: something else is there under the same name.
        """
        members: dict[str, dict[str, str]] = defaultdict(dict)  # checksums by folder and name
        for name, record in manifest.members.items():
            folder, _, file = name.rpartition("/")
            members[folder][file] = record.sha256
        wanted = []
        for task, _, model_id in (each.partition("/") for each in manifest.models):
            records = members.get(f"models/{task}/{model_id}")
            wanted.append((self.models / task / model_id, place.store.path(task, model_id), records))
        for path in map(place.uploads.path, manifest.uploads):
            sha256 = members["uploads"].get(path.name)
            wanted.append((self.uploads / path.name, path, {"": sha256} if sha256 else None))
        found = []
        for staged, final, records in wanted:
            if not records:  # only members have names that were looked at
                raise BackupInvalid("is damaged: its manifest names what it does not hold")
            if not _is_there(final, records):
                found.append((staged, final))
        return found

    def _path(self, name: str) -> Path:
        if found := MODEL.fullmatch(name):
            return self.models / found["task"] / found["id"] / found["file"]
        if found := UPLOAD.fullmatch(name):
            return self.uploads / found["file"]
        if DATABASE.fullmatch(name):
            return self.database / name
        raise BackupInvalid(f"holds {name[:200]!r}, which is no name of a backup's")


@contextmanager
def _staged(place: Place) -> Iterator[Staged]:
    """Empty folders, which do not stay. What a killed process leaves of models and uploads, `densely gc` shows."""
    token = secrets.token_hex(6)
    models = place.store.staging(f"restore-{token}")
    uploads = place.uploads.folder / f"{STAGING}restore-{token}"
    beside = place.database.file.parent if place.database.file else place.scratch
    try:
        for folder in (models, uploads):
            folder.mkdir(parents=True)
        with TemporaryDirectory(prefix=".restore-", dir=beside) as database:
            yield Staged(Path(database), models, uploads)
    finally:
        for folder in (models, uploads):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _identified(store: ArtifactStore) -> Iterator[str | None]:
    """The identity of the models folder; one that it has got here is gone again if the block fails."""
    known = store.identity()
    try:
        yield known or store.identity(make=True)
    except BaseException:
        if known is None:
            store.forget_identity()
        raise


@contextmanager
def _put(files: list[tuple[Path, Path]]) -> Iterator[None]:
    """Move them, for the block; if it fails they go again."""
    moved = []
    try:
        for staged, final in files:
            final.parent.mkdir(parents=True, exist_ok=True)
            staged.rename(final)
            moved.append(final)
        for folder in {final.parent for final in moved}:
            fsync(folder)
        yield
    except BaseException:
        for final in moved:
            shutil.rmtree(final) if final.is_dir() else final.unlink()
        raise


@contextmanager
def _stored(place: Place, manifest: BackupManifest) -> Iterator[None]:
    """Have what is in place in the object store, too, if there is one; if the block fails what came there goes again.

    Raises:
        StoreAway, Unusable: the store does not take it, or has something else.
    """
    models: list[tuple[str, str]] = []
    uploads: list[str] = []
    store = place.store
    try:
        if isinstance(store, CachedArtifactStore):
            for task, _, model_id in (each.partition("/") for each in manifest.models):
                if _kept(store, task, model_id):
                    models.append((task, model_id))
            # One by one: what came there before an error is known.
            uploads.extend(identity for identity in manifest.uploads if place.uploads.keep(identity))
        yield
    except BaseException:
        with suppress(Unavailable):  # what the store keeps now has no row: `densely gc` shows it
            for task, model_id in models:
                assert isinstance(store, CachedArtifactStore)
                store.take_back(task, model_id)
            for identity in uploads:
                place.uploads.take_back(identity)
        raise


def _kept(store: CachedArtifactStore, task: str, model_id: str) -> bool:
    """Whether it was not there before."""
    try:
        return store.keep(task, model_id)
    except ArtifactInvalid as error:
        raise Unusable(f"{error.message}: move it away, or restore to another DENSELY_STORE_URL") from error


def _is_there(final: Path, records: dict[str, str]) -> bool:
    """Whether all of it is in place.

    Raises:
        Unusable: something else is.
    """
    if not final.exists():
        return False
    for name, sha256 in records.items():
        try:
            with (final / name).open("rb") as file:
                same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            same = False
        if not same:
            told = f"{final} is there already, and is not what the backup holds: move it away"
            raise Unusable(f"{told}, or restore to another folder with DENSELY_MODELS_DIR or DENSELY_UPLOADS_DIR")
    return True


def _checked(form: type[F], content: bytes) -> F:
    """
    Raises:
        BackupInvalid: it does not fit, or is a newer release's.
    """
    try:
        header = BackupHeader.model_validate_json(content)
        later = (
            f"of Densely {header.release}, which is newer than this one: restore it with that release or a later one"
        )
        if header.format > BACKUP_FORMAT:
            raise BackupInvalid(f"has format {header.format} {later}")
        if int(header.revision) > int(SCHEMA_REVISION):
            raise BackupInvalid(f"has schema {header.revision} {later}")
        return form.model_validate_json(content)
    except ValidationError as error:
        raise BackupInvalid("is damaged, or no backup of Densely") from error
