"""Requests about runs that are there: lists of them, and what is written of and done to them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, TypedDict

from densely_client.calls import Call, as_form, post
from densely_client.forms.runs import RunAction, RunActionDone, RunData


class MoreFilters(TypedDict, total=False):
    """Which runs are listed, and in which order, besides what has a place in every list."""

    q: str | None  # words, each a part of name, note or a tag in any case, or how the id begins
    preset: str | None
    sweep: str | None  # the id of one
    trials: bool | None  # False: without those of sweeps
    since: str | date | None  # a day or a time: asked for from then on
    until: str | date | None  # ... and before; a day is meant with all of it
    archived: bool | Literal["all"] | None  # True: only those that are archived; "all": these too
    sort: str | None  # created, name, status, task, dataset, preset, score or seconds; with "-" falling


class RunFilters(MoreFilters, total=False):
    """Which runs are listed, and in which order; all of them, the newest first, unless told otherwise."""

    task: str | None
    status: str | None
    dataset: str | None
    tag: str | None  # "key" or "key:value"


class RunChanges(TypedDict, total=False):
    """What can be changed of a run; what is left out stays."""

    name: str | None  # None takes it away
    tags: Mapping[str, str]  # in place of those that it has
    note: str
    archived: bool  # only a run that has ended


def listing(chosen: RunFilters) -> dict[str, Any]:
    """The query of a list of runs."""
    return {name: _queried(value) for name, value in chosen.items()}


def update(run_id: str, changes: RunChanges) -> Call[RunData]:
    """Change what is written of a run."""
    return Call("PATCH", f"/runs/{run_id}", as_form(RunData), body=dict(changes), repeatable=True)


def act(action: RunAction, runs: Iterable[Any], **how: bool) -> Call[RunActionDone]:
    """Do the same to many runs, or their ids."""
    ids = [run if isinstance(run, str) else run.id for run in runs]
    return post("/runs/actions", RunActionDone, {"action": action, "runs": ids, **how})


def _queried(value: object) -> object:
    """A value as a query has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else value
