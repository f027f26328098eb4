"""Rows on their way in: what the reading process is told, and what is kept of what it has made."""

import hashlib
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from app.db import audit, datasets
from app.db.engine import Transaction
from app.domain.callers import caller
from app.domain.clock import Clock
from app.errors import Conflict, InvalidInput, NotFound, QueueFull, Unusable
from app.folders import fsync
from app.services.limits import Limits
from app.services.own import info_of
from app.services.upload_options import UploadOptions
from app.storage.files import STAGING, StoredFiles
from app.storage.remote import Remote
from app.wire.datasets import ImportPlan, ImportResult
from app.wire.declarations import DatasetInfo, Declaration
from app.wire.tasks import TaskCreate

T = TypeVar("T")

PIECE = 2**20  # bytes that are copied at once
ABANDONED = 3_600.0  # seconds without a change, after which nobody works on a file any more
FAULTY_SHARE = 0.01  # of the rows may be left out for their faults


class UploadFolder:
    """The files of uploaded rows."""

    def __init__(self, folder: Path, remote: Remote | None = None) -> None:
        """`folder` is made when the first file is written; with `remote` it is a cache of an object store."""
        self.folder = folder
        self.stored = StoredFiles(folder, remote) if remote else None

    def new(self, owner: str) -> "StagedRows":
        """A place for rows that are about to be written, which belong to the database with this identity."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            told = f"the folder of uploads cannot be made: {error.strerror}"
            raise Unusable(f"{told}; set DENSELY_UPLOADS_DIR to another one") from error
        return StagedRows(self.folder, f"d-{secrets.token_hex(6)}", owner, self.stored)

    def copy(self, source: Path, identity: str, owner: str) -> str:
        """Rows that were published elsewhere, under the id that they have; returns their SHA-256.

        Raises:
            OSError: there they cannot be read, or here not written. Nothing of them stays.
        """
        rows = StagedRows(self.folder, identity, owner, self.stored)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with source.open("rb") as read, rows.staging.open("wb") as written:
                shutil.copyfileobj(read, written, PIECE)
            fsync(rows.staging)
            with rows.staging.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            rows.send()
            rows.publish()
        finally:
            rows.discard_staging()
        return sha256

    def path(self, identity: str) -> Path:
        """Of the rows with this id."""
        return self.folder / f"{identity}.parquet"

    def file(self, identity: str, sha256: str) -> Path:
        """The same, with the file there if an object store has it.

        Raises:
            StoreAway, Unusable: it does not give them.
            ArtifactInvalid: it has others.
        """
        path = self.path(identity)
        return self.stored.here(path.name, sha256) if self.stored else path

    def keep(self, identity: str) -> bool:
        """Have the rows of this folder in the object store, too; whether that was needed. The first two errors."""
        path = self.path(identity)
        if self.stored is None:
            return False
        is_there = self.stored.has(path.name)
        if not is_there:
            self.stored.send(path, path.name)
        self.stored.mark(path.name)
        return not is_there

    def take_back(self, identity: str) -> None:
        """The other way round; the same errors."""
        if self.stored:
            self.stored.take_back(self.path(identity).name)

    def remove(self, identity: str) -> None:
        """The rows with this id, which no row of the database names any more."""
        if self.stored:
            self.stored.remove(self.path(identity).name)
        with suppress(OSError):
            self.path(identity).unlink()

    def orphans(self, known: set[str], older_than: float) -> list[Path]:
        """Rows last changed before `older_than`, seconds since 1970, whose ids are not `known`."""
        return [path for path in self._old("d-*.parquet", older_than) if path.stem not in known]

    def unfinished(self, older_than: float) -> list[Path]:
        """What was last written before that, and never published."""
        return self._old(f"{STAGING}*", older_than)

    def sweep(self) -> list[Path]:
        """Remove what a crash has left unfinished; what was published may be another database's."""
        found = self.unfinished(time.time() - ABANDONED)
        for path in found:
            with suppress(OSError):
                path.unlink()
        return found

    def _old(self, pattern: str, older_than: float) -> list[Path]:
        found = []
        for path in self.folder.glob(pattern):
            with suppress(OSError):
                if path.stat().st_mtime < older_than:
                    found.append(path)
        return sorted(found)


class StagedRows:
    """Rows that are written under another name first; what is not published does not stay."""

    def __init__(self, folder: Path, identity: str, owner: str, stored: StoredFiles | None = None) -> None:
        self.id = identity
        self._stored = stored
        self._is_sent = False  # and nobody can know of it yet
        self._owner = owner
        self.staging = folder / f"{STAGING}{identity}.parquet"
        self._path = folder / f"{identity}.parquet"

    def told(self, plan: ImportPlan) -> ImportPlan:
        """The plan with where to write, and whose the rows are."""
        return plan.model_copy(update={"out": str(self.staging), "owner": self._owner})

    def send(self) -> None:
        """To the object store, if there is one: before what waits for the database, since it may take minutes.

        Raises:
            StoreAway, Unusable: it does not take them.
        """
        if self._stored:
            self._is_sent = True
            self._stored.send(self.staging, self._path.name)

    def publish(self) -> None:
        """Under its name; a crash after this leaves a file that `densely gc` removes."""
        try:
            self.staging.rename(self._path)
            fsync(self._path.parent)
            self._is_sent = False
            if self._stored:
                self._stored.mark(self._path.name)
        except OSError as error:
            raise Unusable(f"the folder of uploads cannot be written: {error.strerror}") from error

    def settle(self, keep: Callable[[], T]) -> T:
        """What `keep` returns, which publishes them; if it was refused, there are none of them.

        After any other error a row may be there all the same: what has none is left to `densely gc`.
        """
        try:
            return keep()
        except (Conflict, InvalidInput, NotFound, QueueFull):
            if self._stored:
                self._stored.remove(self._path.name)
            with suppress(OSError):
                self._path.unlink()
            raise

    def discard_staging(self) -> None:
        """Nobody will publish what is not published now."""
        if self._stored and self._is_sent:
            self._stored.remove(self._path.name)
        for path in self.staging.parent.glob(f"{self.staging.name}*"):  # and what a process that was ended has left
            with suppress(OSError):
                path.unlink()


def plan_of(
    task: str,
    dataset: str,
    wanted: UploadOptions,
    limits: Limits,
    asked: TaskCreate | None = None,
    declaration: Declaration | None = None,
    *,
    fixed: bool = False,
) -> ImportPlan:
    """What the reading process is told, but for where to write: of a new task what was `asked`, else its declaration.

    `fixed`: its labels and categories are all there may be.
    """
    return ImportPlan(
        task=task,
        dataset=dataset,
        filename=wanted.filename,
        content_type=wanted.content_type,
        kind=asked.kind if asked else None,
        answer=asked.answer if asked else None,
        declared_kind=declaration.kind if declaration else None,
        declared_answer=declaration.answer if declaration else None,
        fixed=fixed,
        mapping=wanted.mapping,
        faulty_share=FAULTY_SHARE,
        most_bytes=limits.bytes,
        most_rows=limits.rows,
        most_columns=limits.columns,
        most_labels=limits.labels,
    )


def insert(tx: Transaction, name: str, task: str, identity: str, result: ImportResult, clock: Clock) -> DatasetInfo:
    """A row for the rows that are in place, as the next version of its name."""
    found = result.findings
    assert result.sha256 is not None
    assert result.bytes is not None
    version = datasets.insert_dataset(
        tx,
        name,
        id=identity,
        task=task,
        sha256=result.sha256,
        bytes=result.bytes,
        rows=found.rows,
        train_rows=found.train_rows,
        test_rows=found.test_rows,
        skipped=found.skipped,
        findings=plain(found.model_dump(mode="json")),
        created_at=clock(),
        key_id=caller.get().key_id,
    )
    audit.record(tx, clock(), "dataset.uploaded", datasets.reference(name, version), task)
    return info_of(datasets.find(tx, name, version))


def plain(value: Any) -> Any:
    """Without zero characters, which PostgreSQL's JSON does not hold."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value
