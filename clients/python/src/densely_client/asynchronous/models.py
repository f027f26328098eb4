"""`client.models`."""

import sys
from typing import Any

from typing_extensions import Unpack

from densely_client import calls
from densely_client.asynchronous.transport import AsyncTransport
from densely_client.calls import ImageFormat, PictureLook, TableFormat
from densely_client.forms.models import Model, ModelDetail
from densely_client.forms.reports import ModelReport

Rows = list[dict[str, Any]]


class AsyncModels:
    """`client.models`: what was trained.

    >>> models = await client.models.list("sentiment")
    >>> first = models[-1]
    >>> first.task, first.version
    ('sentiment', 1)
    >>> drawing = await client.models.diagram(first.id)
    >>> drawing[:5]
    b'<?xml'
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, model_id: str) -> ModelDetail:
        """A model with its manifest."""
        return await self._transport.send(calls.get(f"/models/{model_id}", ModelDetail))

    async def report(self, model_id: str) -> ModelReport:
        """How good it is beside guessing and the active one, where it errs, who made it, how fast it answers."""
        return await self._transport.send(calls.get(f"/models/{model_id}/report", ModelReport))

    async def activate(self, model_id: str, reason: str | None = None) -> Model:
        """Make it the one that its task's predictions use; `reason` is kept in the task's history."""
        model = await self.get(model_id)
        return await self._transport.send(calls.activate(model.task, model_id, reason))

    async def delete(self, model_id: str) -> None:
        """Remove it.

        Raises:
            Conflict: it is the active one.
        """
        await self._transport.send(calls.delete(f"/models/{model_id}"))

    async def archive(self, model_id: str) -> bytes:
        """Its files as a zip."""
        return await self._transport.send(calls.content(f"/models/{model_id}/archive"))

    async def predictions(self, model_id: str, limit: int | None = None, split: str = "test") -> Rows:
        """What it answered on its test split, row by row, with its probabilities: `pandas.DataFrame(rows)`."""
        most = sys.maxsize if limit is None else limit
        path = f"/models/{model_id}/predictions"
        return await self._transport.list(path, dict[str, Any], most, calls.ROWS_OF_ANSWERS, split=split)

    async def predictions_file(self, model_id: str, table_format: TableFormat = "csv", split: str = "test") -> bytes:
        """The same as a CSV or Parquet file, with a column for each label's probability."""
        call = calls.content(f"/models/{model_id}/predictions", format=table_format, split=split)
        return await self._transport.send(call)

    async def diagram(self, model_id: str, image_format: ImageFormat = "svg", **look: Unpack[PictureLook]) -> bytes:
        """Its layers as a picture."""
        return await self.picture(model_id, "diagram", image_format, **look)

    async def picture(
        self, model_id: str, kind: str, image_format: ImageFormat = "svg", **look: Unpack[PictureLook]
    ) -> bytes:
        """One of its pictures, such as `confusion`; `pictures` of the task and of the model name them."""
        return await self._transport.send(calls.picture(f"/models/{model_id}/{kind}", image_format, **look))

    async def list(
        self, task: str | None = None, limit: int = 50, *, search: str | None = None, active: bool | None = None
    ) -> list[Model]:
        """The newest models, newest first.

        `search`: a part of the dataset's or the run's name, the beginning of the model's or the run's id, or `v3`.
        """
        return await self._transport.list("/models", Model, limit, calls.PAGE, task=task, q=search, active=active)
