"""`client.tasks`."""

from typing import Any

from densely_client import calls
from densely_client.asynchronous.transport import AsyncTransport
from densely_client.calls import ImageFormat
from densely_client.forms.models import Activation, Model
from densely_client.forms.tasks import Decoded, Encoded, Task, TaskSummary


class AsyncTasks:
    """`client.tasks`: what can be asked.

    >>> sorted(task.name for task in await client.tasks.list())
    ['digits', 'housing', 'newswire', 'planar', 'sentiment']
    >>> encoded = await client.tasks.encode("sentiment", text="Not bad!")
    >>> encoded.encoding["ids"]
    [1, 23, 78]
    >>> decoded = await client.tasks.decode("sentiment", ids=[1, 23, 78])
    >>> decoded.decoding["text"]
    '? not bad'
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, task: str) -> Task:
        """A task with its schemas, labels and presets."""
        return await self._transport.send(calls.get(f"/tasks/{task}", Task))

    async def picture(
        self, task: str, dataset: str, kind: str, image_format: ImageFormat = "svg", split: str = "train"
    ) -> bytes:
        """The first rows of a dataset: `points` of the plane, a `sheet` of pictures; its `pictures` name them."""
        call = calls.picture(f"/tasks/{task}/datasets/{dataset}/{kind}", image_format, split=split)
        return await self._transport.send(call)

    async def encode(self, task: str, **fields: Any) -> Encoded:
        """How a model sees an input; `model` chooses which one. An `image` may be bytes or a `Path`."""
        return await self._transport.send(calls.encode(task, fields))

    async def decode(self, task: str, **fields: Any) -> Decoded:
        """What a model sees, turned back."""
        return await self._transport.send(calls.post(f"/tasks/{task}/decode", Decoded, fields))

    async def activate(self, task: str, model_id: str) -> Model:
        """Make a model the one that the task's predictions use."""
        return await self._transport.send(calls.activate(task, model_id))

    async def activations(self, task: str, limit: int = 50) -> list[Activation]:
        """Changes of the active model, newest first."""
        return await self._transport.list(f"/tasks/{task}/active-model/history", Activation, limit, calls.PAGE)

    async def list(self) -> list[TaskSummary]:
        """All tasks."""
        return await self._transport.list("/tasks", TaskSummary, calls.PAGE, calls.PAGE)
