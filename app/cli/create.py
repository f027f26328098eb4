"""`densely tasks create`: from a file of rows to a task that answers."""

from typing import Annotated, Any, Literal

import typer

from app.cli import findings, outcome, specs
from app.cli.connection import Json, Key, Url, connect
from app.cli.output import as_json, console, line, plain
from app.cli.specs import KindName
from app.cli.uploading import FileOfRows, pairs, sending, source_of
from app.cli.watch import watch
from densely_client import Densely, Run
from densely_client.forms import DatasetDetail, Look

BASELINE = "baseline"  # that the service trains by itself


def create(
    name: Annotated[str, typer.Argument(help="of the task: a-z, 0-9 and -", show_default=False)],
    file: FileOfRows,
    text: Annotated[list[str] | None, typer.Option(help="a column of texts; up to eight times")] = None,
    label: Annotated[str | None, typer.Option(help="the column of the label, one for each row")] = None,
    labels: Annotated[str | None, typer.Option(help="the column of any number of labels")] = None,
    separator: Annotated[str | None, typer.Option(help="between labels of --labels; default: ;")] = None,
    number: Annotated[str | None, typer.Option(help="the column of a number to predict")] = None,
    unit: Annotated[str | None, typer.Option(help="of --number")] = None,
    rating: Annotated[str | None, typer.Option(help="the column of a number within bounds")] = None,
    bounds: Annotated[str | None, typer.Option("--range", help="of --rating, such as 1-5; default: 0-1")] = None,
    kind: Annotated[KindName | None, typer.Option(help="of the input; default: found in the file")] = None,
    column: Annotated[list[str] | None, typer.Option(help="a column of a table; default: all others")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="COLUMN=number, category, flag or date, where it would be guessed wrong")
    ] = None,
    image_size: Annotated[int | None, typer.Option(min=8, max=96, help="pixels of a picture's side")] = None,
    rgb: Annotated[bool, typer.Option("--rgb", help="pictures in colour")] = False,
    scaling: Annotated[Literal["fit", "centre", "crop"] | None, typer.Option(help="how pictures get that size")] = None,
    title: Annotated[str | None, typer.Option(help="what it is called")] = None,
    description: Annotated[str | None, typer.Option(help="what it does, in a sentence")] = None,
    dataset: Annotated[str | None, typer.Option(help="name of the rows; default: the task's")] = None,
    preset: Annotated[str | None, typer.Option(help="to train with; default: baseline")] = None,
    no_train: Annotated[bool, typer.Option("--no-train", help="only keep the rows")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what is found in the file")] = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Make a task of a file of rows, train it, and show how good it is and how to ask it."""
    if preset and no_train:
        raise typer.BadParameter("--preset: not with --no-train")
    image = {"size": image_size, "colours": "rgb" if rgb else None, "scaling": scaling}
    given = {key: value for key, value in image.items() if value is not None}
    asked: dict[str, Any] = {
        "kind": specs.kind_of(kind, text, column, pairs(role, "--role"), given),
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
        trained = not no_train and preset in (None, BASELINE)
        with sending(file) as bar:
            made = client.tasks.create(name, source_of(file), dataset=dataset, train=trained, progress=bar, **asked)
        assert made.dataset is not None
        if not as_text:
            _made(made.dataset, file.name)
        run = made.run
        if preset and not trained:
            run = client.train(name, preset=preset, dataset=f"{made.dataset.name}@{made.dataset.version}")
        if run:
            _followed(client, run, made.dataset, as_text=as_text)
        if as_text:
            as_json(
                {"task": plain(client.tasks.get(name)), "dataset": plain(made.dataset), "run": plain(run and run.data)}
            )
        elif run:
            outcome.how_to_ask(client, client.tasks.get(name), url, api_key)


def show_look(look: Look, file: str, *, as_text: bool) -> None:
    """What `--dry-run` found."""
    if as_text:
        as_json(look)
        return
    findings.tell(look.findings, file)
    line("")
    line(f"{look.kind.get('kind')}; {findings.answer_of(look.answer)}. Nothing was kept.")


def _made(dataset: DatasetDetail, file: str) -> None:
    findings.tell(dataset.findings, file)
    line("")
    line(f"task {dataset.task}, dataset {dataset.name}@{dataset.version}")


def _followed(client: Densely, run: Run, dataset: DatasetDetail, *, as_text: bool) -> None:
    if not as_text:
        console(error=True).print(f"training {run.id}", markup=False)
    watch(run, as_text=as_text)
    run.check()
    if not as_text:
        outcome.tell_of(client, run, dataset)
