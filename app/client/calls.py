"""Every request of the clients, described once. A `Call` is data: it is sent by one of the two transports."""

import base64
import os
import sys
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack

import httpx
from pydantic import BaseModel, TypeAdapter

from app.client import answers
from app.client.errors import ApiError, moved
from app.domain.recipes import Recipe, RecipePatch, Validation
from app.domain.runs import Activate
from app.errors import InvalidInput
from app.wire.runs import Run

T = TypeVar("T")
P = TypeVar("P", bound=answers.Prediction)
Form = Literal["svg", "png"]
TableForm = Literal["csv", "parquet"]

PAGE = 500  # most items that the service puts on a page
MOST_FILE = 2**26  # bytes of a picture's file; one that has no end, such as a device, is not read for ever
ROWS_OF_ANSWERS = 5_000  # of a page of a model's predictions: some MB
ROWS_AT_ONCE = 1_000  # instances of a call: 3 MB of digits, 1 MB of reviews


class Options(TypedDict, total=False):
    """What may be asked of a prediction besides the answer."""

    model: int | str  # "active", a version number, or a model id
    top_k: int  # how many topics `top` lists
    explain: bool  # whether to say what spoke for the answer
    min_confidence: float  # 0 to 1: below it the classifier abstains


class Training(TypedDict, total=False):
    """What may be asked of a training besides its task; what is left out comes from the task and the preset."""

    preset: str | None
    dataset: str | None
    recipe: Mapping[str, Any] | Recipe | RecipePatch | None  # replaces parts of the preset's
    seed: int | None
    seeds: int | None
    validation: Mapping[str, Any] | Validation | None
    activate: Activate | None
    name: str | None
    tags: Mapping[str, str] | None
    webhook: str | None


class Drawn(TypedDict, total=False):
    """What a picture of several runs shows."""

    kind: Literal["curves", "boundaries"]  # the latter of models of the plane
    first_epoch: int  # of the curves
    only: str | None  # one figure, for example "val_loss", in place of all curves


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and how to read its answer."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False  # whether sending it twice does the same as sending it once
    patient: bool = False  # whether somebody waits for a run, who outlasts a restart of the service


# What takes several calls: yields them, receives their answers, returns its own.
Script = Generator[Call[Any], Any, T]


def as_form(form: type[T]) -> Callable[[httpx.Response], T]:
    """Read an answer as this type."""
    adapter = TypeAdapter(form)
    return lambda response: adapter.validate_json(response.content)


def get(path: str, form: type[T], **params: Any) -> Call[T]:
    """A GET; parameters that are None are left out."""
    return Call("GET", path, as_form(form), _given(params), repeatable=True)


def picture(path: str, form: Form, **params: Any) -> Call[bytes]:
    """A picture's bytes."""
    return Call("GET", f"{path}.{form}", lambda response: response.content, _given(params), repeatable=True)


def content(path: str, **params: Any) -> Call[bytes]:
    """A file's bytes."""
    return Call("GET", path, lambda response: response.content, _given(params), repeatable=True)


def post(path: str, form: type[T], body: Mapping[str, Any] | None = None) -> Call[T]:
    """A POST that must not be repeated."""
    return Call("POST", path, as_form(form), body=body)


def train(task: str, key: str | None, **fields: Unpack[Training]) -> Call[Run]:
    """Queue a run. With an Idempotency-Key of its own it queues one run, however often it is sent."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    body = {"task": task, **_given(fields)}
    return Call("POST", "/train", as_form(Run), body=body, headers=headers, repeatable=True)


def predict(form: type[P], task: str, instance: Mapping[str, Any], options: Options) -> Call[P]:
    """One prediction, with the model that made it."""

    def read(response: httpx.Response) -> P:
        answer = response.json()
        return form.model_validate({**answer["prediction"], "model": answer["model"]})

    return Call("POST", "/predict", read, body={"task": task, **instance, **options}, repeatable=True)


def predict_one(task: str, given: Any, options: Options) -> Call[Any]:
    """The same for any task."""
    return predict(answers.PREDICTIONS.get(task, answers.Prediction), task, as_instance(task, given), options)


def predict_many(task: str, instances: Sequence[Mapping[str, Any]], options: Options) -> Call[list[Any]]:
    """As many predictions, in order; up to 10,000."""
    form = answers.PREDICTIONS.get(task, answers.Prediction)

    def read(response: httpx.Response) -> list[Any]:
        answer = response.json()
        return [form.model_validate({**each, "model": answer["model"]}) for each in answer["predictions"]]

    body = {"task": task, "instances": list(instances), **options}
    return Call("POST", "/predict", read, body=body, repeatable=True)


def housing_options(model: int | str, explain: bool) -> Options:
    """Only what differs from the default: keyword arguments are the housing task's columns."""
    options = Options()
    if model != "active":
        options["model"] = model
    if explain:
        options["explain"] = True
    return options


def predict_all(task: str, given: Iterable[Any], options: Options) -> Script[list[Any]]:
    """Predictions of any number of instances, in order, in as many calls as that takes.

    Raises:
        ApiError: the service refuses an instance; its number in `errors` counts from the first of all.
    """
    instances = [as_instance(task, each) for each in given]
    found: list[Any] = []
    rows = ROWS_AT_ONCE
    while len(found) < len(instances):
        part = instances[len(found) : len(found) + rows]
        try:
            found += yield predict_many(task, part, options)
        except ApiError as error:
            if error.status != 413 or len(part) == 1:  # 413: this service takes less at once
                raise moved(error, len(found)) from error
            rows = len(part) // 2
    return found


def activate(task: str, model_id: str) -> Call[answers.Model]:
    """Make a model the active one."""
    return Call("PUT", f"/tasks/{task}/active-model", as_form(answers.Model), body={"model_id": model_id})


def activate_known(model_id: str) -> Script[answers.Model]:
    """The same without naming the task."""
    model = yield get(f"/models/{model_id}", answers.ModelDetail)
    done: answers.Model = yield activate(model.task, model_id)
    return done


def predictions(model_id: str, split: str, limit: int | None) -> Script[list[dict[str, Any]]]:
    """The first rows of a split with a model's answers, or all of them."""
    most = sys.maxsize if limit is None else limit
    return listed(f"/models/{model_id}/predictions", dict[str, Any], most, ROWS_OF_ANSWERS, split=split)


def listed(path: str, form: type[T], limit: int, most: int = PAGE, **params: Any) -> Script[list[T]]:
    """Up to `limit` items of a list, from as many pages as that takes, of `most` items each."""
    items: list[T] = []
    cursor = None
    while len(items) < limit:
        page = yield get(path, answers.Page[form], limit=min(most, limit - len(items)), cursor=cursor, **params)  # type: ignore[valid-type]
        items += page.items
        if (cursor := page.next) is None:
            break
    return items


def as_instance(task: str, given: Any) -> dict[str, Any]:
    """An instance of `/predict` from what is handy in Python.

    A mapping is sent as it is; else a text for sentiment and newswire, pixels or an image for digits, a pair for
    planar.
    """
    if isinstance(given, Mapping) and task != "housing":
        return dict(given)
    if task == "housing":
        return dict(given) if "features" in given else {"features": dict(given)}
    if task == "digits":
        return as_digit(given)
    if task == "planar":
        return {"point": [float(number) for number in given]}
    return {"text": given}


def as_digit(picture: Any) -> dict[str, Any]:
    """Pixels, or an image: its bytes, or the path of its file.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(picture, str | os.PathLike):
        picture = _content(Path(picture))
    if isinstance(picture, bytes | bytearray | memoryview):
        return {"image": base64.b64encode(picture).decode("ascii")}
    return {"pixels": picture.tolist() if hasattr(picture, "tolist") else [_plain(row) for row in picture]}


def _content(path: Path) -> bytes:
    """
    Raises:
        OSError: the file cannot be read.
        InvalidInput: it is larger than any service takes.
    """
    with path.open("rb") as file:
        content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        raise InvalidInput(f"{path} is larger than {MOST_FILE // 2**20} MiB", field="image")
    return content


def compared(runs: Iterable[Any], form: Form, drawn: Drawn) -> Call[bytes]:
    """A picture of several runs."""
    kind = drawn.get("kind", "curves")
    params = {name: value for name, value in drawn.items() if name != "kind"}
    return picture("/compare" if kind == "curves" else f"/compare/{kind}", form, runs=run_ids(runs), **params)


def encode(task: str, fields: Mapping[str, Any]) -> Call[answers.Encoded]:
    """How a model sees an input; an `image` may be the bytes of a file, or its path (as a `Path`)."""
    if isinstance(fields.get("image"), bytes | bytearray | memoryview | os.PathLike):
        fields = {**fields, **as_digit(fields["image"])}
    return post(f"/tasks/{task}/encode", answers.Encoded, fields)


def run_ids(runs: Iterable[Any]) -> str:
    """Runs, or their ids, as `/compare` takes them."""
    return ",".join(run if isinstance(run, str) else run.id for run in runs)


def _plain(row: Any) -> Any:
    return row.tolist() if hasattr(row, "tolist") else row


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None, models of the domain as JSON."""
    return {name: _json(value) for name, value in fields.items() if value is not None}


def _json(value: Any) -> Any:
    if not isinstance(value, BaseModel):
        return value
    told = value.model_dump(mode="json")
    # What a patch does not name stays as the preset has it; a null would replace it.
    return {name: told[name] for name in value.model_fields_set} if isinstance(value, RecipePatch) else told
