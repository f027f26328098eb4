"""Every request of the client, described once. A `Call` is data; a transport sends it."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypedDict, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter
from typing_extensions import Unpack

from densely_client.bodies import as_json
from densely_client.forms.datasets import DatasetDetail, Look, TaskCreated
from densely_client.forms.models import Model
from densely_client.forms.predictions import prediction_of
from densely_client.forms.previews import Preview
from densely_client.forms.recipes import Recipe, Validation
from densely_client.forms.runs import Activate, RunData
from densely_client.forms.sweeps import Budget, Method, Metric, Pruner, SweepData, SweepRequest
from densely_client.forms.tasks import Encoded, Task
from densely_client.inputs import with_image
from densely_client.uploads import Upload

T = TypeVar("T")
ImageFormat = Literal["svg", "png"]
TableFormat = Literal["csv", "parquet"]

PAGE = 500  # most items that the service puts on a page
ROWS_OF_ANSWERS = 5_000  # of a page of a model's predictions: some MB
ROWS_AT_ONCE = 1_000  # instances of a call: 3 MB of pictures of 784 pixels, 1 MB of reviews


class Options(TypedDict, total=False):
    """What may be asked of a prediction besides the answer."""

    model: int | str  # "active", a version number, or a model id
    top_k: int  # how many labels `top` lists
    explain: bool  # whether to say what spoke for the answer
    min_confidence: float  # 0 to 1: below it the classifier abstains
    max_novelty: float  # 0 to 1: the same above it; with 1 even a text of unknown words is answered


class Training(TypedDict, total=False):
    """What may be asked of a training besides its task; what is left out comes from the task and the preset."""

    preset: str | None
    dataset: str | None
    recipe: Mapping[str, Any] | Recipe | None  # replaces parts of the preset's
    seed: int | None
    seeds: int | None
    validation: Mapping[str, Any] | Validation | None
    activate: Activate | None
    name: str | None
    tags: Mapping[str, str] | None
    note: str | None
    webhook: str | None


class Searching(TypedDict, total=False):
    """What may be asked of a sweep besides its task and space; what is left out comes from the task and the preset."""

    preset: str | None
    dataset: str | None
    recipe: Mapping[str, Any] | Recipe | None  # replaces parts of the preset's
    validation: Mapping[str, Any] | Validation | None  # of trials: holdout or kfold
    method: Mapping[str, Any] | Method | None  # {"kind": "tpe"}, "random", "grid" or "cma_es"
    pruner: Mapping[str, Any] | Pruner | None  # {"kind": "successive_halving"} or "median"; `prune=False`: none
    budget: Mapping[str, Any] | Budget | None  # {"trials": 50, "minutes": 5}
    metric: Metric | None
    generation: int | None  # trials that are asked for at a time
    seed: int | None
    final_seeds: int | None  # how often the winner is trained on all rows
    activate: Activate | None
    name: str | None
    tags: Mapping[str, str] | None


class NewTask(TypedDict, total=False):
    """What a task of one's own is; what is left out is found in its rows."""

    title: str | None
    description: str | None
    kind: Mapping[str, Any] | None  # {"kind": "text", "columns": [...]}, "image" with its size, or "table"
    answer: Mapping[str, Any] | None  # {"kind": "one_of", "column": ...}, "several_of", "number" or "rating"


class ChangedTask(TypedDict, total=False):
    """What can be changed of a task of one's own."""

    title: str | None
    description: str | None
    label_names: Mapping[str, str] | None  # what is shown of labels


class PictureLook(TypedDict, total=False):
    """What a picture looks like."""

    theme: Literal["light", "dark"]
    width: int  # pixels of a screen that it may take; text keeps its size


class ComparedPicture(PictureLook, total=False):
    """What a picture of several runs shows."""

    kind: Literal["curves", "boundaries"]  # the latter of models of points of the plane
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
    file: Upload | None = None  # then `body` has the fields that are sent with it
    repeatable: bool = False  # whether sending it twice does the same as sending it once
    patient: bool = False  # whether somebody waits for a run, who outlasts a restart of the service


def as_form(form: type[T]) -> Callable[[httpx.Response], T]:
    """Read an answer as this type."""
    adapter = TypeAdapter(form)
    return lambda response: adapter.validate_json(response.content)


def get(path: str, form: type[T], **params: Any) -> Call[T]:
    """A GET; parameters that are None are left out."""
    return Call("GET", path, as_form(form), _given(params), repeatable=True)


def picture(path: str, image_format: ImageFormat, **params: Any) -> Call[bytes]:
    """A picture's bytes."""
    return content(f"{path}.{image_format}", **params)


def content(path: str, **params: Any) -> Call[bytes]:
    """A file's bytes."""
    return Call("GET", path, lambda response: response.content, _given(params), repeatable=True)


def post(path: str, form: type[T], body: Mapping[str, Any] | None = None) -> Call[T]:
    """A POST that must not be repeated."""
    return Call("POST", path, as_form(form), body=body)


def train(task: str, key: str | None, **fields: Unpack[Training]) -> Call[RunData]:
    """Queue a run. With an Idempotency-Key of its own it queues one run, however often it is sent."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    body = {"task": task, **_given(fields)}
    return Call("POST", "/train", as_form(RunData), body=body, headers=headers, repeatable=True)


def preview(task: str, **fields: Unpack[Training]) -> Call[Preview]:
    """What a run would be; queues nothing."""
    body = {"task": task, **_given(fields)}
    return Call("POST", "/train/preview", as_form(Preview), body=body, repeatable=True)


def sweep(
    task: str,
    space: Mapping[str, Any],
    key: str | None,
    *,
    prune: bool = True,
    **fields: Unpack[Searching],
) -> Call[SweepData]:
    """Begin a sweep. As of a run, its Idempotency-Key makes it one sweep, however often it is sent."""
    body = {"task": task, "space": space, **_given(fields), **({} if prune else {"pruner": None})}
    return _sweep(body, key)


def sweep_as(proposed: SweepRequest, key: str | None, **changed: Unpack[Searching]) -> Call[SweepData]:
    """The same, as it was proposed but for what is changed."""
    return _sweep({**proposed.model_dump(mode="json", exclude_unset=True), **_given(changed)}, key)


def act(path: str) -> Call[None]:
    """A POST whose answer is of no interest, and that must not be repeated."""
    return Call("POST", path, lambda _: None)


def predict(task: str, instance: Mapping[str, Any], options: Options) -> Call[Any]:
    """One prediction, with the model that made it."""

    def read(response: httpx.Response) -> Any:
        answer = response.json()
        return prediction_of(answer["prediction"], answer["model"])

    return Call("POST", "/predict", read, body={"task": task, **with_image(instance), **options}, repeatable=True)


def predict_many(task: str, instances: Sequence[Mapping[str, Any]], options: Options) -> Call[list[Any]]:
    """As many predictions, in order; up to 10,000."""

    def read(response: httpx.Response) -> list[Any]:
        answer = response.json()
        return [prediction_of(each, answer["model"]) for each in answer["predictions"]]

    body = {"task": task, "instances": [with_image(each) for each in instances], **options}
    return Call("POST", "/predict", read, body=body, repeatable=True)


def activate(task: str, model_id: str, reason: str | None) -> Call[Model]:
    """Make a model the active one."""
    asked = {"model_id": model_id, **({"reason": reason} if reason else {})}
    return Call("PUT", f"/tasks/{task}/active-model", as_form(Model), body=asked)


def compared(runs: Iterable[Any], image_format: ImageFormat, asked: ComparedPicture) -> Call[bytes]:
    """A picture of several runs."""
    kind = asked.get("kind", "curves")
    params = {name: value for name, value in asked.items() if name != "kind"}
    return picture("/compare" if kind == "curves" else f"/compare/{kind}", image_format, runs=run_ids(runs), **params)


def encode(task: str, fields: Mapping[str, Any]) -> Call[Encoded]:
    """How a model sees an input."""
    return post(f"/tasks/{task}/encode", Encoded, with_image(fields))


def create_task(name: str, asked: NewTask) -> Call[Task]:
    """Make a task that has no rows yet."""
    return post("/tasks", Task, {"name": name, **_given(asked)})


def upload_task(name: str, asked: NewTask, file: Upload, **fields: Any) -> Call[TaskCreated]:
    """Make a task of a file."""
    return _upload("/tasks", TaskCreated, file, {"task": {"name": name, **_given(asked)}, **fields})


def look_at_task(name: str, asked: NewTask, file: Upload, **fields: Any) -> Call[Look]:
    """What would be made of a file."""
    return _upload("/tasks", Look, file, {"task": {"name": name, **_given(asked)}, "dry_run": True, **fields})


def change_task(task: str, asked: ChangedTask) -> Call[Task]:
    """Change what is shown of a task."""
    return Call("PATCH", f"/tasks/{task}", as_form(Task), body=_given(asked))


def upload_dataset(path: str, file: Upload, **fields: Any) -> Call[DatasetDetail]:
    """A new dataset, or further rows of one."""
    return _upload(path, DatasetDetail, file, fields)


def look_at_dataset(path: str, file: Upload, **fields: Any) -> Call[Look]:
    """What a dataset would be made of a file."""
    return _upload(path, Look, file, {"dry_run": True, **fields})


def delete(path: str, **params: Any) -> Call[None]:
    """Remove something. Not repeated: the second time there is nothing to remove, which is an error."""
    return Call("DELETE", path, lambda _: None, _given(params))


def run_ids(runs: Iterable[Any]) -> str:
    """Runs, or their ids, as `/compare` takes them."""
    return ",".join(run if isinstance(run, str) else run.id for run in runs)


def _sweep(body: Mapping[str, Any], key: str | None) -> Call[SweepData]:
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return Call("POST", "/sweeps", as_form(SweepData), body=body, headers=headers, repeatable=True)


def _upload(path: str, form: type[T], file: Upload, fields: Mapping[str, Any]) -> Call[T]:
    """A file with fields; those that are not texts are sent as JSON."""
    texts = {
        name: value if isinstance(value, str) else as_json(value).decode() for name, value in _given(fields).items()
    }
    return Call("POST", path, as_form(form), body=texts, file=file)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None; of forms the fields that were given, since a null would replace the preset's."""
    return {
        name: value.model_dump(mode="json", exclude_unset=True) if isinstance(value, BaseModel) else value
        for name, value in fields.items()
        if value is not None
    }
