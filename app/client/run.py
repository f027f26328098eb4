"""A run as a Python object: `Run` waits for its answers, `AsyncRun` has the same with `await`."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import replace
from typing import Any, Self

from app.client import calls
from app.client.answers import ModelDetail
from app.client.calls import Call, Form
from app.client.errors import RunCancelled, RunFailed
from app.client.events import Event
from app.client.progress import display
from app.client.transport import AsyncTransport, Transport
from app.domain.runs import FINAL, Metrics, RunStatus
from app.wire.runs import Progress, RunError
from app.wire.runs import Run as RunData

Rows = list[dict[str, Any]]


class RunView:
    """What is known of a run since it was last asked for; `data` has every field."""

    def __init__(self, data: RunData) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.task} {self.status.value}>"

    @property
    def id(self) -> str:
        """The run's id."""
        return self.data.id

    @property
    def task(self) -> str:
        """The name of its task."""
        return self.data.task

    @property
    def status(self) -> RunStatus:
        """Where it stands."""
        return self.data.status

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however it did."""
        return self.data.status in FINAL

    @property
    def progress(self) -> Progress | None:
        """How far it is."""
        return self.data.progress

    @property
    def metrics(self) -> Metrics:
        """Its figures; empty before it has succeeded."""
        return self.data.metrics

    @property
    def model_id(self) -> str | None:
        """The id of its model, once there is one."""
        return self.data.model_id

    @property
    def error(self) -> RunError | None:
        """Why it failed."""
        return self.data.error

    def check(self) -> None:
        """
        Raises:
            RunFailed, RunCancelled: it has ended so.
        """
        if self.status == RunStatus.FAILED:
            raise RunFailed(self.data)
        if self.status == RunStatus.CANCELLED:
            raise RunCancelled(self.data)

    def _history(self) -> Call[Rows]:
        return Call("GET", f"/runs/{self.id}/history", lambda answer: list(answer.json()["epochs"]), repeatable=True)

    def _get(self, *, patient: bool) -> Call[RunData]:
        return replace(calls.get(f"/runs/{self.id}", RunData), patient=patient)

    def _post(self, what: str) -> Call[RunData]:
        return calls.post(f"/runs/{self.id}/{what}", RunData)

    def _curves(self, form: Form, first_epoch: int) -> Call[bytes]:
        return calls.picture(f"/runs/{self.id}/curves", form, first_epoch=first_epoch)


class Run(RunView):
    """A run: follow it, wait for it, end it.

    >>> run = client.train("planar", dataset="moons", preset="capacity-3", seed=1, activate="never")
    >>> run.wait().status.value
    'succeeded'
    >>> run.history[0]["epoch"]
    1
    >>> run.model.dataset
    'moons'
    """

    def __init__(self, transport: Transport, data: RunData) -> None:
        super().__init__(data)
        self._transport = transport

    def refresh(self, *, patient: bool = False) -> Self:
        """Ask where it stands; with `patient` also while the service restarts, as `wait` does."""
        self.data = self._transport.send(self._get(patient=patient))
        return self

    def wait(self, *, progress: bool = False, timeout: float | None = None, check: bool = True) -> Self:
        """Return when it has ended. With `progress` a bar shows how far it is. Restarts of the service are waited out.

        Raises:
            RunFailed, RunCancelled: it did not succeed; not with `check=False`.
            TimeoutError: it has not ended after `timeout` seconds, or up to 15 more, since time is looked at when
                something comes; it goes on.
            ServiceUnreachable: no answer for a minute, or what `Retries.away` says; it goes on.
        """
        with display(self.id, progress=progress) as shown:
            for event in self._transport.events(self.id, timeout=timeout):
                shown.show(event)
        self.refresh(patient=True)
        if check:
            self.check()
        return self

    def events(self, last_event_id: str | None = None) -> Iterator[Event]:
        """What has happened so far, then what happens, until the run has ended.

        >>> [event.data["status"] for event in run.events() if event.type == "status"]
        ['queued', 'running', 'succeeded']
        """
        return self._transport.events(self.id, last_event_id)

    def cancel(self) -> Self:
        """Ask for its end; a running one ends within a second.

        Raises:
            InvalidTransition: it has ended already.
        """
        self.data = self._transport.send(self._post("cancel"))
        return self

    def retry(self) -> "Run":
        """The same training as a new run.

        Raises:
            InvalidTransition: it has not failed and was not cancelled.
        """
        return Run(self._transport, self._transport.send(self._post("retry")))

    @property
    def history(self) -> Rows:
        """Its epochs so far, one dict each: `pandas.DataFrame(run.history)`."""
        return self._transport.send(self._history())

    @property
    def model(self) -> ModelDetail | None:
        """Its model with the manifest, or None while there is none."""
        if not self.model_id:
            return None
        return self._transport.send(calls.get(f"/models/{self.model_id}", ModelDetail))

    def curves(self, form: Form = "svg", first_epoch: int = 1) -> bytes:
        """Loss and metric by epoch, as a picture."""
        return self._transport.send(self._curves(form, first_epoch))


class AsyncRun(RunView):
    """The same for `AsyncDensely`: `await run.wait()`, `await run.history`, `async for event in run.events()`."""

    def __init__(self, transport: AsyncTransport, data: RunData) -> None:
        super().__init__(data)
        self._transport = transport

    async def refresh(self, *, patient: bool = False) -> Self:
        """Ask where it stands; with `patient` also while the service restarts, as `wait` does."""
        self.data = await self._transport.send(self._get(patient=patient))
        return self

    async def wait(self, *, progress: bool = False, timeout: float | None = None, check: bool = True) -> Self:  # noqa: ASYNC109
        """Return when it has ended; as `Run.wait`."""
        with display(self.id, progress=progress) as shown:
            async for event in self._transport.events(self.id, timeout=timeout):
                shown.show(event)
        await self.refresh(patient=True)
        if check:
            self.check()
        return self

    def events(self, last_event_id: str | None = None) -> AsyncIterator[Event]:
        """What has happened so far, then what happens, until the run has ended."""
        return self._transport.events(self.id, last_event_id)

    async def cancel(self) -> Self:
        """Ask for its end; as `Run.cancel`."""
        self.data = await self._transport.send(self._post("cancel"))
        return self

    async def retry(self) -> "AsyncRun":
        """The same training as a new run; as `Run.retry`."""
        return AsyncRun(self._transport, await self._transport.send(self._post("retry")))

    @property
    def history(self) -> Awaitable[Rows]:
        """Its epochs so far, one dict each, when awaited."""
        return self._transport.send(self._history())

    @property
    def model(self) -> Awaitable[ModelDetail | None]:
        """Its model with the manifest, or None while there is none, when awaited."""
        return self._model()

    async def _model(self) -> ModelDetail | None:
        if not self.model_id:
            return None
        return await self._transport.send(calls.get(f"/models/{self.model_id}", ModelDetail))

    async def curves(self, form: Form = "svg", first_epoch: int = 1) -> bytes:
        """Loss and metric by epoch, as a picture."""
        return await self._transport.send(self._curves(form, first_epoch))
