"""`densely datasets …`."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from app.cli import completion, findings
from app.cli.connection import Json, Key, Url, check_task, connect
from app.cli.create import show_look
from app.cli.findings import bytes_of
from app.cli.inputs import ModelName, OfTask, model_of
from app.cli.output import as_json, facts, line, moment, show
from app.cli.predict import shown
from app.cli.uploading import FileOfRows, Mapping, pairs, sending, source_of
from app.domain.counting import counted
from densely_client.forms import DatasetDetail, DatasetEntry, DatasetRow, TaskSummary

app = typer.Typer(
    help="Datasets: list, show, see their rows, add, append to and delete them.", invoke_without_command=True
)

WIDTH = 100  # characters of an input that are shown
MOST_VERSIONS = 11  # asked for: one more than are shown

Name = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="its name", show_default=False, autocompletion=completion.datasets),
]
Version = Annotated[int | None, typer.Option(min=1, help="default: the latest")]
Removed = Annotated[int | None, typer.Option("--version", min=1, help="this one only; default: all of them")]
Most = Annotated[int, typer.Option(min=1, help="how many")]
Look = Annotated[bool, typer.Option("--dry-run", help="only show what is found in the file")]


@app.callback()
def datasets(
    context: typer.Context,
    task: OfTask = None,
    limit: Most = 50,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List datasets; or show one, see its rows, add, append to or delete one."""
    if not context.invoked_subcommand:
        _list(task, limit, url, api_key, as_text=as_text)


@app.command("list")
def list_datasets(
    task: OfTask = None, limit: Most = 50, as_text: Json = False, url: Url = None, api_key: Key = None
) -> None:
    """Datasets, in their latest version."""
    _list(task, limit, url, api_key, as_text=as_text)


@app.command("show")
def show_dataset(
    name: Name, version: Version = None, as_text: Json = False, url: Url = None, api_key: Key = None
) -> None:
    """What a dataset holds: columns, labels, what was left out."""
    with connect(url, api_key) as client:
        found = client.datasets.get(name, version)
        versions = [] if as_text else client.datasets.versions(name, MOST_VERSIONS)
    if as_text:
        as_json(found)
        return
    facts([
        ("dataset", f"{found.name}@{found.version} of {found.task}, {_made_at(found)}"),
        ("versions", _versions(versions)),
        ("sha256", found.sha256),
    ])  # fmt: skip
    findings.tell(found.findings, "file")


@app.command()
def rows(
    name: Name,
    split: Annotated[Literal["train", "test"] | None, typer.Option(help="of this split only")] = None,
    label: Annotated[str | None, typer.Option(help="of this label only")] = None,
    version: Version = None,
    model: ModelName = None,
    wrong: Annotated[bool, typer.Option("--wrong", help="only rows that the model gets wrong")] = False,
    limit: Most = 20,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """A dataset's rows; with --model (active, a version or an id) what the model makes of each, wrong ones first."""
    if wrong and model is None:
        raise typer.BadParameter("--wrong goes with --model")
    with connect(url, api_key) as client:
        found = client.datasets.rows(
            name, split, label, version=version, model=model_of(model), wrong=wrong or None, limit=limit
        )
        shown_as = {} if as_text else client.tasks.get(client.datasets.get(name, version).task).label_names
    if as_text:
        as_json(list(found))
        return
    names = ["row", "split", "answer", *(["predicted", ""] if model else []), "input"]
    show(names, [_row(each, shown_as, predicted=model is not None) for each in found], "no rows")


@app.command()
def add(
    name: Name,
    file: FileOfRows,
    task: Annotated[str, typer.Option(help="whose rows they are", show_default=False, autocompletion=completion.tasks)],
    mapping: Mapping = None,
    dry_run: Look = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Upload a file of rows for a task; of a name that there is already, its next version."""
    columns = pairs(mapping, "--map")
    with connect(url, api_key) as client, sending(file) as bar:
        if dry_run:
            look = client.datasets.look(name, source_of(file), task=task, mapping=columns, progress=bar)
        else:
            made = client.datasets.upload(name, source_of(file), task=task, mapping=columns, progress=bar)
    if dry_run:
        show_look(look, file.name, as_text=as_text)
    else:
        _made(made, file.name, as_text=as_text)


@app.command()
def append(
    name: Name,
    file: FileOfRows,
    mapping: Mapping = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Make a dataset's next version: its rows and those of a file."""
    with connect(url, api_key) as client, sending(file) as bar:
        made = client.datasets.append(name, source_of(file), mapping=pairs(mapping, "--map"), progress=bar)
    _made(made, file.name, as_text=as_text)


@app.command()
def delete(name: Name, version: Removed = None, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """Delete a dataset, or one of its versions; refused while runs refer to it."""
    with connect(url, api_key) as client:
        client.datasets.delete(name, version)
    told = f"{name}@{version}" if version else name
    if as_text:
        as_json({"deleted": told})
    else:
        line(f"{told} is deleted")


def _list(task: str | None, limit: int, url: str | None, api_key: str | None, *, as_text: bool) -> None:
    with connect(url, api_key) as client:
        found = client.datasets.list(task, limit)
        if task and not found:
            check_task(client, task)
        known = [] if as_text else client.tasks.list()
    if as_text:
        as_json(list(found))
        return
    rows: list[tuple[Any, ...]] = [
        (d.name, d.version, d.task, f"{d.train_rows:,}", f"{d.test_rows:,}", bytes_of(d.bytes), _made_at(d))
        for d in found
    ]
    if len(found) < limit:
        rows += _away(known, task, {each.name for each in found})
    show(["dataset", "version", "task", "to train", "to test", "size", "made"], rows, "no datasets")


def _away(tasks: Sequence[TaskSummary], task: str | None, listed: set[str]) -> list[tuple[Any, ...]]:
    """Lines for datasets of tasks whose rows are not on the service's machine yet."""
    return [
        (each.name, None, owner.name, None, None, None, "not here; training on it fetches it")
        for owner in tasks
        if task in (None, owner.name)
        for each in owner.datasets
        if not each.here and each.name not in listed
    ]


def _made_at(dataset: DatasetEntry) -> str:
    """Those that come with Densely have the first moment of all."""
    return moment(dataset.created_at) if dataset.created_at.timestamp() > 0 else "with Densely"


def _made(made: DatasetDetail, file: str, *, as_text: bool) -> None:
    if as_text:
        as_json(made)
        return
    findings.tell(made.findings, file)
    line("")
    line(f"dataset {made.name}@{made.version} of {made.task}")


def _row(row: DatasetRow, names: dict[str, str], *, predicted: bool) -> list[Any]:
    told = [row.row, row.split, _said(row.answer, names)]
    if predicted:
        told += [_answer(row.prediction or {}, names), "wrong" if row.wrong else ""]
    return [*told, _short(row.input)]


def _answer(prediction: dict[str, Any], names: dict[str, str]) -> str:
    """A label and its probability, several, or a number."""
    if "value" in prediction:
        return f"{prediction['value']:g}"
    if "label" not in prediction:
        return _said(prediction.get("labels", []), names)
    return f"{shown(prediction.get('label'), names)} {prediction.get('probability', 0):.3f}"


def _said(answer: Any, names: dict[str, str]) -> str:
    if isinstance(answer, list):
        return ", ".join(shown(each, names) for each in answer)
    return f"{answer:g}" if isinstance(answer, float) else shown(answer, names)


def _short(fields: dict[str, Any]) -> str:
    """The only text of an input, or all as JSON, cut."""
    values = list(fields.values())
    told = values[0] if len(values) == 1 and isinstance(values[0], str) else json.dumps(fields, ensure_ascii=False)
    return told if len(told) <= WIDTH else f"{told[: WIDTH - 2]} …"


def _versions(found: Sequence[DatasetEntry]) -> str:
    """The latest ones with their rows; one of them is not told as much."""
    told = ", ".join(f"{each.version} ({counted(each.rows, 'row')})" for each in found[: MOST_VERSIONS - 1])
    return told + (", and earlier ones" if len(found) == MOST_VERSIONS else "")
