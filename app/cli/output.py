"""How things look: tables for people, JSON for scripts."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 160  # columns where there is no terminal to ask


def console(*, error: bool = False) -> Console:
    """Standard output, or standard error. What is piped is not wrapped at 80 columns."""
    stream = sys.stderr if error else sys.stdout
    return Console(stderr=error, highlight=False, soft_wrap=True, width=None if stream.isatty() else WIDTH)


def line(text: str) -> None:
    """A line of standard output."""
    print(visible(text), flush=True)  # noqa: T201 - this is the command line


def as_json(value: Any) -> None:
    """A line of JSON; in ASCII where standard output is not UTF-8."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(plain(value), ensure_ascii=not unicode, allow_nan=False), flush=True)  # noqa: T201


def visible(text: str) -> str:
    """The text in one line, and without what a terminal would obey instead of showing it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def plain(value: Any) -> Any:
    """Answers as dicts, with the fields that the service sent."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """Rows of anything; None is empty."""
    made = Table(*columns, box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    for row in rows:
        made.add_row(*("" if cell is None else escape(visible(str(cell))) for cell in row))
    return made


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], nothing: str) -> None:
    """The table, or what to say of an empty one."""
    console().print(table(columns, rows) if rows else nothing)


def facts(rows: Sequence[tuple[str, Any]]) -> None:
    """Names and what is known of them; lines without a value are left out."""
    made = Table(box=None, pad_edge=False, show_header=False)
    for name, value in rows:
        if value:
            made.add_row(name, escape(visible(str(value))))
    console().print(made)


def moment(at: datetime | None) -> str:
    """To the second, in the time zone of this machine."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def test_figure(metrics: Any) -> str:
    """The figure that counts: accuracy, F1 or mean absolute error on the test split."""
    found = [(name, value) for name, value in metrics.test.items() if name != "loss"]
    return f"{found[0][0]} {found[0][1]:.4g}" if found else ""


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """A curve in one line of text; longer ones are thinned out to `width` places, the last value always shown."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    if len(known) > width:
        known = [known[round(place * (len(known) - 1) / (width - 1))] for place in range(width)]
    low, high = min(known), max(known)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * scale)] for value in known)
