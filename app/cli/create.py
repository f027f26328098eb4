"""`densely tasks create`: from a file of rows to a task that answers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli import findings, outcome, specs
from app.cli.connection import Json, Key, Url, connect
from app.cli.output import as_json, console, line, plain
from app.cli.uploading import FileOfRows, sending, source_of
from app.cli.watch import watch
from densely_client import Densely, Run, errors, forms
from densely_client.forms import DatasetDetail

BASELINE = "baseline"  # that the service trains by itself

Name = Annotated[str, typer.Argument(metavar="NAME", help="of the task: a-z, 0-9 and -", show_default=False)]
Title = Annotated[str | None, typer.Option(help="what it is called")]
Description = Annotated[str | None, typer.Option(help="what it does, in a sentence")]
DatasetName = Annotated[str | None, typer.Option("--dataset", help="name of the rows; default: the task's")]
Preset = Annotated[str | None, typer.Option(help="to train with; default: baseline")]
NoTrain = Annotated[bool, typer.Option("--no-train", help="only keep the rows")]
Look = Annotated[bool, typer.Option("--dry-run", help="only show what is found in the file")]


def create(
    name: Name, file: FileOfRows, text: specs.Texts = None, label: specs.LabelColumn = None,
    labels: specs.LabelsColumn = None, separator: specs.Separator = None, number: specs.NumberColumn = None,
    unit: specs.Unit = None, rating: specs.RatingColumn = None, bounds: specs.Bounds = None, kind: specs.Kind = None,
    column: specs.TableColumns = None, role: specs.Roles = None, image_size: specs.Size = None,
    rgb: specs.Colours = False, scaling: specs.Scaling = None, title: Title = None, description: Description = None,
    dataset: DatasetName = None, preset: Preset = None, no_train: NoTrain = False, dry_run: Look = False,
    as_text: Json = False, url: Url = None, api_key: Key = None,
) -> None:  # fmt: skip
    """Make a task of a file of rows, train it, and show how good it is and how to ask it."""
    if preset and no_train:
        raise typer.BadParameter("--preset: not with --no-train")
    image = {"size": image_size, "colours": "rgb" if rgb else None, "scaling": scaling}
    asked: dict[str, Any] = {
        "kind": specs.kind_of(kind, text, column, role, image),
        "answer": specs.answer_of(label, (labels, separator), (number, unit), (rating, bounds)),
        "title": title,
        "description": description,
    }
    with connect(url, api_key) as client:
        if dry_run:
            with sending(file) as bar:
                look = client.tasks.look(name, source_of(file), progress=bar, **asked)
            show_look(look, file.name, as_text=as_text)
            return
        run, made = _made(client, name, file, dataset, None if no_train else preset or BASELINE, asked, as_text=as_text)
        if run:
            _followed(client, run, made, as_text=as_text)
        if as_text:
            told = {"task": client.tasks.get(name), "dataset": made, "run": run.data if run else None}
            as_json({part: plain(form) for part, form in told.items()})
        elif run:
            outcome.how_to_ask(client, client.tasks.get(name), url, api_key)


def show_look(look: forms.Look, file: str, *, as_text: bool) -> None:
    """What `--dry-run` found."""
    if as_text:
        as_json(look)
        return
    findings.tell(look.findings, file)
    line("")
    line(f"{look.kind.get('kind')}; {findings.answer_of(look.answer)}. Nothing was kept.")


def _made(
    client: Densely,
    name: str,
    file: Path,
    dataset: str | None,
    preset: str | None,
    asked: dict[str, Any],
    *,
    as_text: bool,
) -> tuple[Run | None, DatasetDetail]:
    """The first run, unless there is to be none, and the rows."""
    with sending(file) as bar:
        made = client.tasks.create(
            name, source_of(file), dataset=dataset, train=preset == BASELINE, progress=bar, **asked
        )
    assert made.dataset is not None  # there was a file
    if not as_text:
        findings.tell(made.dataset.findings, file.name)
        line("")
        line(f"task {name}, dataset {made.dataset.name}@{made.dataset.version}")
    if preset in (None, BASELINE):
        return made.run, made.dataset
    try:
        run = client.train(name, preset=preset, dataset=f"{made.dataset.name}@{made.dataset.version}")
    except errors.InvalidInput:
        console(error=True).print(
            f"task {name} is kept; `densely train {name}` trains it with {BASELINE}", markup=False
        )
        raise
    return run, made.dataset


def _followed(client: Densely, run: Run, dataset: DatasetDetail, *, as_text: bool) -> None:
    if not as_text:
        console(error=True).print(f"training {run.id}", markup=False)
    watch(run, as_text=as_text)
    run.check()
    if not as_text:
        outcome.tell_of(client, run, dataset)
