"""The kept rows on their way to a Parquet file. Until the split is known they wait in a file without a name."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.datasets.catalog import NOTES_KEY, OWNER_KEY
from app.datasets.uploads.split import Mask

GROUP_ROWS = 50_000  # of a row group, at most
GROUP_BYTES = 24_000_000


class Waiting:
    """Batches of rows in a temporary file."""

    def __init__(self, files: ExitStack, folder: str | None) -> None:
        """The file lies in `folder`, and is one of `files`, which are closed at the end."""
        self._file = files.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - which closes it
        self._writer: Any = None

    def add(self, batch: Any) -> None:
        """Some rows; all have the same columns."""
        if self._writer is None:
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            self._writer = pa.ipc.new_file(pa.PythonFile(self._file, mode="w"), batch.schema, options=options)
        self._writer.write_batch(batch)

    def batches(self) -> Iterator[Any]:
        """All of them, in order."""
        if self._writer is None:
            return
        self._writer.close()
        self._file.seek(0)
        reader = pa.ipc.open_file(pa.PythonFile(self._file, mode="r"))
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def with_split(batches: Iterator[Any], test: Mask) -> Iterator[Any]:
    """The batches with a column `split`."""
    words = np.array(["train", "test"], dtype=object)
    start = 0
    for batch in batches:
        own = test[start : start + len(batch)]
        start += len(batch)
        yield batch.append_column("split", pa.array(words[own.astype(np.int8)], pa.string()))


def write(batches: Iterator[Any], path: str, notes: list[str], owner: str = "") -> tuple[str, int]:
    """The file, on the disk for good; its SHA-256 and its bytes. What fails leaves none."""
    try:
        with Path(path).open("wb") as file:
            _write(batches, file, {NOTES_KEY: json.dumps(notes), OWNER_KEY: owner})
            file.flush()
            os.fsync(file.fileno())
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
    except BaseException:
        with suppress(OSError):
            Path(path).unlink()
        raise


def _write(batches: Iterator[Any], file: Any, metadata: dict[bytes, str]) -> None:
    writer: Any = None
    for table in _groups(batches):
        if writer is None:
            schema = table.schema.with_metadata(metadata)
            writer = pq.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd")
        writer.write_table(table.cast(schema), row_group_size=len(table))
    assert writer is not None
    writer.close()


def _groups(batches: Iterator[Any]) -> Iterator[Any]:
    held: list[Any] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + len(batch), size + batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)
