# Generated from asynchronous/sweeps.py by clients/python/scripts/generate_sync.py: change that one.
"""`client.sweeps`, and a sweep as a Python object."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import Self, Unpack

from densely_client import calls
from densely_client.calls import ImageFormat, PictureLook, Searching
from densely_client.forms.runs import RunData
from densely_client.forms.sweeps import Axis, SweepData, SweepRequest, SweepSummary
from densely_client.progress import display_of_sweep
from densely_client.sweep_view import SweepView
from densely_client.sync.runs import Run
from densely_client.sync.transport import Transport

EVERY = 1.0  # seconds between two looks of who waits


class Sweep(SweepView):
    """A sweep: wait for it, look at its trials, end it.

    `table` has its trials as flat rows, `pandas.DataFrame(sweep.table)`; `trials` has them as the service tells them,
    best first, `outcome` what was found.
    """

    def __init__(self, transport: Transport, data: SweepData) -> None:
        super().__init__(data)
        self._transport = transport

    def refresh(self, *, patient: bool = False) -> Self:
        """Ask where it stands; with `patient` also while the service restarts, as `wait` does."""
        call = calls.get(f"/sweeps/{self.id}", SweepData)
        self.data = self._transport.send(replace(call, patient=patient))
        return self

    def wait(self, *, progress: bool = False, timeout: float | None = None, check: bool = True) -> Self:
        """Return when it has ended. With `progress` a bar shows how far it is. Restarts of the service are waited out.

        Raises:
            SweepFailed, SweepCancelled: it did not succeed; not with `check=False`.
            TimeoutError: it has not ended after `timeout` seconds; it goes on.
            ServiceUnreachable: no answer for a minute, or what `Retries.away` says; it goes on.
        """
        begun = self._transport.now()
        with display_of_sweep(self.id, progress=progress) as shown:
            self.refresh(patient=True)
            shown.show(self.data)
            while not self.is_over:
                left = EVERY if timeout is None else begun + timeout - self._transport.now()
                if left <= 0:
                    raise TimeoutError(f"sweep {self.id} is {self.status} after {timeout} s")
                self._transport.pause(min(EVERY, left))
                self.refresh(patient=True)
                shown.show(self.data)
        if check:
            self.check()
        return self

    def cancel(self) -> Self:
        """Ask for its end; its running trials end within a second.

        Raises:
            InvalidTransition: it has ended already.
        """
        self._transport.send(calls.act(f"/sweeps/{self.id}/cancel"))
        return self.refresh()

    def runs(self, limit: int = 50) -> list[Run]:
        """The newest of its trials, and the run of its winner, as runs."""
        found = self._transport.list("/runs", RunData, limit, calls.PAGE, sweep=self.id)
        return [Run(self._transport, data) for data in found]

    def final_run(self) -> Run | None:
        """The run that trains the winner on all rows, or None while there is none."""
        if not self.outcome or not self.outcome.final_run:
            return None
        call = calls.get(f"/runs/{self.outcome.final_run}", RunData)
        return Run(self._transport, self._transport.send(call))

    def picture(self, kind: str = "best", image_format: ImageFormat = "svg", **look: Unpack[PictureLook]) -> bytes:
        """`best` figure so far, `importance` of the fields, or `parallel` coordinates."""
        return self._transport.send(calls.picture(f"/sweeps/{self.id}/{kind}", image_format, **look))


class Sweeps:
    """`client.sweeps`: searches over recipes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        task: str,
        space: Mapping[str, Mapping[str, Any] | Axis],
        *,
        prune: bool = True,
        idempotency_key: str | None = None,
        **asked: Unpack[Searching],
    ) -> Sweep:
        """Begin a sweep over `space`: by dotted path of a recipe's field, what it may be. What else is left out comes
        from the task and the preset. With `prune=False` every trial runs to its end.

        Raises:
            InvalidInput: a field does not fit.
            QueueFull: too many sweeps are going, also after the last repetition.
        """
        call = calls.sweep(task, space, idempotency_key, prune=prune, **asked)
        return Sweep(self._transport, self._transport.send(call))

    def start(
        self, proposed: SweepRequest, *, idempotency_key: str | None = None, **changed: Unpack[Searching]
    ) -> Sweep:
        """Begin a sweep as `run.space()` proposes it, but for what is changed, for example `budget={"trials": 50}`.

        Raises:
            InvalidInput, QueueFull: as of `create`.
        """
        call = calls.sweep_as(proposed, idempotency_key, **changed)
        return Sweep(self._transport, self._transport.send(call))

    def list(self, task: str | None = None, status: str | None = None, limit: int = 50) -> list[SweepSummary]:
        """The newest sweeps, newest first, without their trials."""
        return self._transport.list("/sweeps", SweepSummary, limit, calls.PAGE, task=task, status=status)

    def get(self, sweep_id: str) -> Sweep:
        """A sweep."""
        return Sweep(self._transport, self._transport.send(calls.get(f"/sweeps/{sweep_id}", SweepData)))

    def cancel(self, sweep_id: str) -> Sweep:
        """Ask for a sweep's end.

        Raises:
            InvalidTransition: it has ended already.
        """
        return (self.get(sweep_id)).cancel()

    def delete(self, sweep_id: str) -> None:
        """Remove a sweep that has ended, with its trials. The run of its winner, and its model, stay.

        Raises:
            Conflict: it has not ended.
        """
        self._transport.send(calls.delete(f"/sweeps/{sweep_id}"))
