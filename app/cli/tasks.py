"""`densely tasks …`; making one is `create`'s."""

from typing import Annotated, Any

import typer

from app.cli.connection import Json, Key, Url, connect
from app.cli.create import create
from app.cli.findings import answer_of
from app.cli.frame import Command
from app.cli.inputs import TaskName, known_task
from app.cli.output import as_json, facts, line, show
from app.cli.schemas import fields_of, types_of
from app.cli.uploading import pairs
from densely_client.forms import Task

app = typer.Typer(help="Tasks: list, show, and make, change and delete those of your own.", invoke_without_command=True)
app.command(cls=Command)(create)


@app.callback()
def tasks(
    context: typer.Context,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List tasks; or show one, make one of a file of rows, change or delete one of your own."""
    if not context.invoked_subcommand:
        _list(url, api_key, as_text=as_text)


@app.command("list")
def list_tasks(as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """All tasks."""
    _list(url, api_key, as_text=as_text)


@app.command("show")
def show_task(task: TaskName, as_text: Json = False, url: Url = None, api_key: Key = None) -> None:
    """What a task takes and answers, its datasets and presets."""
    with connect(url, api_key) as client:
        found = known_task(client, task)
    if as_text:
        as_json(found)
        return
    active = found.active_model
    told = [
        ("task", f"{found.name}, {found.kind}: {found.title}"),
        ("", found.description),
        ("answers", answer_of(found.answer)),
        ("model", f"{active.id}, version {active.version}" if active else "none yet"),
        ("datasets", ", ".join(each.name for each in found.datasets)),
        ("presets", ", ".join(found.presets)),
        ("notice", found.notice),
    ]
    facts(told)
    line("")
    show(["input", "type", ""], _inputs(found), "")


@app.command()
def update(
    task: TaskName,
    title: Annotated[str | None, typer.Option(help="what it is called")] = None,
    description: Annotated[str | None, typer.Option(help="what it does, in a sentence")] = None,
    label_name: Annotated[
        list[str] | None, typer.Option(help="LABEL=NAME: what is shown of a label; any number of times")
    ] = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Change what is shown of a task of your own."""
    asked: dict[str, Any] = {"title": title, "description": description}
    asked["label_names"] = pairs(label_name, "--label-name") or None
    if not any(value is not None for value in asked.values()):
        raise typer.BadParameter("takes --title, --description or --label-name")
    with connect(url, api_key) as client:
        found = client.tasks.update(task, **asked)
    if as_text:
        as_json(found)
    else:
        line(f"{found.name}: {found.title}")


@app.command()
def delete(
    task: TaskName,
    models: Annotated[bool, typer.Option("--models", help="and its models")] = False,
    datasets: Annotated[bool, typer.Option("--datasets", help="and its datasets")] = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Delete a task of your own; refused while it has models or datasets that are not to go with it."""
    with connect(url, api_key) as client:
        client.tasks.delete(task, models=models, datasets=datasets)
    if as_text:
        as_json({"deleted": task})
    else:
        line(f"{task} is deleted")


def _list(url: str | None, api_key: str | None, *, as_text: bool) -> None:
    with connect(url, api_key) as client:
        found = client.tasks.list()
    if as_text:
        as_json(list(found))
        return
    rows = [
        (t.name, t.kind, answer_of(t.answer), t.active_model.version if t.active_model else "", len(t.datasets))
        for t in found
    ]
    show(["task", "takes", "answers", "model", "datasets"], rows, "no tasks")


def _inputs(task: Task) -> list[tuple[Any, ...]]:
    """Names and types of an input's fields; of a table those of its columns."""
    schema = task.input_schema
    return [
        (name, " or ".join(types_of(schema, field)), field.get("description"))
        for name, field in fields_of(schema).items()
    ]
