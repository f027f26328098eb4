"""What keeps a file from becoming a dataset."""

from collections.abc import Sequence

from app.errors import DenselyError
from app.wire.datasets import Fault, ImportPlan

SETTINGS = {
    "most_bytes": "DENSELY_MAX_UPLOAD_MIB",
    "most_rows": "DENSELY_MAX_ROWS",
    "most_columns": "DENSELY_MAX_COLUMNS",
    "most_labels": "DENSELY_MAX_LABELS",
}


class Problem(DenselyError):
    """Nothing can be made of the file; the message is for whoever sent it."""

    def __init__(self, message: str, field: str | None = None, faults: Sequence[Fault] = ()) -> None:
        """`field` is a column or a part of the plan; `faults` are where in the file it shows."""
        super().__init__(message)
        self.message = message
        self.field = field
        self.faults = list(faults)


def beyond(plan: ImportPlan, limit: str, what: str, *faults: Fault, field: str | None = None) -> Problem:
    """That a limit is passed, with the setting that has it."""
    most: int = getattr(plan, limit)
    shown = f"{most / 2**20:,.0f} MiB" if limit == "most_bytes" else f"{most:,}"
    return Problem(f"{what}; the limit is {shown} ({SETTINGS[limit]})", field, faults)


def at(line: int | None, message: str, column: str | None = None) -> Problem:
    """A problem of one place of the file."""
    where = f"line {line}" if line else "the file"
    where += f", column {column!r}" if column else ""
    return Problem(f"{where}: {message}", column, [Fault(line=line, column=column, message=message)])


def shown(value: object, most: int = 40) -> str:
    """A value as messages quote it: short, and without control characters."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= most else f"{text[: most - 1]}…")
