"""`densely sweeps …`: list, show, watch, cancel, delete."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli import completion
from app.cli.connection import Json, Key, Url, check_task, connect
from app.cli.files import save
from app.cli.inputs import OfTask
from app.cli.leaderboard import counts, importance, leaderboard, parameters, state, watch
from app.cli.output import as_json, console, facts, line, moment, show, sparkline, table
from densely_client import Sweep
from densely_client.forms import Outcome, SweepData, SweepSummary

app = typer.Typer(help="Sweeps: list, show, watch, cancel, delete.", invoke_without_command=True)

SweepId = Annotated[
    str,
    typer.Argument(metavar="SWEEP", help="the sweep's id", show_default=False, autocompletion=completion.sweeps),
]
SweepIds = Annotated[
    list[str],
    typer.Argument(metavar="SWEEP...", help="sweep ids", show_default=False, autocompletion=completion.sweeps),
]
Kind = Literal["best", "importance", "parallel"]


@app.callback()
def sweeps(
    context: typer.Context,
    task: OfTask = None,
    status: Annotated[str | None, typer.Option(help="running, succeeded, failed or cancelled")] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many, newest first")] = 20,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List sweeps, newest first; or show, watch, cancel, delete one."""
    if context.invoked_subcommand:
        return
    with connect(url, api_key) as client:
        found = client.sweeps.list(task, status, limit)
        if task and not found:
            check_task(client, task)
    if as_text:
        as_json(found)
        return
    columns = ["sweep", "task", "name", "preset", "dataset", "status", "trials", "best", "asked"]
    show(columns, [_row(sweep) for sweep in found], "no sweeps")


@app.command("show")
def show_sweep(
    sweep_id: SweepId,
    rows: Annotated[int, typer.Option(min=1, help="of the leaderboard")] = 10,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="save a picture: a name that ends in .svg or .png")
    ] = None,
    picture: Annotated[Kind, typer.Option(help="of the best so far, the fields' importance, or all trials")] = "best",
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Where a sweep stands, its best trials, and what it found; or one of its pictures."""
    with connect(url, api_key) as client:
        sweep = client.sweeps.get(sweep_id)
        if output:
            form = output.suffix.lower().removeprefix(".")
            if form not in ("svg", "png"):
                raise typer.BadParameter("--output must end in .svg or .png")
            save(output, sweep.picture(picture, form), as_text)  # type: ignore[arg-type]
            return
    if as_text:
        as_json(sweep.data)
        return
    _tell(sweep.data, rows)
    tell_outcome(sweep)


@app.command("watch")
def watch_sweep(sweep_id: SweepId, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Follow a sweep to its end. Ctrl-C ends the watching, not the sweep."""
    with connect(url, api_key) as client:
        sweep = client.sweeps.get(sweep_id)
        watch(sweep, as_text=as_text)
        sweep.check()
    if as_text:
        as_json(sweep.data)
    else:
        tell_outcome(sweep)


@app.command()
def cancel(sweep_ids: SweepIds, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Ask for sweeps to end, with all of their trials."""
    with connect(url, api_key) as client:
        for sweep_id in sweep_ids:
            sweep = client.sweeps.cancel(sweep_id)
            if as_text:
                as_json(sweep.data)
            else:
                line(f"{sweep.id} {sweep.status if sweep.is_over else 'is about to end'}")


@app.command()
def delete(sweep_ids: SweepIds, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Delete sweeps that have ended, with their trials. The winner's run and its model stay."""
    with connect(url, api_key) as client:
        for sweep_id in sweep_ids:
            client.sweeps.delete(sweep_id)
            if as_text:
                as_json({"deleted": sweep_id})
            else:
                line(f"{sweep_id} is deleted")


def tell_outcome(sweep: Sweep) -> None:
    """What choosing found, and what that is worth."""
    outcome = sweep.outcome
    if outcome is None:
        return
    metric = sweep.data.plan.metric
    line("")
    told = {
        "best of": f"{outcome.trials} trials: trial {outcome.number}, run {outcome.run_id}",
        "has": " ".join(f"{field}={value}" for field, value in _short(sweep.data, outcome).items())
        or "the recipe as it was",
        metric: f"{outcome.value:.4g}  by which it was chosen, so better than it is",
        "base": f"{outcome.base.value:.4g}  of the recipe as it was" if outcome.base and outcome.base.value else None,
        "test": _test(outcome),
        "guessing": _figures(outcome.baseline),
        "run": f"{outcome.final_run}, {outcome.final_status}" if outcome.final_run else None,
        "model": outcome.model_id,
    }
    facts(list(told.items()))


def _test(outcome: Outcome) -> str:
    """The figures that nothing was chosen by, and how far seeds are apart."""
    spread = outcome.spread
    parts = []
    for name, value in outcome.test.items():
        if name in spread:  # of all seeds first: the model's own may be a lucky one
            of = spread[name]
            parts.append(f"{name} {of.mean:.4g} ± {of.std:.2g} ({of.min:.4g} to {of.max:.4g}; the model {value:.4g})")
        else:
            parts.append(f"{name} {value:.4g}")
    return ", ".join(parts)


def _short(sweep: SweepData, outcome: Outcome) -> dict[str, Any]:
    row = next((row for row in sweep.leaderboard if row.number == outcome.number), None)
    told = dict(each.split("=", 1) for each in parameters(row).split(" ") if "=" in each) if row else {}
    return told or outcome.parameters


def _tell(sweep: SweepData, rows: int) -> None:
    plan = sweep.plan
    told = {
        "sweep": f"{sweep.id}  {sweep.name or ''}".strip(),
        "task": f"{plan.task}, {plan.preset} on {plan.dataset}, seed {plan.seed}",
        "method": f"{plan.method.kind}, {plan.budget.trials} trials"
        + (f", {plan.budget.minutes:g} minutes" if plan.budget.minutes else ""),
        "status": state(sweep),
        "trials": counts(sweep),
        "skipped": sweep.progress.skipped_reason,
        "times": " → ".join(filter(None, map(moment, (sweep.created_at, sweep.finished_at)))),
        "error": f"{sweep.error.type}: {sweep.error.message}" if sweep.error else None,
    }
    facts(list(told.items()))
    if sweep.leaderboard:
        console().print(table(*leaderboard(sweep, rows)))
    if sweep.best:
        line(f"best so far {sparkline([each.value for each in sweep.best])}")
    if sweep.importance:
        line(importance(sweep))


def _row(sweep: SweepSummary) -> list[Any]:
    told, best = sweep.progress, sweep.outcome
    found = f"{sweep.plan.metric} {best.value:.4g}" if best else sweep.error.type if sweep.error else ""
    return [
        sweep.id,
        sweep.task,
        sweep.name,
        sweep.plan.preset,
        sweep.plan.dataset,
        sweep.status,
        f"{told.ended}/{told.trials}",
        found,
        moment(sweep.created_at),
    ]


def _figures(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in found.items())
