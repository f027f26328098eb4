"""Finds, verifies and reads datasets. pyarrow is imported late: an API process that never trains needs none of it."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.datasets import sample
from app.encoding.encoder import Columns
from app.errors import DatasetInvalid, Unavailable
from app.kinds.base import Split, Task
from app.storage.files import StoredFiles
from app.storage.remote import Remote
from app.wire.declarations import DatasetInfo

NOTES_KEY = b"densely.notes"  # Parquet metadata: what an import did to the rows
OWNER_KEY = b"densely.database"  # of uploaded rows: the identity of the database that they belong to
INDEX_KEY = b"densely.word_index"  # the words by rank, of rows that were published as word ids
BATCH = 4_096  # rows read at once
HEAD_BATCH = 512  # the same, where the first rows are enough


@dataclass(frozen=True)
class Rows:
    """One split of a dataset."""

    columns: Columns  # input columns
    target: Sequence[Any]  # target column, one entry per row

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class Dataset:
    """A dataset in memory."""

    info: DatasetInfo
    sha256: str  # of the file's bytes, or of the sample's rows
    train: Rows
    test: Rows
    notes: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)  # the words by rank, if the rows were published as word ids


class DatasetCatalog:
    """The datasets of a folder of Parquet files, those that were uploaded, and the bundled samples."""

    def __init__(self, folder: Path, uploads: Path | None = None, remote: Remote | None = None) -> None:
        """`folder` may be missing: then only the samples are here. `uploads`: of uploaded rows, by their id.

        `remote`: an object store that `uploads` is a cache of. Then whatever reads uploaded rows raises StoreAway or
        Unusable where it does not give them, and ArtifactInvalid where it gives others.
        """
        self.folder = folder
        self.uploads = uploads or folder
        self._stored = StoredFiles(self.uploads, remote) if remote else None

    def path(self, info: DatasetInfo) -> Path:
        """Where a dataset's file is, or would be. Names come from the tasks, never from a client."""
        return self.uploads / f"{info.upload}.parquet" if info.upload else self.folder / f"{info.name}.parquet"

    def file(self, info: DatasetInfo) -> Path:
        """The same, with the file there if an object store has it."""
        path = self.path(info)
        return self._stored.here(path.name, info.sha256) if self._stored and info.upload else path

    def is_here(self, info: DatasetInfo) -> bool:
        """Whether the rows can be read, perhaps by way of the object store; all of it knows each that has a row."""
        return info.is_built_in or bool(self._stored and info.upload) or self.path(info).is_file()

    def train_rows(self, info: DatasetInfo) -> int:
        """Rows of the training split: counted in the file, or as published if there is no readable file."""
        path = self.path(info)
        if info.is_built_in or info.upload or not path.is_file():
            return info.train_rows
        stat = path.stat()
        try:
            return _count_train_rows(path, stat.st_mtime_ns, stat.st_size)
        except (DatasetInvalid, OSError):  # the run will say what is wrong with the file
            return info.train_rows

    def has_column(self, task: Task, info: DatasetInfo, name: str) -> bool:
        """Whether a dataset has this column; the published file, if none is here yet, lacks further targets."""
        if info.is_built_in:  # asked without drawing the rows, which may take a second
            return name in (*task.input_columns, *(task.target_of(head) for head in task.heads))
        if not self.is_here(info):
            return name in (*task.input_columns, task.target)
        try:
            return name in _column_names(self.file(info))
        except (DatasetInvalid, Unavailable, OSError):  # the run will say what is wrong with the file
            return True

    def check(self, task: Task, info: DatasetInfo) -> int:
        """How many rows a dataset's file says that it has; none of them is read.

        Raises:
            DatasetInvalid: it is not readable, or lacks columns.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.file(info)) as file:
                names, rows = file.schema_arrow.names, int(file.metadata.num_rows)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DatasetInvalid(f"{self.path(info).name} is not a readable Parquet file") from error
        _check_columns(task, info, task.target, names)
        return rows

    def checksum(self, info: DatasetInfo) -> str:
        """SHA-256 of a dataset's file.

        Raises:
            DatasetInvalid: there is no readable file.
        """
        try:
            return _file_checksum(self.file(info))
        except OSError as error:
            raise DatasetInvalid(f"{self.path(info).name} cannot be read") from error

    def read(self, task: Task, info: DatasetInfo, target: str | None = None) -> Dataset:
        """The whole dataset, with the task's target column or another one.

        Raises:
            FileNotFoundError: its file is not in the folder.
            DatasetInvalid: the file is not readable, or lacks columns or rows.
        """
        target = target or task.target
        if info.is_built_in:
            columns = task.makers[info.name]()
            kind = "bundled sample" if info.is_sample else "generated"
            return _split(task, info, target, sample.checksum(columns), columns, [f"{kind}: {info.description}"])
        path = self.file(info)
        checksum = self.checksum(info) if path.is_file() else ""
        columns, notes, index = _read_parquet(path)
        if checksum != self.checksum(info):
            raise DatasetInvalid(f"{path.name} was replaced while it was read; try again")
        return replace(_split(task, info, target, checksum, columns, notes), index=index)

    def first(self, task: Task, info: DatasetInfo, split: Split, most: int) -> Rows:
        """The first rows of a split, at most so many; of a file no more is read than that takes.

        Raises:
            FileNotFoundError: its file is not in the folder.
            DatasetInvalid: the file is not readable, or lacks columns or rows.
        """
        names = [*task.input_columns, task.target, "split"]
        columns = task.makers[info.name]() if info.is_built_in else _head(self.file(info), names, split, most)
        _check_columns(task, info, task.target, columns)
        places = np.flatnonzero(np.array(columns["split"], dtype=object) == split)[:most]
        found = {name: _pick(columns.get(name), places) for name in (*task.input_columns, task.target)}
        gaps = any(_has_gaps(column) for name, column in found.items() if name not in task.optional_columns)
        if gaps or not len(places):
            raise DatasetInvalid(f"dataset {info.name!r} has no {split} rows, or some without values")
        return Rows({name: found[name] for name in task.input_columns}, found[task.target])


def _head(path: Path, names: list[str], split: str, most: int) -> dict[str, Any]:
    """Those of these columns that are there, of the first `most` rows of a split in a file, batch by batch."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found, rows = [], 0
    try:
        # Not the whole column at once, which is what it reads ahead otherwise.
        with pq.ParquetFile(path, buffer_size=2**16, pre_buffer=False) as file:
            there = [name for name in file.schema_arrow.names if name in names]
            for batch in file.iter_batches(batch_size=HEAD_BATCH, columns=there):
                own = batch.filter(pc.equal(batch.column("split").cast("string"), split))
                found.append(own)
                rows += len(own)
                if rows >= most:
                    break
            table = pa.Table.from_batches(found, schema=pa.schema([file.schema_arrow.field(name) for name in there]))
        return {name: values_of(table.column(name).combine_chunks()) for name in there}
    except FileNotFoundError:
        raise
    except (pa.ArrowException, KeyError, OSError, ValueError) as error:
        raise DatasetInvalid(f"{path.name} is not a readable Parquet file, or has no split") from error


def _split(task: Task, info: DatasetInfo, target: str, checksum: str, columns: Columns, notes: list[str]) -> Dataset:
    """The columns by split, checked."""
    needed = _check_columns(task, info, target, columns)
    split = np.array([str(value) for value in columns["split"]], dtype=object)
    if odd := set(split) - {"train", "test"}:
        raise DatasetInvalid(f"dataset {info.name!r} has splits other than train and test: {sorted(map(str, odd))[:3]}")
    for name in (c for c in needed if c != "split"):
        if _has_gaps(columns[name]):
            raise DatasetInvalid(f"dataset {info.name!r} has rows without {name}")
    parts = []
    for name in ("train", "test"):
        rows = np.flatnonzero(split == name)
        if not len(rows):
            raise DatasetInvalid(f"dataset {info.name!r} has no rows in its {name} split")
        inputs = {c: _pick(columns.get(c), rows) for c in task.input_columns}
        parts.append(Rows(inputs, _pick(columns[target], rows)))
    return Dataset(info, checksum, parts[0], parts[1], notes)


def _check_columns(task: Task, info: DatasetInfo, target: str, there: Collection[str]) -> list[str]:
    """The columns that a dataset needs for this target.

    Raises:
        DatasetInvalid: some of them are not there.
    """
    needed = [name for name in (*task.input_columns, target, "split") if name not in task.optional_columns]
    if missing := [name for name in needed if name not in there]:
        raise DatasetInvalid(f"dataset {info.name!r} lacks the columns {', '.join(missing)}")
    return needed


def _has_gaps(column: Any) -> bool:
    """Whether a value is missing; in a column of floats that reads as NaN."""
    if isinstance(column, np.ndarray):
        return column.dtype.kind == "f" and bool(np.isnan(column).any())
    return any(value is None for value in column)


def _pick(column: Any, rows: Any) -> Any:
    if column is None:  # an optional column that this dataset does not have
        return [None] * len(rows)
    return column[rows] if isinstance(column, np.ndarray) else [column[i] for i in rows]


def _read_parquet(path: Path) -> tuple[dict[str, Any], list[str], list[str]]:
    """Every column as a list of text or a NumPy array, and the notes and the word index of the import."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # In batches: a row group of pictures, read at once, takes ten times its size.
        with pq.ParquetFile(path) as file:
            table = pa.Table.from_batches(file.iter_batches(batch_size=BATCH), schema=file.schema_arrow)
        notes, index = (json.loads((table.schema.metadata or {}).get(key, b"[]")) for key in (NOTES_KEY, INDEX_KEY))
        return {name: values_of(table.column(name).combine_chunks()) for name in table.column_names}, notes, index
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DatasetInvalid(f"{path.name} is not a readable Parquet file") from error


def values_of(column: Any) -> Any:
    """An Arrow column as a NumPy array, or as a list if it holds text."""
    import pyarrow as pa

    if pa.types.is_fixed_size_list(column.type) and pa.types.is_primitive(column.type.value_type):
        return column.flatten().to_numpy().reshape(len(column), column.type.list_size)
    if pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False)
    return column.to_pylist()


@lru_cache(maxsize=32)
def _count_train_rows(path: Path, modified: int, size: int) -> int:
    """`modified` and `size` only make a changed file a new entry of the cache."""
    del modified, size
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        split = pq.read_table(path, columns=["split"]).column("split")
        return int(pc.sum(pc.equal(split.cast("string"), "train")).as_py() or 0)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise DatasetInvalid from error


def _column_names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names: list[str] = pq.read_schema(path).names
    except (pa.ArrowException, ValueError) as error:
        raise DatasetInvalid from error
    return names


def _file_checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
