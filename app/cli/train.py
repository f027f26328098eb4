"""`densely train` and `densely presets`."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli import completion, previews
from app.cli.connection import Json, Key, Url, connect
from app.cli.files import text_of
from app.cli.inputs import DatasetOption, PresetName, TaskName, known_task
from app.cli.outcome import beside_guessing
from app.cli.output import as_json, console, line, plain, show
from app.cli.watch import watch
from densely_client import Run
from densely_client.forms import Validation


def train(
    task: TaskName,
    preset: PresetName = None,
    dataset: DatasetOption = None,
    recipe: Annotated[
        str | None, typer.Option(help="JSON with the fields that replace the preset's, or @FILE with it")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="replaces the recipe's")] = None,
    seed: Annotated[int | None, typer.Option(help="of weights, batch order and dropout; default: drawn")] = None,
    seeds: Annotated[int | None, typer.Option(help="train with so many seeds and report mean and spread")] = None,
    validation: Annotated[str | None, typer.Option(help="none, holdout:ROWS or kfold:FOLDS")] = None,
    activate: Annotated[str | None, typer.Option(help="if_better, always or never")] = None,
    name: Annotated[str | None, typer.Option(help="a name of your own")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, any number of times")] = None,
    note: Annotated[str | None, typer.Option(help="what there is to say about it")] = None,
    webhook: Annotated[str | None, typer.Option(help="URL that is told when the run has ended")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: the same key queues one run only")] = None,
    follow: Annotated[bool, typer.Option("--watch", "-w", help="show each epoch until the run has ended")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="queue nothing: show layers, changes against the preset, and the time")
    ] = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Queue a run and print its id; with --watch follow it. Ctrl-C ends the watching, not the run."""
    asked: dict[str, Any] = {
        "preset": preset, "dataset": dataset, "recipe": recipe_of(recipe, epochs), "seed": seed, "seeds": seeds,
        "validation": validation_of(validation), "activate": activate, "name": name, "tags": tags_of(tag or []),
        "note": note, "webhook": webhook,
    }  # fmt: skip
    with connect(url, api_key) as client:
        if dry_run:
            previews.tell(client.preview(task, **asked), as_text=as_text)
            return
        _tell(client.train(task, **asked, idempotency_key=key), follow=follow, as_text=as_text)


def _tell(run: Run, *, follow: bool, as_text: bool) -> None:
    if not as_text:
        line(run.id)
    if follow:
        watch(run, as_text=as_text)
        run.check()
    if as_text:
        as_json(run.data)
    elif follow:
        _result(run)
    else:
        console(error=True).print(f"queued; `densely runs show {run.id}` tells how it goes", markup=False)


def presets(
    task: Annotated[
        str | None,
        typer.Argument(metavar="TASK", help="default: all tasks", autocompletion=completion.tasks),
    ] = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """The named recipes from which `densely train` starts: of one task, or of all."""
    with connect(url, api_key) as client:
        found = [known_task(client, task)] if task else client.tasks.list()
    if as_text:
        told = {each.name: {name: plain(preset) for name, preset in each.presets.items()} for each in found}
        as_json(told[task] if task else told)
        return
    rows = [
        (each.name, name, preset.recipe.epochs, _rows_held_out(preset.validation), preset.description)
        for each in found
        for name, preset in each.presets.items()
    ]
    columns = ["task", "preset", "epochs", "held out", ""]
    show(columns[1:], [row[1:] for row in rows], "no presets") if task else show(columns, rows, "no presets")


def _rows_held_out(validation: Validation) -> str:
    """As `--validation` takes it."""
    number = validation.size or validation.folds
    return f"{validation.kind}:{number}" if number else validation.kind


def _result(run: Run) -> None:
    line(f"{run.id} succeeded: {beside_guessing(run)}; model {run.model_id}")


def recipe_of(given: str | None, epochs: int | None) -> dict[str, Any] | None:
    """The fields that replace the preset's.

    Raises:
        typer.BadParameter: it is no JSON object.
    """
    recipe: Any = {}
    if given is not None:
        text = text_of(Path(given[1:])) if given.startswith("@") else given
        try:
            recipe = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise typer.BadParameter(f"--recipe is not JSON: {error}") from error
        if not isinstance(recipe, dict):
            raise typer.BadParameter("--recipe must be a JSON object")
    return (recipe if epochs is None else {**recipe, "epochs": epochs}) or None


def validation_of(given: str | None) -> dict[str, Any] | None:
    """`none`, `holdout:ROWS` or `kfold:FOLDS`, as a request has it.

    Raises:
        typer.BadParameter: it is none of these.
    """
    if given is None:
        return None
    kind, _, number = given.partition(":")
    field = {"holdout": "size", "kfold": "folds"}.get(kind)
    if given == "none":
        return {"kind": "none"}
    if field is None or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise typer.BadParameter("--validation must be none, holdout:ROWS or kfold:FOLDS")
    return {"kind": kind, field: int(number)}


def tags_of(given: list[str]) -> dict[str, str] | None:
    """Tags by key; a colon may stand for the equals sign, as where runs are looked for.

    Raises:
        typer.BadParameter: one is not `KEY=VALUE`.
    """
    found = [re.split("[=:]", tag, maxsplit=1) for tag in given]
    if any(parts[1:] == [] for parts in found):
        raise typer.BadParameter("--tag must be KEY=VALUE")
    return dict(found) or None
