"""Looking at a dataset: its rows a page at a time, and its figures. pyarrow is imported late, as everywhere here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.datasets import sample
from app.datasets.catalog import DatasetCatalog, values_of
from app.encoding.encoder import Columns
from app.errors import DatasetInvalid
from app.kinds.base import Split, Task
from app.wire.datasets import ColumnProfile, DatasetDetail, Findings, LabelCount, Role
from app.wire.declarations import DatasetInfo, NumberAnswer, RatingAnswer, TableKind, TextColumn, TextKind

BATCH = 2_048  # rows read at once


@dataclass(frozen=True)
class Selected:
    """Some rows of a dataset."""

    rows: list[int]  # their numbers in the dataset
    splits: list[str]
    columns: Columns  # input columns
    target: Sequence[Any]

    def __len__(self) -> int:
        return len(self.rows)


def select(
    catalog: DatasetCatalog,
    task: Task,
    info: DatasetInfo,
    split: Split | None,
    label: str | None,
    start: int,
    most: int,
) -> Selected:
    """The first rows from number `start` on that are of this split and have this label, at most so many.

    Raises:
        DatasetInvalid: the file is not readable, or lacks columns.
    """
    names = [*task.input_columns, task.target]
    parts: list[dict[str, Any]] = []
    rows: list[int] = []
    splits: list[str] = []
    for first, columns in _batches(catalog, task, info, start):
        places = _matching(columns, task.target, split, label, max(0, start - first))[: most - len(rows)]
        if len(places):
            parts.append({name: _pick(columns.get(name), places) for name in names})
            rows += [first + int(place) for place in places]
            splits += [str(columns["split"][place]) for place in places]
        if len(rows) >= most:
            break
    columns = {name: _joined([part[name] for part in parts]) for name in names}
    return Selected(rows, splits, {name: columns[name] for name in task.input_columns}, columns[task.target])


def stream(
    catalog: DatasetCatalog, task: Task, info: DatasetInfo, split: Split | None, label: str | None, most: int
) -> Iterator[Selected]:
    """The first rows that are of this split and have this label, in portions of at most so many; the same errors."""
    names = [*task.input_columns, task.target]
    for first, columns in _batches(catalog, task, info, 0):
        places = _matching(columns, task.target, split, label, 0)
        for start in range(0, len(places), most):
            chosen = places[start : start + most]
            found = {name: _pick(columns.get(name), chosen) for name in names}
            rows, splits = (first + chosen).tolist(), [str(columns["split"][place]) for place in chosen]
            yield Selected(rows, splits, {name: found[name] for name in task.input_columns}, found[task.target])


def take(catalog: DatasetCatalog, task: Task, info: DatasetInfo, numbers: Sequence[int]) -> Selected:
    """The rows with these numbers, in this order; the same errors."""
    wanted = np.unique(np.array(numbers, dtype=np.int64))
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    names = [*task.input_columns, task.target]
    start = int(wanted[0]) if len(wanted) else 0
    for first, columns in _batches(catalog, task, info, start):
        size = len(columns["split"])
        for number in wanted[(wanted >= first) & (wanted < first + size)].tolist():
            place = [number - first]
            found[number] = (
                str(columns["split"][number - first]),
                {name: _pick(columns.get(name), place)[0] for name in names},
            )
        if len(found) == len(wanted):
            break
    kept = [number for number in numbers if number in found]
    columns = {name: _stacked([found[number][1][name] for number in kept]) for name in names}
    inputs = {name: columns[name] for name in task.input_columns}
    return Selected(kept, [found[number][0] for number in kept], inputs, columns[task.target])


def _batches(
    catalog: DatasetCatalog, task: Task, info: DatasetInfo, start: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The columns that a task needs, some rows at a time: those before `start` are passed over where that is free."""
    names = [*task.input_columns, task.target, "split"]
    if info.is_built_in:
        made: dict[str, Any] = task.makers[info.name]()
        yield 0, made
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = catalog.file(info)
    try:
        with pq.ParquetFile(path, buffer_size=2**16, pre_buffer=False) as file:
            there = [name for name in file.schema_arrow.names if name in names]
            if missing := sorted({"split", task.target} - set(there)):
                raise DatasetInvalid(f"dataset {info.name!r} lacks the columns {', '.join(missing)}")
            first, groups = 0, list(range(file.num_row_groups))
            while groups and first + file.metadata.row_group(groups[0]).num_rows <= start:
                first += file.metadata.row_group(groups.pop(0)).num_rows
            for batch in file.iter_batches(batch_size=BATCH, row_groups=groups, columns=there, use_threads=False):
                yield first, {name: values_of(batch.column(name)) for name in there}
                first += len(batch)
    except FileNotFoundError as error:
        raise DatasetInvalid(f"the rows of dataset {info.name!r} are not on this machine") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DatasetInvalid(f"the rows of dataset {info.name!r} cannot be read") from error


def _matching(columns: dict[str, Any], target: str, split: str | None, label: str | None, after: int) -> Any:
    fits = np.ones(len(columns["split"]), dtype=bool)
    fits[:after] = False
    if split is not None:
        fits &= np.array([str(each) == split for each in columns["split"]])
    if label is not None:
        fits &= np.array([_has(value, label) for value in columns[target]])
    return np.flatnonzero(fits)


def _has(value: Any, label: str) -> bool:
    if isinstance(value, list | tuple | np.ndarray):
        return any(str(each) == label for each in value)
    return str(value) == label


def _pick(column: Any, places: Any) -> Any:
    if column is None:
        return [None] * len(places)
    return column[places] if isinstance(column, np.ndarray) else [column[place] for place in places]


def _joined(parts: list[Any]) -> Any:
    if parts and all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return [value for part in parts for value in part]


def _stacked(values: list[Any]) -> Any:
    """As `_pick` gives several: an array of what came out of one."""
    if values and isinstance(values[0], np.ndarray | np.generic):
        return np.stack(values)
    return values


def pictures_of(found: Findings) -> list[str]:
    """What can be drawn of a dataset."""
    has = {
        "labels": len(found.labels) > 1,
        "lengths": any(column.histogram for column in found.columns if column.role == "text"),
        "columns": any(column.histogram for column in found.columns if column.role in ("number", "date")),
    }
    return [name for name, there in has.items() if there]


def described(catalog: DatasetCatalog, task: Task, info: DatasetInfo) -> DatasetDetail:
    """The figures of a dataset that comes with Densely, in the form that those of an upload have.

    Raises:
        DatasetInvalid: its rows cannot be read.
    """
    path = None if info.is_built_in else catalog.file(info)
    stat = path.stat() if path else None
    changed = datetime.fromtimestamp(stat.st_mtime if stat else 0, UTC)
    found, sha256 = _figures(catalog, task, info, (str(path), stat and stat.st_mtime_ns))
    return DatasetDetail(
        name=info.name,
        version=1,
        task=task.name,
        created_at=changed,
        sha256=sha256,
        bytes=stat.st_size if stat else 0,
        rows=found.rows,
        train_rows=found.train_rows,
        test_rows=found.test_rows,
        skipped=0,
        findings=found,
        pictures=pictures_of(found),
    )


@lru_cache(maxsize=64)
def _figures(
    catalog: DatasetCatalog, task: Task, info: DatasetInfo, present: tuple[str, int | None]
) -> tuple[Findings, str]:
    """`present` only makes a changed file a new entry of the cache."""
    sides: dict[str, dict[Any, int]] = {"train": {}, "test": {}}
    counts = {"train": 0, "test": 0}
    for _, columns in _target_batches(catalog, task, info):
        for split, value in zip(columns["split"], columns[task.target], strict=True):
            side = str(split)
            counts[side] += 1
            for each in value if isinstance(value, list | np.ndarray) else [value]:
                sides[side][each] = sides[side].get(each, 0) + 1
    labels = [
        LabelCount(label=label, train=sides["train"].get(label, 0), test=sides["test"].get(label, 0))
        for label in task.labels
    ]
    size = Path(present[0]).stat().st_size if not info.is_built_in else 0
    found = Findings(
        format="parquet",
        bytes=size,
        rows=sum(counts.values()),
        train_rows=counts["train"],
        test_rows=counts["test"],
        split="given",
        columns=_profiles(task),
        labels=labels if not isinstance(task.answer, NumberAnswer | RatingAnswer) else [],
    )
    return found, sample.checksum(task.makers[info.name]()) if info.is_built_in else catalog.checksum(info)


def _target_batches(catalog: DatasetCatalog, task: Task, info: DatasetInfo) -> Iterator[tuple[int, dict[str, Any]]]:
    if info.is_built_in:
        yield 0, task.makers[info.name]()
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(catalog.file(info)) as file:
            for batch in file.iter_batches(batch_size=65_536, columns=["split", task.target], use_threads=False):
                yield 0, {name: batch.column(name).to_pylist() for name in ("split", task.target)}
    except (pa.ArrowException, KeyError, OSError, ValueError) as error:
        raise DatasetInvalid(f"the rows of dataset {info.name!r} cannot be read") from error


def _profiles(task: Task) -> list[ColumnProfile]:
    """The columns by what they are for."""
    kind = task.declaration.kind
    roles: dict[str, Role] = dict.fromkeys(task.input_columns, "number")
    if isinstance(kind, TextKind):
        roles = {column.name: "text" for column in kind.columns if isinstance(column, TextColumn)}
    elif isinstance(kind, TableKind):
        roles = {column.name: column.kind for column in kind.columns}
    elif kind.kind == "image":
        roles = dict.fromkeys(task.input_columns, "image")
    roles[task.target] = "label"
    return [ColumnProfile(name=name, source=name, role=role) for name, role in roles.items()]
