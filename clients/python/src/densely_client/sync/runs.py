# Generated from asynchronous/runs.py by clients/python/scripts/generate_sync.py: change that one.
"""`client.runs`, and a run as a Python object."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from typing_extensions import Self, Unpack

from densely_client import calls, run_calls
from densely_client.calls import Call, ImageFormat, PictureLook
from densely_client.events import Event
from densely_client.forms.models import ModelDetail
from densely_client.forms.runs import Advice, RunAction, RunActionDone, RunAdvice, RunData, RunRow, RunRows
from densely_client.forms.sweeps import SweepRequest
from densely_client.progress import display
from densely_client.run_calls import MoreFilters, RunChanges, RunFilters
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
    >>> [said.kind for said in run.advice]
    []
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

    def update(self, **changes: Unpack[RunChanges]) -> Self:
        """Change its name, tags or note, or archive it; what is left out stays.

        Raises:
            InvalidTransition: it is to be archived, and has not ended.
        """
        self.data = self._transport.send(run_calls.update(self.id, changes))
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
        """What would make it better, the most important first; a `change` replaces fields of its recipe."""
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

    def curves(self, image_format: ImageFormat = "svg", first_epoch: int = 1, **look: Unpack[PictureLook]) -> bytes:
        """Loss and metric by epoch, as a picture."""
        call = calls.picture(f"/runs/{self.id}/curves", image_format, first_epoch=first_epoch, **look)
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
        **chosen: Unpack[MoreFilters],
    ) -> list[Run]:
        """The newest runs, newest first, or others in another order. `tag` is `key` or `key:value`.

        `q` looks for a part of name, note or a tag, `sort="-score"` puts the best first, `archived="all"` lists those
        too that are archived, `trials=False` leaves those of sweeps out, and `sweep` is the id of one.
        """
        asked = run_calls.listing({"task": task, "status": status, "dataset": dataset, "tag": tag, **chosen})
        found = self._transport.list("/runs", RunData, limit, calls.PAGE, **asked)
        return [Run(self._transport, data) for data in found]

    def rows(self, limit: int = 50, **chosen: Unpack[RunFilters]) -> RunRows:
        """The same in short, each with a score and a curve; `total` is how many there are, `items` up to `limit`."""
        asked = run_calls.listing(chosen)
        items: list[RunRow] = []
        cursor = None
        while True:
            rows = min(calls.PAGE, limit - len(items))
            page = self._transport.send(calls.get("/runs/rows", RunRows, limit=rows, cursor=cursor, **asked))
            items += page.items
            cursor = page.next
            if cursor is None or len(items) >= limit:
                return page.model_copy(update={"items": items})

    def update(self, run_id: str, **changes: Unpack[RunChanges]) -> Run:
        """Change a run's name, tags or note, or archive it; what is left out stays.

        Raises:
            InvalidTransition: it is to be archived, and has not ended.
        """
        return Run(self._transport, self._transport.send(run_calls.update(run_id, changes)))

    def act(
        self, action: RunAction, runs: Iterable[Run | str], *, models: bool = False, dry_run: bool = False
    ) -> RunActionDone:
        """Cancel, retry, archive, restore or delete up to 500 runs, each by itself: see what was `done` and `refused`.

        `models` has `delete` remove their models too, but for one that is active; with `dry_run` nothing is done.
        """
        call = run_calls.act(action, runs, models=models, dry_run=dry_run)
        return self._transport.send(call)

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
