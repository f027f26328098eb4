"""The query of every list of runs."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator

from app.domain.runs import Archived, RunFilter, RunStatus, Sort
from app.domain.times import begin_of, end_of

ONE_LINE = r"^[^\x00-\x1f]*$"  # what is searched for
_MOMENT = "a date, or a time in ISO 8601; UTC where it has no zone"


def _read_by(read: Callable[[str], datetime]) -> BeforeValidator:
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


Text = Annotated[
    str | None,
    Query(
        max_length=200,
        pattern=ONE_LINE,
        description="words, each a part of name, note, or a tag's key or value, in any case, or how the id begins; a "
        "tag may be `key:value` too",
    ),
]
TaskName = Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")]
Name = Annotated[str | None, Query(max_length=64, pattern=r"^[\w.@-]+$")]
SweepId = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="its id")]
Tag = Annotated[str | None, Query(max_length=270, pattern=r"^[^\x00-\x1f]+$", description="`key` or `key:value`")]
Since = Annotated[datetime | None, Query(description=f"asked for from then on: {_MOMENT}"), _read_by(begin_of)]
Until = Annotated[
    datetime | None,
    Query(description=f"asked for before: {_MOMENT}. A date is meant with its whole day"),
    _read_by(end_of),
]
Order = Annotated[
    Sort,
    Query(
        description="with `-` falling, and by `-score` the best first, whatever is measured; runs without the value "
        "come last"
    ),
]


async def _which(
    q: Text = None,
    task: TaskName = None,
    status: RunStatus | None = None,
    dataset: Name = None,
    preset: Name = None,
    sweep: SweepId = None,
    trials: Annotated[bool, Query(description="false: without the trials of sweeps")] = True,
    tag: Tag = None,
    since: Since = None,
    until: Until = None,
    archived: Annotated[Archived, Query(description="`true`: only those that are archived; `all`: both")] = "false",
    sort: Order = "-created",
) -> RunFilter:
    key, colon, value = (tag or "").partition(":")
    return RunFilter(
        task=task,
        status=status,
        dataset=dataset,
        tag=(key, value if colon else None) if tag else None,
        sweep=sweep,
        trials=trials,
        preset=preset,
        text=(q or "").strip() or None,
        since=since,
        until=until,
        archived=archived,
        sort=sort,
    )


Which = Annotated[RunFilter, Depends(_which)]
