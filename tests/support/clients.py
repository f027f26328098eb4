"""Both clients behind the same calls, so that one test holds for both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

from app.client import AsyncDensely, AsyncRun
from app.client.asynchronous import Models, Predictions, Runs, Tasks


class Blocking:
    """An `AsyncDensely`, or a part of it, whose answers are waited for."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return self._plain(getattr(self._target, name))

    def _plain(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            return self._plain(self._runner.run(value))
        if isinstance(value, AsyncIterator):
            return self._each(value)
        if inspect.ismethod(value):
            return lambda *args, **named: self._plain(value(*args, **named))
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        if isinstance(value, AsyncDensely | AsyncRun | Models | Predictions | Runs | Tasks):
            return Blocking(value, self._runner)
        return value

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._runner.run(_next(items))
            except StopAsyncIteration:
                return


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items)
