"""`densely encode` and `densely decode`."""

import json
import re
from typing import Annotated, Any

import typer

from app.cli.connection import Json, Key, Url, connect
from app.cli.inputs import Fields, Image, Input, ModelName, TaskName, instance, known_task, model_of
from app.cli.output import as_json, line, show
from densely_client.forms import Task

Numbers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NUMBER...",
        help="what `encode` tells: word ids of a text, else what the first layer takes",
        show_default=False,
    ),
]


def encode(
    task: TaskName,
    words: Input = None,
    image: Image = None,
    field: Fields = None,
    model: ModelName = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """How a model sees an input: its words and ids, or the numbers that the first layer takes."""
    if (words is None) == (image is None):
        raise typer.BadParameter("takes one of INPUT and --image" if words else "INPUT is missing")
    with connect(url, api_key) as client:
        given = instance(client, task, words or [], image, field)
        found = client.tasks.encode(task, **{**given, **_choice(model)})
    if as_text:
        as_json(found)
    elif "words" in found.encoding:
        show(["id", "word"], [(each["id"], each["word"]) for each in found.encoding["words"]], "no words")
    else:
        columns = found.encoding.get("columns") or range(1, len(found.encoding["values"]) + 1)
        show(["column", "value"], list(zip(columns, found.encoding["values"], strict=False)), "no numbers")


def decode(
    task: TaskName,
    numbers: Numbers = None,
    model: ModelName = None,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """What a model sees, turned back: word ids into a text, numbers into an input of the task."""
    given = [each for each in re.split(r"[\s,\[\]]+", " ".join(numbers or [])) if each]
    if not given:
        raise typer.BadParameter("NUMBER is missing")
    with connect(url, api_key) as client:
        codes = _codes(known_task(client, task), given)
        found = client.tasks.decode(task, **codes, **_choice(model))
    if as_text:
        as_json(found)
    else:
        line(found.decoding["text"] if "text" in found.decoding else json.dumps(found.decoding["input"]))


def _choice(model: str | None) -> dict[str, Any]:
    return {} if model is None else {"model": model_of(model)}


def _codes(task: Task, given: list[str]) -> dict[str, Any]:
    is_text = task.kind == "text"
    try:
        return {"ids": [int(each) for each in given]} if is_text else {"values": [float(each) for each in given]}
    except ValueError as error:
        raise typer.BadParameter(f"NUMBER of {task.name} must be {'a word id' if is_text else 'a number'}") from error
