"""Rows that were read are put behind those of an earlier version: one file, and the figures of both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.datasets.uploads.keys import Keys, keys_of
from app.datasets.uploads.problems import Problem, beyond
from app.datasets.uploads.reading import BATCH
from app.datasets.uploads.roles import Input
from app.datasets.uploads.signs import about_labels, about_sides
from app.datasets.uploads.split import Mask, places_in, repeated, rows_with
from app.datasets.uploads.tally import BINS
from app.datasets.uploads.writing import with_split, write
from app.wire.datasets import (
    MOST_COMMON,
    ColumnProfile,
    Findings,
    Histogram,
    ImportPlan,
    ImportResult,
    LabelCount,
    ValueCount,
)
from app.wire.declarations import ImageKind, PlaneKind, TextKind


def joined(plan: ImportPlan, result: ImportResult) -> ImportResult:
    """The rows at `plan.out` behind those at `plan.earlier`, in their place; the result tells of all of them.

    A row that was held out before, or trained on, stays on its side with all that are like it.

    Raises:
        Problem: together they are too many, or the earlier ones were deleted meanwhile.
    """
    assert plan.earlier is not None
    assert plan.earlier_findings is not None
    before = plan.earlier_findings
    if before.rows + result.findings.rows > plan.most_rows:
        raise beyond(plan, "most_rows", f"together there are {before.rows + result.findings.rows:,} rows")
    if plan.out is None:
        return result
    fresh_path = f"{plan.out}.fresh"
    Path(plan.out).rename(fresh_path)
    try:
        return _joined(plan.earlier, before, fresh_path, plan, result)
    except FileNotFoundError as error:
        if Path(plan.earlier).exists():
            raise
        message = f"dataset {plan.dataset!r} was changed meanwhile: send the rows again"
        raise Problem(message, conflict=True) from error
    finally:
        Path(fresh_path).unlink()


def _joined(earlier: str, before: Findings, fresh: str, plan: ImportPlan, result: ImportResult) -> ImportResult:
    assert plan.out is not None
    schema, inputs = _schema(earlier, fresh), _inputs(result)
    known, sides = _keys(earlier, inputs, plan.seed)
    keys, test = _keys(fresh, inputs, plan.seed)
    if result.findings.split == "made":
        test = _agreed(keys, test, known, sides)
    result.sha256, result.bytes = write(_everything(earlier, fresh, schema, test), plan.out, [], plan.owner)
    labels = _labels(result, before, fresh, test)
    all_keys, all_sides = np.concatenate([known, keys]), np.concatenate([sides, test])
    several = repeated(all_keys)
    found = _findings(before, result.findings, labels, test, rows_with(all_keys, several))
    found.warnings = [
        *found.warnings,
        *about_sides(all_keys, all_sides, several),  # a file with a split of its own may part equal ones
        *about_labels(labels, found.rows),
    ]
    result.findings = found
    return result


def _inputs(result: ImportResult) -> list[Input]:
    kind = result.kind
    if isinstance(kind, ImageKind):
        roles: dict[str, Any] = {"pixels": "image"}
    elif isinstance(kind, TextKind):
        roles = {column.name: "text" for column in kind.columns}
    elif isinstance(kind, PlaneKind):
        roles = {"x": "number", "y": "number"}
    else:
        roles = {column.name: column.kind for column in kind.columns}
    return [Input(name, place, name, role) for place, (name, role) in enumerate(roles.items())]


def _schema(*paths: str) -> Any:
    """All columns of both files; where types differ the wider one."""
    try:
        return pa.unify_schemas(
            [pq.read_schema(path).remove_metadata() for path in paths], promote_options="permissive"
        )
    except pa.ArrowException as error:
        raise Problem("these rows and the earlier ones do not hold the same kinds of values") from error


def _batches(path: str) -> Iterator[Any]:
    with pq.ParquetFile(path, buffer_size=2**16, pre_buffer=False) as file:
        yield from file.iter_batches(batch_size=BATCH, use_threads=False)


def _keys(path: str, inputs: list[Input], seed: int) -> tuple[Keys, Mask]:
    """The keys of a file's rows, and which are of the test."""
    keys: list[Keys] = []
    tests: list[Mask] = []
    for batch in _batches(path):
        columns = [
            (
                each,
                batch.column(each.name) if each.name in batch.schema.names else pa.nulls(len(batch), _TYPES[each.role]),
            )
            for each in inputs
        ]
        keys.append(keys_of(columns, len(batch), seed))
        tests.append(np.array([side == "test" for side in batch.column("split").to_pylist()], dtype=bool))
    return np.concatenate(keys), np.concatenate(tests)


_TYPES: dict[str, Any] = {"number": pa.float64(), "flag": pa.bool_(), "date": pa.date32()}
_TYPES |= dict.fromkeys(("text", "category"), pa.string())


def _agreed(fresh: Keys, test: Mask, known: Keys, sides: Mask) -> Mask:
    order = np.argsort(known, kind="stable")
    known, sides = known[order], sides[order]
    agreed = test.copy()
    for start, same, places in places_in(fresh, known):
        part = agreed[start : start + len(same)]
        part[same] = sides[places[same]]
    return agreed


def _everything(earlier: str, fresh: str, schema: Any, test: Mask) -> Iterator[Any]:
    for batch in _batches(earlier):
        yield _as(batch, schema)
    plain = (batch.drop_columns(["split"]) for batch in _batches(fresh))
    for batch in with_split(plain, test):
        yield _as(batch, schema)


def _as(batch: Any, schema: Any) -> Any:
    """With all columns of the schema, in its order."""
    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in batch.schema.names
        else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _labels(result: ImportResult, before: Findings, fresh: str, test: Mask) -> list[LabelCount]:
    """Counted anew, since rows may have changed sides."""
    answer = result.answer
    if answer.kind not in ("one_of", "several_of"):
        return []
    counts = {str(each.label): [each.train, each.test] for each in before.labels}
    start = 0
    for batch in _batches(fresh):
        for row, value in enumerate(batch.column(answer.column).to_pylist(), start):
            for label in value if isinstance(value, list) else [value]:
                counts.setdefault(str(label), [0, 0])[int(test[row])] += 1
        start += len(batch)
    return [
        LabelCount(label=label, train=counts.get(str(label), [0, 0])[0], test=counts.get(str(label), [0, 0])[1])
        for label in answer.labels
    ]


def _findings(before: Findings, fresh: Findings, labels: list[LabelCount], test: Mask, duplicates: int) -> Findings:
    """Of all rows; what is said of the file is of the one that came now."""
    held_out = int(test.sum())
    columns = {column.name: column for column in before.columns}
    return fresh.model_copy(
        update={
            "rows": before.rows + fresh.rows,
            "skipped": before.skipped + fresh.skipped,
            "duplicates": duplicates,
            "train_rows": before.train_rows + len(test) - held_out,
            "test_rows": before.test_rows + held_out,
            "labels": labels,
            "columns": [
                _column(columns[column.name], column, before.rows, fresh.rows) if column.name in columns else column
                for column in fresh.columns
            ],
        }
    )


def _column(before: ColumnProfile, fresh: ColumnProfile, rows: int, more: int) -> ColumnProfile:
    ours, theirs = rows - before.missing, more - fresh.missing
    means = [(column.mean, weight) for column, weight in ((before, ours), (fresh, theirs)) if column.mean is not None]
    weight = sum(each for _, each in means)
    common: dict[str, int] = {}
    for each in [*before.common, *fresh.common]:
        common[each.value] = common.get(each.value, 0) + each.rows
    most = sorted(common.items(), key=lambda pair: -pair[1])[:MOST_COMMON]
    distinct = [column.distinct for column in (before, fresh) if column.distinct is not None]
    return fresh.model_copy(
        update={
            "missing": before.missing + fresh.missing,
            "distinct": max(distinct) if distinct else None,
            "least": _bound(min, before.least, fresh.least),
            "greatest": _bound(max, before.greatest, fresh.greatest),
            "mean": sum(mean * each for mean, each in means) / weight if weight else fresh.mean,
            "histogram": _histogram(before.histogram, fresh.histogram),
            "common": [ValueCount(value=value, rows=count) for value, count in most],
        }
    )


def _bound(choose: Any, *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def _histogram(before: Histogram | None, fresh: Histogram | None) -> Histogram | None:
    """Of both, as if the rows of a bin lay evenly in it."""
    if before is None or fresh is None:
        return before or fresh
    edges = np.linspace(min(before.edges[0], fresh.edges[0]), max(before.edges[-1], fresh.edges[-1]), BINS + 1)
    counts = np.zeros(BINS)
    for each in (before, fresh):
        cumulated = np.concatenate([[0], np.cumsum(each.counts)])
        counts += np.diff(np.interp(edges, each.edges, cumulated))
    whole = np.diff(np.round(np.concatenate([[0], np.cumsum(counts)]))).astype(int)
    return Histogram(edges=edges.tolist(), counts=whole.tolist())
