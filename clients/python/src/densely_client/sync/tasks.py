# Generated from asynchronous/tasks.py by clients/python/scripts/generate_sync.py: change that one.
"""`client.tasks`."""

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from typing_extensions import Unpack

from densely_client import calls
from densely_client.calls import ChangedTask, ImageFormat, NewTask, PictureLook
from densely_client.forms.datasets import DatasetDetail, Look
from densely_client.forms.models import Activation, Model
from densely_client.forms.tasks import Decoded, Encoded, Task, TaskSummary
from densely_client.sync.runs import Run
from densely_client.sync.transport import Transport
from densely_client.uploads import Sent, Source, opened


class Created(NamedTuple):
    """A new task; and if it was made of a file, its dataset and its first run."""

    task: Task
    dataset: DatasetDetail | None
    run: Run | None


class Tasks:
    """`client.tasks`: what can be asked.

    >>> sorted(task.name for task in client.tasks.list())
    ['digits', 'housing', 'newswire', 'planar', 'sentiment']
    >>> encoded = client.tasks.encode("sentiment", text="Not bad!")
    >>> encoded.encoding["ids"]
    [17, 97, 6]
    >>> decoded = client.tasks.decode("sentiment", ids=[17, 97])
    >>> decoded.decoding["text"]
    'not bad'
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, task: str) -> Task:
        """A task with its schemas, labels and presets."""
        return self._transport.send(calls.get(f"/tasks/{task}", Task))

    def picture(
        self,
        task: str,
        dataset: str,
        kind: str,
        image_format: ImageFormat = "svg",
        split: str = "train",
        **look: Unpack[PictureLook],
    ) -> bytes:
        """The first rows of a dataset: `points` of the plane, a `sheet` of pictures; its `pictures` name them."""
        call = calls.picture(f"/tasks/{task}/datasets/{dataset}/{kind}", image_format, split=split, **look)
        return self._transport.send(call)

    def encode(self, task: str, **fields: Any) -> Encoded:
        """How a model sees an input; `model` chooses which one. An `image` may be bytes or a `Path`."""
        return self._transport.send(calls.encode(task, fields))

    def decode(self, task: str, **fields: Any) -> Decoded:
        """What a model sees, turned back."""
        return self._transport.send(calls.post(f"/tasks/{task}/decode", Decoded, fields))

    def activate(self, task: str, model_id: str, reason: str | None = None) -> Model:
        """Make a model the one that the task's predictions use; `reason` is kept in the history."""
        return self._transport.send(calls.activate(task, model_id, reason))

    def activations(self, task: str, limit: int = 50) -> list[Activation]:
        """Changes of the active model, newest first."""
        return self._transport.list(f"/tasks/{task}/active-model/history", Activation, limit, calls.PAGE)

    def create(
        self,
        name: str,
        file: Source | None = None,
        *,
        dataset: str | None = None,
        mapping: Mapping[str, str] | None = None,
        train: bool = True,
        filename: str | None = None,
        progress: Sent | None = None,
        **asked: Unpack[NewTask],
    ) -> Created:
        """Make a task of one's own, of a file of rows: a path, bytes or an open file, which is sent part by part.

        What is not told is found in the file: which kind of input, which columns, which labels. `train` queues the
        first run, with the preset `baseline`. `filename` tells the file's name where it has none; `progress` is called
        with the bytes that are sent and their number in all. Without a file, `kind` and `answer` must say all.

        Raises:
            InvalidInput: rows at fault: `errors` has the first of them with line and column. Nothing was kept.
            Conflict: there is a task of this name.
            OSError: the file cannot be read.
        """
        if file is None:
            return Created(self._transport.send(calls.create_task(name, asked)), None, None)
        with opened(file, filename, progress) as upload:
            call = calls.upload_task(name, asked, upload, dataset=dataset, mapping=mapping, train=train)
            made = self._transport.send(call)
        run = Run(self._transport, made.run) if made.run else None
        return Created(made.task, made.dataset, run)

    def look(
        self,
        name: str,
        file: Source,
        *,
        mapping: Mapping[str, str] | None = None,
        filename: str | None = None,
        progress: Sent | None = None,
        **asked: Unpack[NewTask],
    ) -> Look:
        """What `create` would make of the file; nothing is kept."""
        with opened(file, filename, progress) as upload:
            return self._transport.send(calls.look_at_task(name, asked, upload, mapping=mapping))

    def update(self, task: str, **asked: Unpack[ChangedTask]) -> Task:
        """Change what is shown of a task of one's own."""
        return self._transport.send(calls.change_task(task, asked))

    def delete(self, task: str, *, models: bool = False, datasets: bool = False) -> None:
        """Remove a task of one's own, and with it what is named.

        Raises:
            Conflict: it has runs under way, or models or datasets that are not to be removed.
        """
        self._transport.send(calls.delete(f"/tasks/{task}", models=models, datasets=datasets))

    def list(self) -> list[TaskSummary]:
        """All tasks."""
        return self._transport.list("/tasks", TaskSummary, sys.maxsize, calls.PAGE)
