"""Backups: the database of one moment, and the files that its rows name, as one sealed file.

The database comes first, the files after it: a model or a dataset gets its row when its files are in place, and they
are never changed, so that what a row names is there. What is removed meanwhile loses its row before its files: then
another moment is taken, and only what is new to it is copied.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import app
from app.artifacts.sealed import SealedWriter
from app.artifacts.store import ArtifactStore
from app.db import snapshot
from app.db.engine import Database
from app.db.snapshot import Snapshot, Upload
from app.domain.clock import Clock
from app.errors import ArtifactInvalid, Unavailable
from app.services.uploading import UploadFolder
from app.wire.backups import BACKUP_FORMAT, BackupHeader, BackupManifest
from app.wire.manifests import MANIFEST, FileRecord

HEADER = "backup.json"
MOST_MOMENTS = 10  # that are taken when models or datasets are removed again and again

Told = Callable[[int, int], None]  # bytes so far, and how many it will be, about


@dataclass
class Meter:
    """How far it is."""

    told: Told
    total: int = 0
    done: int = 0

    def __call__(self, more: int) -> None:
        """So many bytes more."""
        self.done += more
        self.total = max(self.total, self.done)
        self.told(self.done, self.total)


@dataclass
class Report:
    """What was written."""

    manifest: BackupManifest
    warnings: list[str] = field(default_factory=list)  # rows whose files are not as they should be


@dataclass(frozen=True)
class Place:
    """Where an installation keeps what a backup holds."""

    database: Database
    store: ArtifactStore
    uploads: UploadFolder
    scratch: Path  # a folder for the database's file in between


def write(target: IO[bytes], place: Place, clock: Clock, told: Told) -> Report:
    """Write a backup while the service goes on.

    Raises:
        Unavailable: the database does not answer, or models were removed all the time.
        Unusable: it has no tables, those of a newer release, or is damaged; a program is missing.
        OSError: there is no room, or a file cannot be read.
    """
    return _Writing(target, place, clock, told).all()


class _Writing:
    """One backup on its way out."""

    def __init__(self, target: IO[bytes], place: Place, clock: Clock, told: Told) -> None:
        self._place = place
        self._target = target
        self._clock = clock
        self._meter = Meter(told)
        self._writer = SealedWriter(target, self._meter)
        self._written: set[str] = set()  # ids whose files are in it
        self._warnings: dict[str, str] = {}  # by id

    def all(self) -> Report:
        place = self._place
        with ExitStack() as files:
            file, moment = self._moment(files)
            header = BackupHeader(
                format=BACKUP_FORMAT,
                release=app.__version__,
                created_at=self._clock(),
                engine=moment.engine,
                revision=moment.revision,
            )
            self._writer.add_bytes(HEADER, header.model_dump_json().encode())
            for _ in range(MOST_MOMENTS):
                if not self._files(moment):
                    break
                file, moment = self._moment(files)
            else:
                raise Unavailable("models or datasets were removed all the time: try again when nobody does")
            database = f"database.{moment.engine}"
            self._writer.add(database, file)
        manifest = BackupManifest(
            **{**header.model_dump(), "engine": moment.engine, "revision": moment.revision},
            database=database,
            models=[f"{task}/{model_id}" for task, model_id in moment.models if model_id in self._written],
            uploads=[upload.id for upload in moment.uploads if upload.id in self._written],
            members=self._writer.records,
        )
        self._writer.close(manifest.model_dump_json().encode())
        self._target.flush()
        with suppress(OSError):  # a pipe has no disk
            os.fsync(self._target.fileno())
        named = {model_id for _, model_id in moment.models} | {upload.id for upload in moment.uploads}
        place.database.close()
        return Report(manifest, [told for name, told in self._warnings.items() if name in named])

    def _moment(self, files: ExitStack) -> tuple[IO[bytes], Snapshot]:
        """The database of now, in a file that has no name any more: whatever ends this process, it does not stay."""
        place, meter = self._place, self._meter
        before = meter.done
        meter.total += 2 * snapshot.size(place.database)

        def told(size: int) -> None:
            meter(before + size - meter.done)

        with TemporaryDirectory(prefix=".backup-", dir=place.scratch) as folder:
            path = Path(folder) / "database"
            moment = snapshot.take(place.database, path, told)
            file = files.enter_context(path.open("rb"))
        meter.total = meter.done + os.fstat(file.fileno()).st_size + self._bytes_of(moment)
        return file, moment

    def _bytes_of(self, moment: Snapshot) -> int:
        """Of the files that are still to be copied."""
        total = 0
        with suppress(OSError, Unavailable):  # a figure for the bar
            for task, model_id in moment.models:
                if model_id not in self._written:
                    total += sum(record.bytes for record in self._place.store.manifest(task, model_id).files.values())
            for upload in moment.uploads:
                if upload.id not in self._written:
                    total += self._place.uploads.path(upload.id).stat().st_size
        return total

    def _files(self, moment: Snapshot) -> bool:
        """Copy those that are not in it yet; whether some have been removed since that moment."""
        absent: dict[str, str] = {}
        for task, model_id in moment.models:
            if model_id not in self._written and (reason := self._model(task, model_id)):
                absent[model_id] = f"it is without model {model_id} of task {task!r}: {reason}"
        for upload in moment.uploads:
            if upload.id not in self._written and (reason := self._upload(upload)):
                absent[upload.id] = f"it is without the rows {upload.id}: {reason}"
        if absent:
            named = snapshot.still_named(self._place.database)
            self._warnings |= {name: told for name, told in absent.items() if name in named}
            return bool(set(absent) - named)
        return False

    def _model(self, task: str, model_id: str) -> str | None:
        """Why not."""
        store = self._place.store
        with ExitStack() as opened:
            try:
                expected = store.manifest(task, model_id).files
                folder = store.folder(task, model_id)
                # All of them at once: what is open can be read to its end, also when it is removed meanwhile.
                files = {name: opened.enter_context((folder / name).open("rb")) for name in (MANIFEST, *expected)}
            except ArtifactInvalid as error:
                return error.message
            except OSError as error:
                return f"{error.filename}: {error.strerror}"
            for name, file in files.items():
                record = self._writer.add(f"models/{task}/{model_id}/{name}", file)
                if name in expected and record != expected[name]:
                    self._warn(model_id, f"{name} of model {model_id} does not have its checksum")
        self._written.add(model_id)
        return None

    def _upload(self, upload: Upload) -> str | None:
        """Why not."""
        try:
            path = self._place.uploads.file(upload.id, upload.sha256)
            file = path.open("rb")
        except ArtifactInvalid as error:  # of an object store
            return error.message
        except OSError as error:
            return f"{error.filename}: {error.strerror}"
        with file:
            record: FileRecord = self._writer.add(f"uploads/{path.name}", file)
        if record.sha256 != upload.sha256:
            self._warn(upload.id, f"the rows {upload.id} do not have their checksum")
        self._written.add(upload.id)
        return None

    def _warn(self, name: str, told: str) -> None:
        self._warnings[name] = f"it holds what was there: {told}"
