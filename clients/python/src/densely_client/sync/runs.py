# Generated from asynchronous/runs.py by clients/python/scripts/generate_sync.py: change that one.
"""`client.runs`, and a run as a Python object."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from typing_extensions import Self

from densely_client import calls
from densely_client.calls import Call, ImageFormat
from densely_client.events import Event
from densely_client.forms.models import ModelDetail
from densely_client.forms.runs import Advice, RunAdvice, RunData
from densely_client.forms.sweeps import SweepRequest
from densely_client.progress import display
from densely_client.run_view import RunView
from densely_client.sync.transport import Transport

Rows = list[dict[str, Any]]


class Run(RunView):
    """A run: follow it, wait for it, end it.

    >>> run = client.train("planar", dataset="moons", preset="capacity-3", seed=1, activate="never")
    >>> run = run.wait()
    >>> run.status
    'succeeded'
    >>> history = run.history
    >>> history[0]["epoch"]
    1
    >>> model = run.model
    >>> model.dataset
    'moons'
    """

    def __init__(self, transport: Transport, data: RunData) -> None:
        super().__init__(data)
        self._transport = transport

    def refresh(self, *, patient: bool = False) -> Self:
        """Ask where it stands; with `patient` also while the service restarts, as `wait` does."""
        call = calls.get(f"/runs/{self.id}", RunData)
        self.data = self._transport.send(replace(call, patient=patient))
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
        self.data = self._transport.send(calls.post(f"/runs/{self.id}/cancel", RunData))
        return self

    def retry(self) -> "Run":
        """The same training as a new run.

        Raises:
            InvalidTransition: it has not failed and was not cancelled.
        """
        return Run(self._transport, self._transport.send(calls.post(f"/runs/{self.id}/retry", RunData)))

    @property
    def history(self) -> Rows:
        """Its epochs so far, one dict each, as `pandas.DataFrame` takes them."""
        call = Call("GET", f"/runs/{self.id}/history", lambda answer: list(answer.json()["epochs"]), repeatable=True)
        return self._transport.send(call)

    @property
    def advice(self) -> list[Advice]:
        """What would make it better, the most important first; a `change` replaces fields of its recipe.

        >>> [said.kind for said in run.advice]
        []
        """
        return (self._transport.send(calls.get(f"/runs/{self.id}/advice", RunAdvice))).items

    @property
    def model(self) -> ModelDetail | None:
        """Its model with the manifest, or None while there is none."""
        if not self.model_id:
            return None
        return self._transport.send(calls.get(f"/models/{self.model_id}", ModelDetail))

    def space(self) -> SweepRequest:
        """A search around its recipe, as `client.sweeps.start` takes it."""
        return self._transport.send(calls.get(f"/runs/{self.id}/space", SweepRequest))

    def curves(self, image_format: ImageFormat = "svg", first_epoch: int = 1) -> bytes:
        """Loss and metric by epoch, as a picture."""
        call = calls.picture(f"/runs/{self.id}/curves", image_format, first_epoch=first_epoch)
        return self._transport.send(call)


class Runs:
    """`client.runs`: trainings of now and before."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        task: str | None = None,
        status: str | None = None,
        dataset: str | None = None,
        tag: str | None = None,
        limit: int = 50,
        *,
        sweep: str | None = None,
        trials: bool | None = None,
    ) -> list[Run]:
        """The newest runs, newest first. `tag` is `key` or `key:value`, `sweep` the id of one.

        `trials=False` leaves those of sweeps out.
        """
        asked = {"task": task, "status": status, "dataset": dataset, "tag": tag, "sweep": sweep}
        if trials is not None:
            asked["trials"] = str(trials).lower()
        found = self._transport.list("/runs", RunData, limit, calls.PAGE, **asked)
        return [Run(self._transport, data) for data in found]

    def get(self, run_id: str) -> Run:
        """A run.

        >>> from densely_client import errors
        >>> try:
        ...     client.runs.get("r-none")
        ... except errors.NotFound as error:
        ...     print(error.status, error.detail)
        404 there is no run 'r-none'
        """
        return Run(self._transport, self._transport.send(calls.get(f"/runs/{run_id}", RunData)))

    def delete(self, run_id: str) -> None:
        """Remove a run that has ended. Its model stays.

        Raises:
            Conflict: it has not ended.
        """
        self._transport.send(calls.delete(f"/runs/{run_id}"))
