"""`AsyncDensely`."""

from collections.abc import AsyncIterator, Iterable

from typing_extensions import Self, Unpack

from densely_client import calls
from densely_client.asynchronous.datasets import AsyncDatasets
from densely_client.asynchronous.models import AsyncModels
from densely_client.asynchronous.predictions import AsyncPredictions
from densely_client.asynchronous.runs import AsyncRun, AsyncRuns
from densely_client.asynchronous.sweeps import AsyncSweeps
from densely_client.asynchronous.tasks import AsyncTasks
from densely_client.asynchronous.transport import AsyncTransport
from densely_client.calls import ComparedPicture, ImageFormat, Training
from densely_client.connection import Connection
from densely_client.events import Event
from densely_client.forms.comparisons import Comparison
from densely_client.forms.previews import Preview
from densely_client.forms.system import Readiness, System
from densely_client.retries import Retries


class AsyncDensely:
    """A client of the service.

    `url`: where it is. `api_key`: one of its keys, if it has any. `timeout`: seconds for connecting and for each read.
    `retries`: how often what is safe to repeat is repeated, a number or a `Retries`: reading, predicting, and training,
    which is sent with a key that makes it queue one run only. Waiting for a run goes on until there was no answer for a
    minute; `Retries(away=600)` makes that ten.
    `trust_env`: proxies and certificates of the environment are used, as httpx does; never for loopback addresses.

    >>> async with AsyncDensely(url) as client:
    ...     readiness = await client.ready()
    >>> readiness.tasks["sentiment"]
    'ready'
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int | Retries = 5,
        *,
        trust_env: bool = True,
    ) -> None:
        how = retries if isinstance(retries, Retries) else Retries(most=int(retries))
        self._transport = AsyncTransport(Connection(str(url).rstrip("/"), api_key, timeout, how, trust_env))
        self.predict = AsyncPredictions(self._transport)
        self.models = AsyncModels(self._transport)
        self.runs = AsyncRuns(self._transport)
        self.sweeps = AsyncSweeps(self._transport)
        self.tasks = AsyncTasks(self._transport)
        self.datasets = AsyncDatasets(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._transport.close()

    async def train(self, task: str, *, idempotency_key: str | None = None, **asked: Unpack[Training]) -> AsyncRun:
        """Queue a run. What is left out comes from the task and the preset; `recipe` replaces parts of the preset's.

        Raises:
            InvalidInput: a field does not fit.
            QueueFull: too many runs are waiting, also after the last repetition.

        >>> run = await client.train("housing", dataset="sample", recipe={"epochs": 2}, seed=1, activate="never")
        >>> run = await run.wait()
        >>> sorted(run.metrics.test)
        ['loss', 'mae']
        """
        call = calls.train(task, idempotency_key, **asked)
        return AsyncRun(self._transport, await self._transport.send(call))

    async def preview(self, task: str, **asked: Unpack[Training]) -> Preview:
        """What `train` would queue: its layers, what is not the preset's, how long it takes. Nothing is queued.

        Raises:
            InvalidInput, QueueFull: as `train`.

        >>> layers = [{"kind": "dense", "units": 8}]
        >>> preview = await client.preview("housing", dataset="sample", recipe={"layers": layers})
        >>> [(layer.output, layer.parameters) for layer in preview.layers]
        [([8], 112), ([1], 9)]
        """
        return await self._transport.send(calls.preview(task, **asked))

    async def compare(self, runs: Iterable[AsyncRun | str]) -> Comparison:
        """2 to 10 runs of one task: where they differ, their figures, and whether chance explains it."""
        return await self._transport.send(calls.get("/compare", Comparison, runs=calls.run_ids(runs)))

    async def compare_picture(
        self, runs: Iterable[AsyncRun | str], image_format: ImageFormat = "svg", **asked: Unpack[ComparedPicture]
    ) -> bytes:
        """Their curves in one picture, or those of one figure such as `val_loss`; or their models' boundaries."""
        return await self._transport.send(calls.compared(runs, image_format, asked))

    def events(self, last_event_id: str | None = None) -> AsyncIterator[Event]:
        """What happens to all runs, without an end."""
        return self._transport.events(None, last_event_id)

    async def ready(self) -> Readiness:
        """Whether requests can be answered."""
        return await self._transport.send(calls.get("/health/ready", Readiness))

    async def system(self) -> System:
        """Versions, workers and devices."""
        return await self._transport.send(calls.get("/system", System))
