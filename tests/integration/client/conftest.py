"""Both clients, of the served application."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from densely_client import AsyncDensely, Densely, Retries, Time
from tests.support.clients import Blocking

AT_ONCE = Retries(base=0.001)

Connect = Callable[..., Any]


class Waits(list[float]):
    """The waits of a client: they pass at once, and its clock goes by them alone. `then` is called after each."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._then = then

    def retries(self, **options: Any) -> Retries:
        """The default rule, with these waits."""
        return Retries(time=Time(lambda: sum(self), self._wait, self._pause), **options)

    def _wait(self, seconds: float) -> None:
        self.append(seconds)
        self._then()

    async def _pause(self, seconds: float) -> None:
        await asyncio.to_thread(self._wait, seconds)


@pytest.fixture(params=["Densely", "AsyncDensely"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes a client of a URL; every test that asks for it runs with both kinds."""
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> Any:
            options = {"retries": AT_ONCE, "timeout": 10, **options}
            if request.param == "Densely":
                return stack.enter_context(Densely(url, **options))
            runner = stack.enter_context(asyncio.Runner())
            blocking = Blocking(AsyncDensely(url, **options), runner)
            stack.callback(blocking.close)
            return blocking

        yield make


@pytest.fixture
def densely(connect: Connect, client: httpx.Client) -> Any:
    """A client of the served application."""
    return connect(str(client.base_url))


@pytest.fixture
def run_body(finished: Any, client: httpx.Client) -> Any:
    """A run as the service tells it."""
    run_id = finished.claimed("planar").run().id
    return client.get(f"/runs/{run_id}").json()
