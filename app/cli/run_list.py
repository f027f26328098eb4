"""`densely runs`: which runs, in which order, and which columns of them."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from app.cli import completion
from app.cli.connection import Json, Key, Url, check_task, connect
from app.cli.inputs import OfTask
from app.cli.output import as_json, console, moment, show, sparkline
from app.domain.clock import utc_now
from app.domain.keys import life_of
from densely_client import Densely
from densely_client.forms import RunRow

Row = RunRow
T = TypeVar("T")

CURVE = 12  # characters of a curve


def _score(row: Row) -> str:
    if row.score:
        return f"{row.score.name} {row.score.value:.4g}"
    return row.error.type if row.error else ""


def _done(row: Row) -> str:
    if row.queue:
        return f"#{row.queue.place}"
    return f"{row.progress.fraction:.0%}" if row.progress else ""


COLUMNS: dict[str, Callable[[Row], Any]] = {
    "run": lambda row: row.id,
    "name": lambda row: row.name,
    "task": lambda row: row.task,
    "preset": lambda row: row.preset,
    "dataset": lambda row: row.dataset,
    "status": lambda row: row.status,
    "done": _done,
    "score": _score,
    "guessing": lambda row: row.score and row.score.guessing,
    "model": lambda row: row.model_id,
    "tags": lambda row: ", ".join(f"{key}:{value}" if value else key for key, value in row.tags.items()),
    "note": lambda row: row.note,
    "curve": lambda row: row.curve and sparkline(row.curve.values, CURVE),
    "seconds": lambda row: None if row.seconds is None else f"{row.seconds:.1f}",
    "asked": lambda row: moment(row.created_at),
    "started": lambda row: moment(row.started_at),
    "finished": lambda row: moment(row.finished_at),
    "expected": lambda row: row.queue and moment(row.queue.expected_start),
    "archived": lambda row: moment(row.archived_at),
    "sweep": lambda row: row.sweep,
    "error": lambda row: row.error and row.error.message,
}
USUAL = "run,name,task,preset,dataset,status,done,score,model,asked"
SORTS = (
    "created, name, status, task, dataset, preset, score or seconds; with - before it falling, -score the best first"
)


def _time(text: str | None) -> str | datetime | None:
    """A day or a time as the service takes it, or a length of time before now."""
    if text is None or not re.fullmatch(r"\d+[smhdw]", text):
        return text
    try:
        return utc_now() - life_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _tag(text: str | None) -> str | None:
    """As the service takes it, of whom writes it as where it is given."""
    return text and ":".join(re.split("[=:]", text, maxsplit=1))


def _columns(text: str) -> list[str]:
    """Names of columns, of which there are such."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or (unknown := [name for name in names if name not in COLUMNS]):
        wrong = f"there is no column {unknown[0]!r}; " if names else ""
        raise typer.BadParameter(f"{wrong}there are {', '.join(COLUMNS)}", param_hint="--columns")
    return names


Search = Annotated[
    str | None, typer.Option("--search", "-q", help="a part of name, note or a tag, or how the id begins")
]
Status = Annotated[str | None, typer.Option(help="queued, running, succeeded, failed or cancelled")]
OnDataset = Annotated[str | None, typer.Option(help="on this dataset only", autocompletion=completion.datasets)]
OfPreset = Annotated[str | None, typer.Option(help="of this preset only", autocompletion=completion.presets)]
Tag = Annotated[str | None, typer.Option(help="KEY or KEY=VALUE")]
OfSweep = Annotated[
    str | None, typer.Option(help="the trials and the winner's run of this sweep", autocompletion=completion.sweeps)
]
Trials = Annotated[bool, typer.Option("--trials", help="those of sweeps too")]
Since = Annotated[str | None, typer.Option(help="asked for since 2030-01-31, or 7d, 12h ago")]
Until = Annotated[str | None, typer.Option(help="asked for before; a day is meant as a whole")]
Archived = Annotated[bool, typer.Option("--archived", help="only those that are archived")]
Everything = Annotated[bool, typer.Option("--all", help="those that are archived too")]
Sort = Annotated[str, typer.Option(help=SORTS)]
Columns = Annotated[str, typer.Option(help=f"of {', '.join(COLUMNS)}")]


def runs(
    context: typer.Context,
    search: Search = None,
    task: OfTask = None,
    status: Status = None,
    dataset: OnDataset = None,
    preset: OfPreset = None,
    tag: Tag = None,
    sweep: OfSweep = None,
    trials: Trials = False,
    since: Since = None,
    until: Until = None,
    archived: Archived = False,
    everything: Everything = False,
    sort: Sort = "-created",
    columns: Columns = USUAL,
    limit: Annotated[int, typer.Option(min=1, help="how many")] = 20,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List runs, newest first or as --sort says; or show, watch, edit, archive, cancel, retry, delete one."""
    if context.invoked_subcommand:
        return
    names = _columns(columns)
    chosen: dict[str, Any] = {
        "q": search, "task": task, "status": status, "dataset": dataset, "preset": preset, "tag": _tag(tag),
        "sweep": sweep, "trials": trials or sweep is not None, "since": _time(since), "until": _time(until),
        "sort": sort, "archived": "all" if everything else archived,
    }  # fmt: skip
    with connect(url, api_key) as client:
        if as_text:
            as_json([run.data for run in _known(client, task, client.runs.list(limit=limit, **chosen))])
        else:
            rows = client.runs.rows(limit, **chosen)
            _show(names, _known(client, task, rows.items), rows.total)


def _known(client: Densely, task: str | None, found: Sequence[T]) -> Sequence[T]:
    """What was found; where nothing was, it is the task that may not be there."""
    if task and not found:
        check_task(client, task)
    return found


def _show(names: Sequence[str], found: Sequence[Row], total: int) -> None:
    show(names, [[COLUMNS[name](row) for name in names] for row in found], "no runs")
    if found and total > len(found):
        console(error=True).print(f"{len(found)} of {total:,}; --limit shows more", markup=False)
