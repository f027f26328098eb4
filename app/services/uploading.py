"""Rows on their way in: what the reading process is told, and what is kept of what it has made."""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from app.db import audit, datasets
from app.db.engine import Transaction
from app.domain.callers import caller
from app.domain.clock import Clock
from app.errors import Conflict, InvalidInput, NotFound, QueueFull, Unusable
from app.folders import fsync
from app.services.limits import Limits
from app.services.own import info_of
from app.services.specs import nested
from app.wire.datasets import ImportPlan, ImportResult, UploadName
from app.wire.declarations import DatasetInfo, Declaration
from app.wire.tasks import TaskCreate

T = TypeVar("T")

STAGING = ".staging-"
PIECE = 2**20  # bytes that are copied at once
ABANDONED = 3_600.0  # seconds without a change, after which nobody works on a file any more
FAULTY_SHARE = 0.01  # of the rows may be left out for their faults

_NAME: TypeAdapter[str] = TypeAdapter(UploadName)
_MAPPING: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


@dataclass(frozen=True)
class UploadOptions:
    """What a client says beside its file."""

    dataset: str | None
    mapping: dict[str, str]
    filename: str
    content_type: str
    dry_run: bool = False
    train: bool = True


def options_of(fields: Mapping[str, str], filename: str, content_type: str, known: frozenset[str]) -> UploadOptions:
    """The fields beside a file; those that are not `known` name columns: of the task by name, of the file by content.

    Raises:
        InvalidInput: one of them is not what it should be.
    """
    mapping = {name: value for name, value in fields.items() if name not in known}
    if "mapping" in fields:
        try:
            mapping |= _MAPPING.validate_json(fields["mapping"])
        except ValidationError as error:
            told = "must be a JSON object: the file's columns by the task's"
            raise InvalidInput(told, field="mapping") from error
    name = fields.get("dataset") or fields.get("name") or None
    return UploadOptions(
        dataset=None if name is None else dataset_name(name),
        mapping=mapping,
        filename=filename,
        content_type=content_type,
        dry_run=_flag(fields, "dry_run", default=False),
        train=_flag(fields, "train", default=True),
    )


def dataset_name(name: str) -> str:
    """
    Raises:
        InvalidInput: no dataset can be called this.
    """
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        told = "must be 1 to 48 letters, digits, dots, hyphens and underscores, and begin with a letter or a digit"
        raise InvalidInput(told, field="name") from error


def task_asked(text: str | None) -> TaskCreate:
    """The part `task` of a request.

    Raises:
        InvalidInput: it is missing, is not JSON, or does not fit.
    """
    if text is None:
        raise InvalidInput("is needed: the task as JSON, with its `name`", field="task")
    try:
        return TaskCreate.model_validate(json.loads(text))
    except ValidationError as error:
        raise nested("task", error) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is not JSON: {error}", field="task") from error


def _flag(fields: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = fields.get(name, "").strip().lower()
    known = {"": default, "true": True, "1": True, "false": False, "0": False}
    if value not in known:
        raise InvalidInput("must be true or false", field=name)
    return known[value]


class UploadFolder:
    """The files of uploaded rows."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when the first file is written."""
        self.folder = folder

    def new(self, owner: str) -> "StagedRows":
        """A place for rows that are about to be written, which belong to the database with this identity."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            told = f"the folder of uploads cannot be made: {error.strerror}"
            raise Unusable(f"{told}; set DENSELY_UPLOADS_DIR to another one") from error
        return StagedRows(self.folder, f"d-{secrets.token_hex(6)}", owner)

    def copy(self, source: Path, identity: str, owner: str) -> str:
        """Rows that were published elsewhere, under the id that they have; returns their SHA-256.

        Raises:
            OSError: there they cannot be read, or here not written. Nothing of them stays.
        """
        rows = StagedRows(self.folder, identity, owner)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with source.open("rb") as read, rows.staging.open("wb") as written:
                shutil.copyfileobj(read, written, PIECE)
            fsync(rows.staging)
            with rows.staging.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            rows.publish()
        finally:
            rows.discard_staging()
        return sha256

    def path(self, identity: str) -> Path:
        """Of the rows with this id."""
        return self.folder / f"{identity}.parquet"

    def remove(self, identity: str) -> None:
        """The rows with this id, which no row of the database names any more."""
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

    def __init__(self, folder: Path, identity: str, owner: str) -> None:
        self.id = identity
        self._owner = owner
        self.staging = folder / f"{STAGING}{identity}.parquet"
        self._path = folder / f"{identity}.parquet"

    def told(self, plan: ImportPlan) -> ImportPlan:
        """The plan with where to write, and whose the rows are."""
        return plan.model_copy(update={"out": str(self.staging), "owner": self._owner})

    def publish(self) -> None:
        """Under its name; a crash after this leaves a file that `densely gc` removes."""
        try:
            self.staging.rename(self._path)
            fsync(self._path.parent)
        except OSError as error:
            raise Unusable(f"the folder of uploads cannot be written: {error.strerror}") from error

    def settle(self, keep: Callable[[], T]) -> T:
        """What `keep` returns, which publishes them; if it was refused, there are none of them.

        After any other error a row may be there all the same: what has none is left to `densely gc`.
        """
        try:
            return keep()
        except (Conflict, InvalidInput, NotFound, QueueFull):
            with suppress(OSError):
                self._path.unlink()
            raise

    def discard_staging(self) -> None:
        """Nobody will publish what is not published now."""
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
