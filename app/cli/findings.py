"""What was found in a file of rows, as tables: its columns and their roles, the balance of its labels, its faults."""

from collections.abc import Sequence
from datetime import date, timedelta

from app.cli.output import console, facts, line, show, sparkline
from densely_client.forms import AnswerKind, ColumnProfile, Findings, LabelCount

MOST_COLUMNS = 40  # that are shown
MOST_LABELS = 16  # of more the ten that most rows have, and the five that fewest have
PLACES = 24  # width of the longest bar
EIGHTHS = "▏▎▍▌▋▊▉█"


def tell(found: Findings, name: str) -> None:
    """All of it, for people."""
    facts([(name, _form(found)), ("rows", _rows(found))])
    _columns(found.columns)
    _labels(found.labels)
    if found.faults:
        line("")
        rows = [(fault.line, fault.column, fault.message) for fault in found.faults]
        show(["line", "column", "left out because"], rows, "")
    for warning in found.warnings:
        console(error=True).print(f"note: {warning}", markup=False)


def answer_of(answer: AnswerKind) -> str:
    """What is asked, in a few words."""
    labels = answer.labels or []
    told = ", ".join(map(str, labels[:6])) + (" …" if len(labels) > 6 else "")
    match answer.kind:
        case "one_of":
            return f"one of {len(labels):,} labels: {told}"
        case "several_of":
            return f"any of {len(labels):,} labels: {told}"
        case "rating":
            return f"{answer.title}, from {answer.least:g} to {answer.greatest:g}"
        case _:
            return f"{answer.title}{f', {answer.unit}' if answer.unit else ''}"


def bytes_of(size: int) -> str:
    """`612 kB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.3g} GB"


def bar(share: float) -> str:
    """0 to 1, in eighths of a place; what is there at all is seen."""
    eighths = max(round(share * PLACES * 8), 1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return EIGHTHS[-1] * full + (EIGHTHS[rest - 1] if rest else "")


def _form(found: Findings) -> str:
    parts = [found.format, found.encoding, f"delimiter {found.delimiter!r}" if found.delimiter else None]
    parts += ["compressed" if found.compressed else None, bytes_of(found.bytes)]
    return ", ".join(filter(None, parts))


def _rows(found: Findings) -> str:
    split = "as the file says" if found.split == "given" else "drawn here"
    told = [f"{found.rows:,}: {found.train_rows:,} to train, {found.test_rows:,} to test, {split}"]
    told += [f"{found.duplicates:,} are there twice"] if found.duplicates else []
    told += [f"{found.skipped:,} left out"] if found.skipped else []
    return "; ".join(told)


def _columns(columns: Sequence[ColumnProfile]) -> None:
    line("")
    rows = [
        (each.source, each.role, _count(each.missing), _count(each.distinct), _extent(each), _spread(each))
        for each in columns[:MOST_COLUMNS]
    ]
    show(["column", "used as", "missing", "different", "from … to", ""], rows, "no columns")
    if len(columns) > MOST_COLUMNS:
        line(f"and {len(columns) - MOST_COLUMNS:,} more, which --json shows")


def _count(number: int | None) -> str:
    return f"{number:,}" if number else ""


def _extent(column: ColumnProfile) -> str:
    if column.least is None or column.greatest is None:
        return ""
    if column.role == "date":
        return " … ".join(_day(each) for each in (column.least, column.greatest))
    unit = " characters" if column.role == "text" else ""
    return f"{column.least:.6g} … {column.greatest:.6g}{unit}"


def _day(days: float) -> str:
    try:
        return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    except OverflowError:
        return f"day {days:g}"


def _spread(column: ColumnProfile) -> str:
    """The histogram, or the most frequent values."""
    if column.histogram:
        return sparkline([float(count) for count in column.histogram.counts])
    told = ", ".join(f"{each.value} {each.rows:,}" for each in column.common[:4])
    return told + (" …" if len(column.common) > 4 else "")


def _labels(labels: Sequence[LabelCount]) -> None:
    if not labels:
        return
    shown = list(labels)
    if len(labels) > MOST_LABELS:
        shown.sort(key=lambda each: -each.train - each.test)
        shown = [*shown[:10], *shown[-5:]]
    most = max(each.train + each.test for each in shown)
    rows = [(each.label, f"{each.train:,}", f"{each.test:,}", bar((each.train + each.test) / most)) for each in shown]
    line("")
    show(["label", "to train", "to test", ""], rows, "")
    if len(shown) < len(labels):
        line(f"of {len(labels):,} labels those that most and fewest rows have")
