"""What INPUT looks like: the task's kind says it, and the service tells the kind."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli import completion
from app.cli.connection import check_task
from app.cli.frame import fail
from app.cli.schemas import fields_of, types_of, value_of
from densely_client import Densely, errors, inputs
from densely_client.forms import Task

TaskName = Annotated[
    str,
    typer.Argument(
        metavar="TASK",
        help="name of the task; another name is answered with a list of all",
        autocompletion=completion.tasks,
    ),
]
OfTask = Annotated[str | None, typer.Option(help="of this task only", autocompletion=completion.tasks)]
PresetName = Annotated[
    str | None,
    typer.Option(help="one that `densely presets` lists; default: baseline", autocompletion=completion.presets),
]
DatasetOption = Annotated[
    str | None, typer.Option(help="default: the task's first", autocompletion=completion.datasets)
]
Input = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[INPUT]...",
        help="a text; NAME=VALUE … for a table; X,Y for a point; JSON for pixels; a JSON object of the fields for any",
        show_default=False,
    ),
]
Image = Annotated[Path | None, typer.Option("--image", "-i", help="a picture's file, PNG or JPEG, instead of INPUT")]
Fields = Annotated[
    list[str] | None, typer.Option("--field", help="NAME=VALUE: a further text of the input; any number of times")
]
ModelName = Annotated[
    str | None,
    typer.Option(help="a version number or model id instead of the active model", autocompletion=completion.models),
]

FORMS = {"table": "NAME=VALUE …", "plane": "X,Y"}


def known_task(client: Densely, name: str) -> Task:
    """The task with its kind and input schema.

    Raises:
        typer.Exit: there is none of this name; the line on standard error lists all.
    """
    try:
        return client.tasks.get(name)
    except (errors.NotFound, errors.InvalidInput):
        check_task(client, name)
        raise


def instance(client: Densely, name: str, words: list[str], image: Path | None, fields: list[str] | None) -> Any:
    """The input of the command line as the request has it.

    Raises:
        typer.BadParameter: INPUT does not look like what the task takes, or `--field` gives one of its fields again.
    """
    further = _further(fields or [])
    made = inputs.picture(image) if image else of_words(known_task(client, name), words)
    if twice := sorted(made.keys() & further.keys()):
        raise typer.BadParameter(f"--field {twice[0]}: {'--image' if image else 'INPUT'} gives {twice[0]} already")
    return {**made, **further}


def of_words(task: Task, words: list[str]) -> dict[str, Any]:
    """INPUT as the request has it. A JSON object is the fields of the input, whatever the kind.

    Raises:
        typer.BadParameter: it does not look like what the task takes.
    """
    if (fields := _object(" ".join(words))) is not None:
        fields = without_task(task, fields)
        if "task" in fields:
            raise typer.BadParameter(f"INPUT is for task {fields['task']!r}, not for {task.name}")
        return inputs.instance_of(task, fields)
    try:
        return inputs.instance_of(task, _value(task, words))
    except ValueError as error:
        raise typer.BadParameter(f"INPUT of {task.name} must look like {FORMS[task.kind]}") from error


def model_of(given: str | None) -> int | str | None:
    """A version number, or a model's id."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 19 else given


def read_json(where: str, text: str) -> Any:
    """
    Raises:
        typer.Exit: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise fail(f"{where}: not JSON: {error}") from error


def without_task(task: Task, fields: dict[str, Any]) -> dict[str, Any]:
    """What is sent to `POST /predict` is an input too: its `task` says what is known already."""
    return {name: value for name, value in fields.items() if (name, value) != ("task", task.name)}


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, if it is one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # a text that begins so
        return None
    return found if isinstance(found, dict) else None


def _value(task: Task, words: list[str]) -> Any:
    """What `inputs.instance_of` takes of this kind; a kind that is not known here is given as JSON."""
    match task.kind:
        case "text":
            return " ".join(words)
        case "table":
            fields = fields_of(task.input_schema)
            given = dict(word.split("=", 1) for word in words)
            types = {name: types_of(task.input_schema, fields.get(name, {})) for name in given}
            return {name: value_of(types[name], text) for name, text in given.items()}
        case "plane":
            return [float(number) for number in ",".join(words).split(",")]
        case _:
            return read_json("INPUT", " ".join(words))


def _further(given: list[str]) -> dict[str, str]:
    if any("=" not in field for field in given):
        raise typer.BadParameter("--field must be NAME=VALUE")
    return dict(field.split("=", 1) for field in given)
