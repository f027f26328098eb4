"""Both clients behind the same calls, so that one test holds for both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

from densely_client import AsyncDensely, AsyncRun
from densely_client.asynchronous.datasets import AsyncDatasets
from densely_client.asynchronous.models import AsyncModels
from densely_client.asynchronous.predictions import AsyncPredictions, AsyncTaskPredictions
from densely_client.asynchronous.runs import AsyncRuns
from densely_client.asynchronous.sweeps import AsyncSweep, AsyncSweeps
from densely_client.asynchronous.tasks import AsyncCreated, AsyncTasks

PARTS = (
    AsyncDatasets,
    AsyncDensely,
    AsyncModels,
    AsyncPredictions,
    AsyncRun,
    AsyncRuns,
    AsyncSweep,
    AsyncSweeps,
    AsyncTaskPredictions,
    AsyncTasks,
)


class Blocking:
    """An `AsyncDensely`, or a part of it, whose answers are waited for."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return self._plain(getattr(self._target, name))

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._plain(self._target(*args, **named))

    def _plain(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            return self._plain(self._runner.run(value))
        if isinstance(value, AsyncIterator):
            return self._each(value)
        if inspect.ismethod(value):
            return lambda *args, **named: self._plain(value(*args, **named))
        if isinstance(value, AsyncCreated):
            return value._replace(run=self._plain(value.run))
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        return Blocking(value, self._runner) if isinstance(value, PARTS) else value

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._runner.run(_next(items))
            except StopAsyncIteration:
                return


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items)
