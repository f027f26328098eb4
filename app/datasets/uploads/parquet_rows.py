"""Rows of a Parquet file, by batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.datasets.uploads.problems import Problem, at, beyond
from app.datasets.uploads.reading import Batch, check_names, rows_at_once
from app.datasets.uploads.sniff import Source
from app.wire.datasets import ImportPlan

BATCH_BYTES = 8_000_000  # of a batch, about
UNPACKED = 16  # times the largest file: more is not unpacked


class ParquetReader:
    """A table of plain columns, or lists of texts."""

    def __init__(self, source: Source, plan: ImportPlan) -> None:
        """Reads the schema.

        Raises:
            Problem: it is no Parquet file, or has columns that no dataset has.
        """
        self._source = source
        with _told(), self._opened() as file:
            schema, metadata = file.schema_arrow, file.metadata
            if metadata.num_rows > plan.most_rows:
                raise beyond(plan, "most_rows", f"the file has {metadata.num_rows:,} rows")
            check_names(list(schema.names), None, plan)
            groups = (metadata.row_group(place) for place in range(metadata.num_row_groups))
            size = sum(group.total_byte_size for group in groups)
            if size > UNPACKED * plan.most_bytes:
                raise beyond(plan, "most_bytes", "the file unpacks to too many bytes")
            self._rows = metadata.num_rows
            self._batch = max(1, min(rows_at_once(len(schema)), BATCH_BYTES * self._rows // max(1, size)))
        for field in schema:
            if reason := _reason(field.type):
                raise at(None, reason, field.name)
        self.names = list(schema.names)

    def _opened(self) -> Any:
        self._source.file.seek(0)
        return pq.ParquetFile(pa.PythonFile(self._source.file, mode="r"), buffer_size=2**16, pre_buffer=False)

    def batches(self, *, look: bool) -> Iterator[Batch]:
        """The rows, numbered from 1."""
        del look
        done = 0
        with _told():
            file = self._opened()
            for batch in file.iter_batches(batch_size=self._batch, use_threads=False):
                lines = list(range(done + 1, done + len(batch) + 1))
                done += len(batch)
                share = done / max(1, self._rows)
                columns = [_taken(name, column) for name, column in zip(self.names, batch.columns, strict=True)]
                yield Batch(lines, columns, [], int(self._source.size * share))


@contextmanager
def _told() -> Iterator[None]:
    """Arrow's errors, as problems of the file."""
    try:
        yield
    except pa.ArrowMemoryError as error:
        raise MemoryError from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Problem("the file is a damaged Parquet file, or not all of it is there") from error


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _reason(kind: Any) -> str | None:
    """Why a column of this type is no column of a dataset."""
    kind = _plain(kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _plain(kind.value_type)
        if pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_integer(inner):
            return None
        return f"is a column of {kind}; of lists only those of texts are read"
    if pa.types.is_nested(kind):
        return f"is a nested column ({str(kind)[:60]}); a column holds one value a row, or a list of texts"
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return f"is a column of {kind}, which is not read"
    return None


def _taken(name: str, column: Any) -> list[Any]:
    """
    Raises:
        Problem: Python has no such values: of Arrow's dates only the years 1 to 9999 are any.
    """
    try:
        return _values(column)
    except (ValueError, OverflowError) as error:  # Arrow's own are ValueErrors too
        if isinstance(error, pa.ArrowException | UnicodeDecodeError):
            raise
        raise at(None, "holds dates or times that are none, or beyond the years 1 to 9999", name) from error


def _values(column: Any) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_time(kind):
        column = column.cast(pa.string())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us"), safe=False)
    values: list[Any] = column.to_pylist()
    return values
