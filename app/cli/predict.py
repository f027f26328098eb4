"""`densely predict`."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.progress import Progress

from app.cli.connection import Json, Key, Url, connect
from app.cli.files import opened, replacing, same
from app.cli.frame import USAGE, fail
from app.cli.output import as_json, console, line, plain, show
from app.client import Densely, errors
from app.client.calls import Options, as_instance
from app.client.errors import ApiError

AT_ONCE = 500  # lines of a file in one request
MOST_LINE = 2**26  # characters; no service takes a request of so many bytes

TaskName = Annotated[str, typer.Argument(metavar="TASK", help="sentiment, newswire, digits, housing, planar")]
Input = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[INPUT]...",
        help="a text; for housing CRIM=0.03 ZN=0 …; for planar X,Y",
        show_default=False,
    ),
]
Image = Annotated[Path | None, typer.Option("--image", "-i", help="a picture of a digit, PNG or JPEG")]
ModelName = Annotated[str | None, typer.Option(help="a version number or model id instead of the active model")]


def predict(
    task: TaskName,
    words: Input = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="JSON Lines, an input each; - is standard input")
    ] = None,
    image: Image = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="with --file: write the answers here")] = None,
    title: Annotated[str | None, typer.Option(help="of a newswire")] = None,
    model: ModelName = None,
    top_k: Annotated[int | None, typer.Option(help="how many topics of a newswire")] = None,
    min_confidence: Annotated[float | None, typer.Option(help="0 to 1; below it the answer is left open")] = None,
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
    given: dict[str, Any] = {
        "model": model_of(model), "top_k": top_k, "min_confidence": min_confidence, "explain": explain or None,
    }  # fmt: skip
    options: Any = {name: value for name, value in given.items() if value is not None}
    with connect(url, api_key) as client:
        if file is not None:
            _file(client, task, file, output, options)
            return
        instance = as_instance("digits", image) if image else instance_of(task, words or [], title)
        found = client.predict.one(task, instance, **options)
    if as_text:
        as_json(found)
    else:
        _tell(found)


def model_of(given: str | None) -> int | str | None:
    """A version number, or a model's id."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 19 else given


def instance_of(task: str, words: list[str], title: str | None) -> dict[str, Any]:
    """The input of the command line as the request has it."""
    try:
        if task == "housing":
            return {"features": {name: float(value) for name, value in (word.split("=", 1) for word in words)}}
        if task == "planar":
            return {"point": [float(number) for number in ",".join(words).split(",")]}
    except ValueError as error:
        form = "NAME=NUMBER …" if task == "housing" else "X,Y"
        raise typer.BadParameter(f"INPUT of {task} must look like {form}") from error
    if task == "digits":
        return as_instance(task, _read_json("INPUT", " ".join(words)))
    return {"text": " ".join(words)} | ({} if title is None else {"title": title})


def _file(client: Densely, task: str, file: Path, output: Path | None, options: Options) -> None:
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


def _answers(client: Densely, task: str, part: list[tuple[int, str]], options: Options, name: str) -> list[Any]:
    instances = []
    for number, text in part:
        given = _read_json(f"{name} line {number}", text)
        if isinstance(given, dict):
            given = {field: value for field, value in given.items() if (field, value) != ("task", task)}
        try:
            instances.append(as_instance(task, given))
        except (TypeError, ValueError, AttributeError, OSError) as error:
            raise fail(f"{name} line {number}: this is no input of {task}") from error
    try:
        return client.predict.many(task, instances, **options)
    except errors.InvalidInput as error:
        raise fail(_located(error, name, part)) from error


def _located(error: ApiError, name: str, part: list[tuple[int, str]]) -> str:
    """The first mistake, with its line instead of its place in the request."""
    for each in error.errors:
        place, _, rest = each.field.removeprefix("instances.").partition(".")
        if each.field.startswith("instances.") and place.isdigit() and int(place) < len(part):
            return f"{name} line {part[int(place)][0]}: {rest}: {each.message}"
    return error.message


def _read_json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise fail(f"{where}: not JSON: {error}") from error


def _tell(found: Any) -> None:
    """A prediction for people."""
    if hasattr(found, "value"):
        line(f"{found.value:g} {found.unit}")
    elif found.abstained:
        line(f"no answer: the likeliest has probability {found.probability:.3f}")
    else:
        line(f"{found.label}  {found.probability:.3f}")
    for topic in getattr(found, "top", [])[1:]:
        line(f"  {topic.label}  {topic.probability:.3f}")
    for warning in found.warnings:
        console(error=True).print(f"{warning.field}: {warning.message}", markup=False)
    explanation = found.explanation or {}
    if words := explanation.get("words"):
        strongest = sorted(words, key=lambda each: -abs(each["effect"]))[:12]
        show(["effect", "word"], [(f"{each['effect']:+.4f}", each["word"]) for each in strongest], "")
    elif isinstance(effects := explanation.get("effects"), dict):
        ordered = sorted(effects.items(), key=lambda each: -abs(each[1]))
        show(["effect", "feature"], [(f"{effect:+.4g}", name) for name, effect in ordered], "")
