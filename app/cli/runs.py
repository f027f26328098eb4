"""`densely runs …` and `densely compare`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli import completion, run_list, tidying
from app.cli.advised import show_board, tell_advice
from app.cli.connection import Json, Key, Url, connect
from app.cli.files import save
from app.cli.output import as_json, console, facts, line, moment, show, sparkline, test_figure
from app.cli.watch import watch
from densely_client import Run
from densely_client.forms import Comparison

app = typer.Typer(help="Runs: list, show, watch, edit, archive, cancel, retry, delete.", invoke_without_command=True)

RunId = Annotated[
    str, typer.Argument(metavar="RUN", help="the run's id", show_default=False, autocompletion=completion.runs)
]
Kind = Literal["curves", "boundaries"]
RunIds = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="run ids", show_default=False, autocompletion=completion.runs)
]


app.callback()(run_list.runs)
app.command("edit")(tidying.edit)
app.command("archive")(tidying.archive)
app.command("restore")(tidying.restore)


@app.command("show")
def show_run(run_id: RunId, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Where a run stands, its figures and curves, and what would make it better."""
    with connect(url, api_key) as client:
        run = client.runs.get(run_id)
        if as_text:
            as_json(run.data)
            return
        history, advice = run.history, run.advice
    data = run.data
    told = {
        "run": f"{data.id}  {data.name or ''}".strip(),
        "task": f"{data.task}, {data.preset} on {data.dataset}, seed {data.seed}",
        "status": _status(run),
        "times": " → ".join(filter(None, map(moment, (data.created_at, data.started_at, data.finished_at)))),
        "error": f"{data.error.type}: {data.error.message}" if data.error else None,
        "model": data.model_id,
        **{split: _figures(getattr(data.metrics, split)) for split in ("train", "validation", "test", "baseline")},
    }
    facts(list(told.items()))
    last = history[-1] if history else {}
    fit = [row for row in history if (row["fold"], row["seed"]) == (last["fold"], last["seed"])]
    for name in [name for name in last if name not in ("epoch", "fold", "seed", "seconds")]:
        line(f"{name:>14} {sparkline([row[name] for row in fit if row.get(name) is not None])}")
    tell_advice(advice)


@app.command("watch")
def watch_run(run_id: RunId, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Follow a run to its end. Ctrl-C ends the watching, not the run."""
    with connect(url, api_key) as client:
        run = client.runs.get(run_id)
        watch(run, as_text=as_text)
        run.check()
        if as_text:
            as_json(run.data)
        else:
            line(f"{run.id} succeeded: {test_figure(run.metrics)}; model {run.model_id}")


@app.command()
def cancel(run_ids: RunIds, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Ask for runs to end."""
    with connect(url, api_key) as client:
        for run_id in run_ids:
            run = client.runs.get(run_id).cancel()
            if as_text:
                as_json(run.data)
            else:
                line(f"{run.id} {run.status if run.is_over else 'is about to end'}")


@app.command()
def retry(run_id: RunId, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Queue a failed or cancelled training again, as a new run."""
    with connect(url, api_key) as client:
        run = client.runs.get(run_id).retry()
    if as_text:
        as_json(run.data)
    else:
        line(run.id)


@app.command()
def delete(run_ids: RunIds, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Delete runs that have ended. Their models stay."""
    with connect(url, api_key) as client:
        for run_id in run_ids:
            client.runs.delete(run_id)
            if as_text:
                as_json({"deleted": run_id})
            else:
                line(f"{run_id} is deleted")


def compare(
    run_ids: RunIds,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="save a picture: a name that ends in .svg or .png"),
    ] = None,
    picture: Annotated[Kind, typer.Option(help="of the curves, or of the boundaries of models of points")] = "curves",
    first_epoch: Annotated[int, typer.Option(min=1, help="leave the epochs before it out of the curves")] = 1,
    only: Annotated[str | None, typer.Option(help="one figure in place of all curves, for example val_loss")] = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Where 2 to 10 runs differ, their figures, and whether chance explains it; or them in one picture."""
    with connect(url, api_key) as client:
        if output:
            form = output.suffix.lower().removeprefix(".")
            if form not in ("svg", "png"):
                raise typer.BadParameter("--output must end in .svg or .png")
            content = client.compare_picture(run_ids, form, kind=picture, first_epoch=first_epoch, only=only)  # type: ignore[arg-type]
            save(output, content, as_text)
            return
        found = client.compare(run_ids)
    if as_text:
        as_json(found)
    else:
        _tell(found)


def _tell(found: Comparison) -> None:
    """The board, figures and differences as a table, then what the tests say."""
    show_board(found)
    line("")
    names = [run.id for run in found.runs]
    figures: list[list[Any]] = [
        ["run", *(run.label for run in found.runs)],
        ["preset", *(run.preset for run in found.runs)],
        ["test", *(_figures(run.metrics.test) for run in found.runs)],
    ]
    differing = [[each.field, *each.values] for each in found.differences if each.field != "preset"]
    show(["", *names], figures + differing, "")
    for test in found.tests:
        console().print(f"{test.runs[0]} / {test.runs[1]}: {test.reading}", markup=False)
    for note in found.notes:
        console().print(note, markup=False, style="dim")


def _status(run: Run) -> str:
    """With how far it is, and at what."""
    progress = None if run.is_over else run.progress
    told = [run.status, *([progress.phase, f"{progress.fraction:.0%}"] if progress else [])]
    return ", ".join(filter(None, told))


def _figures(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in found.items())
