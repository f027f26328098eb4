"""A file becomes a dataset: told apart, looked at, planned, checked, split and written."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np

from app.datasets.uploads.answers import alike
from app.datasets.uploads.archive import ArchiveReader
from app.datasets.uploads.checking import Check
from app.datasets.uploads.commas import WithPoints, about, with_commas
from app.datasets.uploads.csv_rows import CsvReader
from app.datasets.uploads.declared import answer_of, kind_of, layout_of
from app.datasets.uploads.json_rows import JsonReader
from app.datasets.uploads.keys import Keys
from app.datasets.uploads.layout import LABEL, Planner
from app.datasets.uploads.names import named
from app.datasets.uploads.parquet_rows import ParquetReader
from app.datasets.uploads.problems import Problem, shown
from app.datasets.uploads.profile import Overview, overview
from app.datasets.uploads.reading import Reader
from app.datasets.uploads.roles import Layout
from app.datasets.uploads.signs import about_labels, about_nested, about_sides, giveaways
from app.datasets.uploads.sniff import Source, sniff
from app.datasets.uploads.split import Mask, alone, held_out, repeated, rows_with
from app.datasets.uploads.tally import unused
from app.datasets.uploads.writing import with_split, write
from app.domain.counting import counted
from app.wire.datasets import MOST_FAULTS, ColumnProfile, Findings, ImportPlan, ImportResult, LabelCount
from app.wire.declarations import ImageKind

Progress = Callable[[int, int, int], None]  # bytes done, of how many, rows so far

SHARES = ((0.0, 0.45), (0.45, 0.95))  # of the work, in the two passes


def import_file(file: BinaryIO, plan: ImportPlan, progress: Progress) -> ImportResult:
    """What is in the file; with `plan.out`, the dataset is written there.

    Raises:
        Problem: nothing can be made of it; nothing is written.
    """
    with ExitStack() as files:
        source = sniff(file, plan, files)
        reader = _reader(source, plan)
        seen = overview(reader, plan, _part(progress, source, 0))
        notes = reader.notes if isinstance(reader, CsvReader) else []
        commas = with_commas(seen.profiles, source.delimiter)
        if commas:
            reader = WithPoints(reader, commas)
            seen = overview(reader, plan, _part(progress, source, 0))
        if not seen.rows:
            raise Problem("the file has columns, and no rows that can be read", None, seen.faults)
        layout = _layout(seen, plan)
        layout.warnings += [*notes, *about(seen.profiles, commas)]
        kind = kind_of(layout, plan, seen.profiles)
        check = Check(layout, seen, plan, kind if isinstance(kind, ImageKind) else None, files)
        tell = _part(progress, source, 1)
        for batch in reader.batches(look=False):
            check.add(batch)
            tell(batch.done, check.rows)
        _refuse_faulty(check, plan)
        return _result(source, seen, layout, check, plan)


def _layout(seen: Overview, plan: ImportPlan) -> Layout:
    nested = about_nested(seen.profiles)[:MOST_FAULTS]
    try:
        layout = Planner(seen, plan).layout() if plan.declared_kind is None else layout_of(seen, plan)
    except Problem as problem:
        if not problem.faults and problem.field in {"kind", "text", LABEL, *(fault.column for fault in nested)}:
            problem.faults = nested  # no column is of use, or this one is not: for that reason
        raise
    used = {layout.target.title, *(column.title for column in layout.inputs)}
    layout.warnings += [
        f"line {fault.line}: the column {shown(fault.column)} holds objects, which are not read: left out"
        for fault in nested
        if fault.column not in used
    ]
    return layout


def _reader(source: Source, plan: ImportPlan) -> Reader:
    readers: dict[str, Callable[[Source, ImportPlan], Reader]] = {
        "parquet": ParquetReader,
        "zip": ArchiveReader,
        "json": JsonReader,
        "jsonl": JsonReader,
    }
    return readers.get(source.format, CsvReader)(source, plan)


def _part(progress: Progress, source: Source, number: int) -> Callable[[int, int], None]:
    start, end = SHARES[number]

    def tell(done: int, rows: int) -> None:
        share = start + (end - start) * min(1.0, done / max(1, source.size))
        progress(int(share * source.bytes), source.bytes, rows)

    return tell


def _refuse_faulty(check: Check, plan: ImportPlan) -> None:
    total = check.rows + check.skipped
    if check.skipped > plan.faulty_share * total or not check.rows:
        odd = f"{check.skipped:,} of {counted(total, 'row')}"
        raise Problem(
            f"{odd} cannot be used, more than {plan.faulty_share:.2%}: nothing was kept",
            check.faults[0].column if check.faults else None,
            check.faults,
        )


def _result(source: Source, seen: Overview, layout: Layout, check: Check, plan: ImportPlan) -> ImportResult:
    _drop_absent_labels(layout, check, plan)
    known = repeated(check.keys)
    test = _split(layout, check, plan, known)
    result = ImportResult(
        findings=_findings(source, seen, layout, check, test, known),
        kind=kind_of(layout, plan, seen.profiles),
        answer=answer_of(layout, plan),
        title=layout.target.title,
        examples=check.examples(test),
    )
    if plan.earlier is None:  # else it is said of all rows
        found = result.findings
        found.warnings += about_sides(check.keys, test, known) + about_labels(found.labels, check.rows)
    if plan.out and check.waiting:
        notes = [f"{counted(check.skipped, 'row was', 'rows were')} left out for their faults"] if check.skipped else []
        result.sha256, result.bytes = write(with_split(check.waiting.batches(), test), plan.out, notes, plan.owner)
    return result


def _findings(source: Source, seen: Overview, layout: Layout, check: Check, test: Mask, known: Keys) -> Findings:
    labels = _labels(layout, check, test)
    return Findings(
        format=source.format,
        encoding=source.encoding_name,
        delimiter=source.delimiter,
        compressed=source.compressed,
        bytes=source.bytes,
        rows=check.rows,
        skipped=check.skipped,
        faults=check.faults,
        duplicates=rows_with(check.keys, known),
        train_rows=int((~test).sum()),
        test_rows=int(test.sum()),
        split="made" if layout.split is None else "given",
        columns=_columns(seen, layout, check),
        labels=labels,
        warnings=[
            *_about_file(source),
            *layout.warnings,
            *alike([label.label for label in labels]),
            *giveaways(layout.inputs, check.sample, check.answers),
        ],
        first_rows=seen.first_rows,
    )


def _drop_absent_labels(layout: Layout, check: Check, plan: ImportPlan) -> None:
    """Labels that only faulty rows have are none, unless somebody named them."""
    target = layout.target
    if target.kind != "one_of":
        return
    there = np.bincount(check.codes, minlength=len(target.labels)) > 0
    if there.sum() < 2 and plan.earlier is None:  # earlier rows have two
        name = target.labels[int(there.argmax())]
        raise Problem(f"every row that can be used has the label {str(name)!r}: two labels are needed", target.title)
    if not target.is_fixed:
        known = getattr(plan.declared_answer, "labels", ())
        target.absent = {label for label, is_there in zip(target.labels, there, strict=True) if not is_there} - {*known}


def _split(layout: Layout, check: Check, plan: ImportPlan, known: Keys) -> Mask:
    """The rows of the test. Rows that are added to others may all be on one side, since those are on both."""
    is_made, is_added = layout.split is None, plan.earlier is not None
    test = held_out(check.keys, check.codes, plan.test_share, known) if is_made else check.sides
    if test.any() and not test.all():
        return test
    if is_added:
        return alone(check.keys, plan.test_share) if is_made else test
    if is_made:
        raise Problem(
            f"{counted(check.rows, 'row is', 'rows are')} too few different ones to hold some out for the test"
        )
    raise Problem("the column split names no rows of the " + ("train" if test.any() else "test") + " split", "split")


def _labels(layout: Layout, check: Check, test: Mask) -> list[LabelCount]:
    target = layout.target
    if target.kind in {"number", "rating"}:
        return []
    train_rows, test_rows = np.zeros((2, len(target.labels)), dtype=np.int64)
    if target.kind == "one_of":
        test_rows = np.bincount(check.codes[test], minlength=len(target.labels))
        train_rows = np.bincount(check.codes[~test], minlength=len(target.labels))
    elif check.waiting:
        places = {label: place for place, label in enumerate(target.labels)}
        start = 0
        for batch in check.waiting.batches():
            for row, labels in enumerate(batch.column(target.name).to_pylist(), start):
                for label in labels:
                    (test_rows if test[row] else train_rows)[places[label]] += 1
            start += len(batch)
    pairs = zip(target.labels, train_rows.tolist(), test_rows.tolist(), strict=True)
    return [
        LabelCount(label=label, train=train, test=tested)
        for label, train, tested in pairs
        if label not in target.absent
    ]


def _columns(seen: Overview, layout: Layout, check: Check) -> list[ColumnProfile]:
    """Those that are kept, then the others, each in the file's order."""
    names = {column.source: column.name for column in layout.inputs} | {layout.target.source: layout.target.name}
    kept = [check.tallies[names[place]].profile() for place in sorted(names)]
    taken = set(names.values())
    for place, profile in enumerate(seen.profiles):
        if place not in names:
            is_split = place == layout.split
            name = "split" if is_split else named(profile.name, taken, is_field=layout.kind != "table")
            taken.add(name)
            kept.append(unused(name, "split" if is_split else "ignored", profile))
    return kept


def _about_file(source: Source) -> list[str]:
    if source.encoding != "cp1252":
        return []
    return ["the file is not UTF-8 and was read as Windows-1252: look whether its letters are right"]
