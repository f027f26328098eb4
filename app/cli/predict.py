"""`densely predict`."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.progress import Progress

from app.cli.codes import USAGE
from app.cli.connection import Json, Key, Url, connect
from app.cli.files import opened, replacing, same
from app.cli.frame import fail
from app.cli.inputs import (
    Fields,
    Image,
    Input,
    ModelName,
    TaskName,
    instance,
    known_task,
    model_of,
    read_json,
    without_task,
)
from app.cli.output import as_json, console, line, plain, show
from densely_client import ApiError, Densely, errors
from densely_client.calls import Options
from densely_client.forms import LabelPrediction, LabelsPrediction, NumberPrediction, Task
from densely_client.inputs import instance_of

AT_ONCE = 500  # lines of a file in one request
MOST_LINE = 2**26  # characters; no service takes a request of so many bytes


def predict(
    task: TaskName,
    words: Input = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="JSON Lines, an input each; - is standard input")
    ] = None,
    image: Image = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="with --file: write the answers here")] = None,
    field: Fields = None,
    model: ModelName = None,
    top_k: Annotated[int | None, typer.Option(help="how many labels are listed, where there are many")] = None,
    min_confidence: Annotated[float | None, typer.Option(help="0 to 1; below it the answer is left open")] = None,
    max_novelty: Annotated[float | None, typer.Option(help="0 to 1; above it the answer is left open")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="what spoke for the answer")] = False,
    as_text: Json = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Predict one input, or a file of them: JSON Lines in, JSON Lines out."""
    if (words is not None) + (file is not None) + (image is not None) != 1:
        raise typer.BadParameter("takes one of INPUT, --file and --image")
    if output and not file:
        raise typer.BadParameter("--output goes with --file")
    if field and file:
        raise typer.BadParameter("--field goes with INPUT or --image")
    given: dict[str, Any] = {
        "model": model_of(model), "top_k": top_k, "min_confidence": min_confidence, "max_novelty": max_novelty,
        "explain": explain or None,
    }  # fmt: skip
    options: Any = {name: value for name, value in given.items() if value is not None}
    with connect(url, api_key) as client:
        if file is not None:
            _file(client, known_task(client, task), file, output, options)
            return
        found = client.predict.one(task, instance(client, task, words or [], image, field), **options)
        names = {} if as_text or isinstance(found, NumberPrediction) else known_task(client, task).label_names
    if as_text:
        as_json(found)
    else:
        tell(found, names)


def _file(client: Densely, task: Task, file: Path, output: Path | None, options: Options) -> None:
    """Part after part, so that a file may be larger than memory; `output` appears with the last answer or never."""
    with ExitStack() as stack:
        source = stack.enter_context(opened(file))
        if same(source, output):
            raise fail(f"{output or 'standard output'} is the file that is read; write to another one", USAGE)
        target: IO[bytes] = stack.enter_context(replacing(output)) if output else sys.stdout.buffer
        size = None if str(file) == "-" else file.stat().st_size
        progress = stack.enter_context(Progress(console=console(error=True), disable=not sys.stderr.isatty()))
        bar = progress.add_task(file.name, total=size)
        for part in _parts(_lines(source, file.name)):
            for answer in _answers(client, task, part, options, file.name):
                target.write(json.dumps(plain(answer), ensure_ascii=False).encode() + b"\n")
            target.flush()
            progress.advance(bar, sum(len(text.encode()) for _, text in part))


def _lines(source: IO[str], name: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers."""
    try:
        for number, text in enumerate(iter(lambda: source.readline(MOST_LINE + 1), ""), 1):
            if len(text) > MOST_LINE:
                raise fail(f"{name} line {number}: is longer than {MOST_LINE // 2**20} MiB")
            if text.strip():
                yield number, text
    except UnicodeError as error:
        raise fail(f"{name}: is not UTF-8 text") from error


def _parts(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    while part := list(islice(lines, AT_ONCE)):
        yield part


def _answers(client: Densely, task: Task, part: list[tuple[int, str]], options: Options, name: str) -> list[Any]:
    instances = []
    for number, text in part:
        given = read_json(f"{name} line {number}", text)
        if isinstance(given, dict):
            given = without_task(task, given)
        try:
            instances.append(instance_of(task, given))
        except (errors.InvalidArgument, OSError) as error:
            raise fail(f"{name} line {number}: this is no input of {task.name}") from error
    try:
        return client.predict.many(task.name, instances, **options)
    except errors.InvalidInput as error:
        raise fail(_located(error, name, part)) from error


def _located(error: ApiError, name: str, part: list[tuple[int, str]]) -> str:
    """The first mistake, with its line instead of its place in the request."""
    for each in error.errors:
        place, _, rest = each.field.removeprefix("instances.").partition(".")
        if each.field.startswith("instances.") and place.isdigit() and int(place) < len(part):
            return f"{name} line {part[int(place)][0]}: {rest}: {each.message}"
    return error.message


def tell(found: LabelPrediction | LabelsPrediction | NumberPrediction, names: Mapping[str, str]) -> None:
    """A prediction for people; `names` are those of labels that are shown as something else."""
    if isinstance(found, NumberPrediction):
        line(f"{found.value:g} {found.unit}".rstrip())
    elif isinstance(found, LabelsPrediction):
        line(", ".join(shown(label, names) for label in found.labels) or "no label")
        show(
            ["label", "probability"], [(shown(each.label, names), f"{each.probability:.3f}") for each in found.top], ""
        )
    else:
        _tell_label(found, names)
    for warning in found.warnings:
        console(error=True).print(f"{warning.field}: {warning.message}", markup=False)
    explanation = found.explanation or {}
    if words := explanation.get("words"):
        strongest = sorted(words, key=lambda each: -abs(each["effect"]))[:12]
        show(["effect", "word"], [(f"{each['effect']:+.4f}", each["word"]) for each in strongest], "")
    elif isinstance(effects := explanation.get("effects"), dict):
        ordered = sorted(effects.items(), key=lambda each: -abs(each[1]))
        show(["effect", "feature"], [(f"{effect:+.4g}", name) for name, effect in ordered], "")


def shown(label: Any, names: Mapping[str, str]) -> str:
    """A label as people see it."""
    return names.get(str(label), str(label))


def _tell_label(found: LabelPrediction, names: Mapping[str, str]) -> None:
    if found.abstained:
        line(f"no answer: the likeliest has probability {found.probability:.3f}")
    else:
        line(f"{shown(found.label, names)}  {found.probability:.3f}")
    for other in found.top[1:]:
        line(f"  {shown(other.label, names)}  {other.probability:.3f}")
