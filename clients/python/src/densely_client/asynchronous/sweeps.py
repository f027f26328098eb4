"""`client.sweeps`, and a sweep as a Python object."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import Self, Unpack

from densely_client import calls
from densely_client.asynchronous.runs import AsyncRun
from densely_client.asynchronous.transport import AsyncTransport
from densely_client.calls import ImageFormat, PictureLook, Searching
from densely_client.forms.runs import RunData
from densely_client.forms.sweeps import Axis, SweepData, SweepRequest, SweepSummary
from densely_client.progress import display_of_sweep
from densely_client.sweep_view import SweepView

EVERY = 1.0  # seconds between two looks of who waits


class AsyncSweep(SweepView):
    """A sweep: wait for it, look at its trials, end it.

    `table` has its trials as flat rows, `pandas.DataFrame(sweep.table)`; `trials` has them as the service tells them,
    best first, `outcome` what was found.
    """

    def __init__(self, transport: AsyncTransport, data: SweepData) -> None:
        super().__init__(data)
        self._transport = transport

    async def refresh(self, *, patient: bool = False) -> Self:
        """Ask where it stands; with `patient` also while the service restarts, as `wait` does."""
        call = calls.get(f"/sweeps/{self.id}", SweepData)
        self.data = await self._transport.send(replace(call, patient=patient))
        return self

    async def wait(self, *, progress: bool = False, timeout: float | None = None, check: bool = True) -> Self:
        """Return when it has ended. With `progress` a bar shows how far it is. Restarts of the service are waited out.

        Raises:
            SweepFailed, SweepCancelled: it did not succeed; not with `check=False`.
            TimeoutError: it has not ended after `timeout` seconds; it goes on.
            ServiceUnreachable: no answer for a minute, or what `Retries.away` says; it goes on.
        """
        begun = self._transport.now()
        with display_of_sweep(self.id, progress=progress) as shown:
            await self.refresh(patient=True)
            shown.show(self.data)
            while not self.is_over:
                left = EVERY if timeout is None else begun + timeout - self._transport.now()
                if left <= 0:
                    raise TimeoutError(f"sweep {self.id} is {self.status} after {timeout} s")
                await self._transport.pause(min(EVERY, left))
                await self.refresh(patient=True)
                shown.show(self.data)
        if check:
            self.check()
        return self

    async def cancel(self) -> Self:
        """Ask for its end; its running trials end within a second.

        Raises:
            InvalidTransition: it has ended already.
        """
        await self._transport.send(calls.act(f"/sweeps/{self.id}/cancel"))
        return await self.refresh()

    async def runs(self, limit: int = 50) -> list[AsyncRun]:
        """The newest of its trials, and the run of its winner, as runs."""
        found = await self._transport.list("/runs", RunData, limit, calls.PAGE, sweep=self.id)
        return [AsyncRun(self._transport, data) for data in found]

    async def final_run(self) -> AsyncRun | None:
        """The run that trains the winner on all rows, or None while there is none."""
        if not self.outcome or not self.outcome.final_run:
            return None
        call = calls.get(f"/runs/{self.outcome.final_run}", RunData)
        return AsyncRun(self._transport, await self._transport.send(call))

    async def picture(
        self, kind: str = "best", image_format: ImageFormat = "svg", **look: Unpack[PictureLook]
    ) -> bytes:
        """`best` figure so far, `importance` of the fields, or `parallel` coordinates."""
        return await self._transport.send(calls.picture(f"/sweeps/{self.id}/{kind}", image_format, **look))


class AsyncSweeps:
    """`client.sweeps`: searches over recipes."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        task: str,
        space: Mapping[str, Mapping[str, Any] | Axis],
        *,
        prune: bool = True,
        idempotency_key: str | None = None,
        **asked: Unpack[Searching],
    ) -> AsyncSweep:
        """Begin a sweep over `space`: by dotted path of a recipe's field, what it may be. What else is left out comes
        from the task and the preset. With `prune=False` every trial runs to its end.

        Raises:
            InvalidInput: a field does not fit.
            QueueFull: too many sweeps are going, also after the last repetition.
        """
        call = calls.sweep(task, space, idempotency_key, prune=prune, **asked)
        return AsyncSweep(self._transport, await self._transport.send(call))

    async def start(
        self, proposed: SweepRequest, *, idempotency_key: str | None = None, **changed: Unpack[Searching]
    ) -> AsyncSweep:
        """Begin a sweep as `run.space()` proposes it, but for what is changed, for example `budget={"trials": 50}`.

        Raises:
            InvalidInput, QueueFull: as of `create`.
        """
        call = calls.sweep_as(proposed, idempotency_key, **changed)
        return AsyncSweep(self._transport, await self._transport.send(call))

    async def list(self, task: str | None = None, status: str | None = None, limit: int = 50) -> list[SweepSummary]:
        """The newest sweeps, newest first, without their trials."""
        return await self._transport.list("/sweeps", SweepSummary, limit, calls.PAGE, task=task, status=status)

    async def get(self, sweep_id: str) -> AsyncSweep:
        """A sweep."""
        return AsyncSweep(self._transport, await self._transport.send(calls.get(f"/sweeps/{sweep_id}", SweepData)))

    async def cancel(self, sweep_id: str) -> AsyncSweep:
        """Ask for a sweep's end.

        Raises:
            InvalidTransition: it has ended already.
        """
        return await (await self.get(sweep_id)).cancel()

    async def delete(self, sweep_id: str) -> None:
        """Remove a sweep that has ended, with its trials. The run of its winner, and its model, stay.

        Raises:
            Conflict: it has not ended.
        """
        await self._transport.send(calls.delete(f"/sweeps/{sweep_id}"))
