"""`densely models …` and `densely activate`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli import completion
from app.cli.connection import Json, Key, Url, check_task, connect
from app.cli.files import save
from app.cli.inputs import OfTask
from app.cli.output import as_json, facts, line, moment, show, test_figure
from app.domain.counting import counted
from densely_client.forms import ModelReport

app = typer.Typer(
    help="Models: list, show, download, delete, their predictions, reports and history.", invoke_without_command=True
)

PRINTED = 20  # rows of predictions, or of labels
PAIRS = 10  # of labels that are taken for one another

ModelId = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="the model's id", show_default=False, autocompletion=completion.models),
]


@app.callback()
def models(
    context: typer.Context,
    task: OfTask = None,
    search: Annotated[
        str | None, typer.Option("--search", "-s", help="part of the dataset's or the run's name, an id, or v3")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many, newest first")] = 20,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List models, newest first; or show, download or delete one, or see its predictions."""
    if context.invoked_subcommand:
        return
    with connect(url, api_key) as client:
        found = client.models.list(task, limit, search=search)
        if task and not found:
            check_task(client, task)
    if as_text:
        as_json(list(found))
        return
    rows = [
        (m.id, m.task, m.version, "active" if m.active else "", test_figure(m.metrics), m.dataset, moment(m.created_at))
        for m in found
    ]
    show(["model", "task", "version", "", "test", "dataset", "made"], rows, "no models")


@app.command("show")
def show_model(model_id: ModelId, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """A model's layers, figures and origin."""
    with connect(url, api_key) as client:
        found = client.models.get(model_id)
    if as_text:
        as_json(found)
        return
    manifest = found.manifest
    members = manifest["recipe"].get("members", 1)
    told = [
        ("model", f"{found.id}, version {found.version} of {found.task}{', active' if found.active else ''}"),
        (
            "trained",
            f"{manifest['preset']} on {found.dataset}, seed {manifest['seed']}, {counted(manifest['epochs'], 'epoch')}",
        ),
        ("test", test_figure(found.metrics)),
        ("weights", f"{manifest['parameters']:,}" + (f", of {members} members" if members > 1 else "")),
        ("run", found.run_id),
    ]
    facts(told)
    layers = [
        (each["kind"], each["units"], each.get("activation"), f"{each['parameters']:,}") for each in manifest["layers"]
    ]
    show(["layer", "units", "activation", "weights"], layers, "")


@app.command()
def download(
    model_id: ModelId,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="default: MODEL.zip here")] = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Save a model's files as a zip."""
    target = output or Path(f"{model_id}.zip")
    with connect(url, api_key) as client:
        content = client.models.archive(model_id)
    save(target, content, as_text)


@app.command()
def predictions(
    model_id: ModelId,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="save all rows: a name that ends in .csv, .parquet or .json")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="how many rows; printed are 20 unless told otherwise")
    ] = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """What a model answered on its test split, row by row, with its probabilities."""
    form = output.suffix.lower().removeprefix(".") if output else "json"
    if form not in ("csv", "parquet", "json"):
        raise typer.BadParameter("--output must end in .csv, .parquet or .json")
    if output and limit:
        raise typer.BadParameter("--limit goes without --output")
    with connect(url, api_key) as client:
        if output and form != "json":
            content = client.models.predictions_file(model_id, form)  # type: ignore[arg-type]
        else:
            rows = client.models.predictions(model_id, limit or (None if output else PRINTED))
            content = json.dumps(rows, ensure_ascii=False).encode() + b"\n"
    if output:
        save(output, content, as_text)
    elif as_text:
        as_json(rows)
    else:
        names = [name for name in rows[0] if name != "probabilities"] if rows else []
        show(names, [[row[name] for name in names] for row in rows], "no rows")


@app.command()
def delete(
    model_ids: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="model ids", show_default=False, autocompletion=completion.models),
    ],
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Delete models; never an active one."""
    with connect(url, api_key) as client:
        for model_id in model_ids:
            client.models.delete(model_id)
            if as_text:
                as_json({"deleted": model_id})
            else:
                line(f"{model_id} is deleted")


@app.command()
def report(model_id: ModelId, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """How good a model is and where it errs, who made it, and how fast it answers."""
    with connect(url, api_key) as client:
        found = client.models.report(model_id)
    if as_text:
        as_json(found)
        return
    facts(_told(found))
    labels = [
        (each.label, each.rows, _share(each.precision), _share(each.recall), _share(each.f1)) for each in found.labels
    ]
    if labels:
        show(["label", "rows", "precision", "recall", "f1"], labels[:PRINTED], "")
    pairs = [(each.target, each.predicted, each.rows, _share(each.share)) for each in found.confusions[:PAIRS]]
    if pairs:
        show(["label", "taken for", "rows", "of its rows"], pairs, "")


def _told(found: ModelReport) -> list[tuple[str, Any]]:
    metric, by, speed, errors = found.metric, found.made_by, found.latency, found.errors
    value = "–" if metric.value is None else f"{metric.value:.4f}"
    interval = "" if metric.low is None or metric.high is None else f", 95 % from {metric.low:.4f} to {metric.high:.4f}"
    guessing = "" if metric.guessing is None else f"; guessing {metric.guessing:.4f}"
    data = by.dataset if by.dataset_version is None else f"{by.dataset}@{by.dataset_version}"
    run = f"run {by.run}" if by.run_exists else "a run that is gone"
    return [
        (f"test {metric.name}", value + interval + guessing),
        ("beside the active one", found.active.reading if found.active else None),
        ("made", f"by {by.key or 'nobody named'}, {run}: {by.preset} on {data}"),
        ("tags", ", ".join(f"{key}={value}" for key, value in by.tags.items()) or None),
        ("calibration error", f"{found.calibration.error:.4f}" if found.calibration else None),
        (
            "errors",
            f"half at most {errors.p50:.4g}, 90 % {errors.p90:.4g}, worst {errors.worst:.4g}" if errors else None,
        ),
        ("answers in", f"{speed.p50_ms:.3g} ms, {speed.rows_per_second:,.0f} rows/s" if speed else None),
        ("files", f"{found.bytes / 1e6:.2f} MB"),
    ]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


@app.command()
def history(
    task: Annotated[str, typer.Argument(metavar="TASK", help="a task", show_default=False)],
    limit: Annotated[int, typer.Option(min=1, help="how many, newest first")] = 20,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Which models were active, since when, by whom and why."""
    with connect(url, api_key) as client:
        found = client.tasks.activations(task, limit)
    if as_text:
        as_json(list(found))
        return
    rows = [
        (moment(each.at), f"version {each.version}", each.model_id, each.by or "", each.note or each.reason)
        for each in found
    ]
    show(["since", "active", "model", "by", "because"], rows, "no model of this task was active")


Reason = Annotated[str | None, typer.Option("--reason", "-m", help="why, for the task's history")]


def activate(
    model_id: ModelId, reason: Reason = None, as_text: Json = False, url: Url = None, api_key: Key = None
) -> None:
    """Make a model the one that its task's predictions use; with an older one this rolls back."""
    with connect(url, api_key) as client:
        model = client.models.activate(model_id, reason)
    if as_text:
        as_json(model)
    else:
        line(f"{model.task} is answered by {model.id}, version {model.version}")
