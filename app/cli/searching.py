"""`densely sweep`: search a space of recipes."""

from typing import Annotated, Any, Literal

import typer

from app.cli import completion
from app.cli.connection import Json, Key, Url, connect
from app.cli.inputs import DatasetOption, PresetName
from app.cli.leaderboard import watch
from app.cli.output import as_json, console, line
from app.cli.spaces import SpaceFile, Vary, space_of
from app.cli.sweeps import tell_outcome
from app.cli.train import recipe_of, tags_of, validation_of
from densely_client import Densely, Sweep
from densely_client.forms import SweepRequest

Metric = Literal["val_loss", "val_accuracy", "val_mae", "val_f1"]

Task = Annotated[
    str | None,
    typer.Argument(
        metavar="TASK", help="name of the task; with --around that of the run", autocompletion=completion.tasks
    ),
]
Around = Annotated[
    str | None, typer.Option(metavar="RUN", help="search around this run's recipe", autocompletion=completion.runs)
]
Recipe = Annotated[str | None, typer.Option(help="JSON with the fields that replace the preset's, or @FILE with it")]
Epochs = Annotated[int | None, typer.Option(help="replaces the recipe's")]
HeldOut = Annotated[str | None, typer.Option(help="of trials: holdout:ROWS or kfold:FOLDS")]
Method = Annotated[Literal["grid", "random", "tpe", "cma_es"] | None, typer.Option(help="default: tpe")]
Pruner = Annotated[
    Literal["successive_halving", "median", "none"] | None,
    typer.Option(help="when hopeless trials stop; default: successive_halving"),
]
Trials = Annotated[int | None, typer.Option(help="at most so many; default: 20")]
Minutes = Annotated[float | None, typer.Option(help="and no more are asked for after so many minutes")]
By = Annotated[Metric | None, typer.Option(help="by which trials are compared; default: by the task")]
Seed = Annotated[int | None, typer.Option(help="of the method and of trials; default: drawn")]
Seeds = Annotated[int | None, typer.Option(help="how often the winner is trained on all rows; default: 3")]
Activate = Annotated[str | None, typer.Option(help="if_better, always or never: the winner's model")]
Name = Annotated[str | None, typer.Option(help="a name of your own")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="KEY=VALUE, any number of times")]
Once = Annotated[str | None, typer.Option(help="Idempotency-Key: the same key begins one sweep only")]
Propose = Annotated[bool, typer.Option("--propose", help="with --around: print what would be asked for, and end")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="show the leaderboard until the sweep has ended")]


def sweep(
    task: Task = None,
    around: Around = None,
    space: SpaceFile = None,
    vary: Vary = None,
    preset: PresetName = None,
    dataset: DatasetOption = None,
    recipe: Recipe = None,
    epochs: Epochs = None,
    validation: HeldOut = None,
    method: Method = None,
    pruner: Pruner = None,
    trials: Trials = None,
    minutes: Minutes = None,
    metric: By = None,
    seed: Seed = None,
    final_seeds: Seeds = None,
    activate: Activate = None,
    name: Name = None,
    tags: Tags = None,
    key: Once = None,
    propose: Propose = False,
    follow: Watch = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Search a space of recipes and print the sweep's id; with --watch follow it. Ctrl-C ends the watching alone."""
    asked: dict[str, Any] = {
        "preset": preset, "dataset": dataset, "recipe": recipe_of(recipe, epochs), "budget": _budget(trials, minutes),
        "validation": validation_of(validation), "method": _kind(method), "pruner": _kind(pruner), "metric": metric,
        "seed": seed, "final_seeds": final_seeds, "activate": activate, "name": name, "tags": tags_of(tags or []),
        "idempotency_key": key,
    }  # fmt: skip
    varied = space_of(space, vary or [])
    _check(task, around, varied, propose=propose)
    with connect(url, api_key) as client:
        if propose:
            as_json(client.runs.get(str(around)).space())
        else:
            _told(_begin(client, task, around, varied, asked, prune=pruner != "none"), follow=follow, as_text=as_text)


def _told(begun: Sweep, *, follow: bool, as_text: bool) -> None:
    """The sweep's id, and with `follow` all that happens."""
    if not as_text:
        line(begun.id)
    if follow:
        watch(begun, as_text=as_text)
        begun.check()
    if as_text:
        as_json(begun.data)
    elif follow:
        tell_outcome(begun)
    else:
        console(error=True).print(f"begun; `densely sweeps watch {begun.id}` follows it", markup=False)


def _check(task: str | None, around: str | None, varied: dict[str, Any], *, propose: bool) -> None:
    if propose and not around:
        raise typer.BadParameter("--propose goes with --around RUN")
    if not around and task is None:
        raise typer.BadParameter("name a TASK, or --around RUN")
    if not around and not varied:
        raise typer.BadParameter("nothing varies: give --vary PATH=…, --space FILE, or --around RUN")


def _begin(
    client: Densely,
    task: str | None,
    around: str | None,
    varied: dict[str, Any],
    asked: dict[str, Any],
    *,
    prune: bool,
) -> Sweep:
    if around is None:
        return client.sweeps.create(str(task), varied, prune=prune, **asked)
    proposed = client.runs.get(around).space()
    if task is not None and task != proposed.task:
        raise typer.BadParameter(f"run {around} is of task {proposed.task}, not {task}")
    told = proposed.model_dump(mode="json", exclude_unset=True)
    changed: dict[str, Any] = {"space": varied} if varied else {}
    if not prune:
        changed["pruner"] = None
    if asked["recipe"]:
        asked = {**asked, "recipe": {**told.get("recipe", {}), **asked["recipe"]}}
    return client.sweeps.start(SweepRequest.model_validate({**told, **changed}), **asked)


def _budget(trials: int | None, minutes: float | None) -> dict[str, Any] | None:
    told = {"trials": trials, "minutes": minutes}
    return {name: number for name, number in told.items() if number is not None} or None


def _kind(name: str | None) -> dict[str, str] | None:
    """A method or pruner as a request has it; `none` is told otherwise."""
    return {"kind": name} if name not in (None, "none") else None
