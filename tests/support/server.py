"""The application behind a real uvicorn, on a port that the system chooses, or on the one it had before."""

import asyncio
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.server.application import Application
from app.server.serving import configured
from app.server.uvicorn_server import TICKS, Server
from app.settings import Settings


def settings_in(folder: Path) -> Settings:
    """The default settings, whatever the environment says, with everything in this folder."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("DENSELY_")]:
            environment.delenv(name)
        return Settings(home=folder / "home", models_dir=folder / "models", datasets_dir=folder / "datasets")


class _PromptServer(Server):
    """Stops at once where nobody is connected any more: uvicorn takes 0.15 s, and hundreds of tests have a server."""

    async def main_loop(self) -> None:
        """uvicorn's, that does not sleep on when it is told to stop."""
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1 / TICKS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As ever while there is somebody to wait for; a client that has just gone gets a moment to be gone."""
        for _ in range(20):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0.001)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        await self.lifespan.shutdown()

    def stop(self) -> None:
        """From any thread; without draining any longer."""
        self._drain_seconds = 0.0
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._told.set)


class LiveServer:
    """A server thread and a client of it."""

    def __init__(self, app: Application, port: int = 0, drain_seconds: float = 0.0) -> None:
        self.app = app
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = _PromptServer(configured(app, log_level="error"), drain_seconds)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the application did not start")
            time.sleep(0.005)
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def drain(self) -> None:
        """Tell it to stop, which it does when it has drained; returns when that has begun."""
        self._server.should_exit = True
        while not self.app.draining:
            time.sleep(0.005)

    def join(self) -> None:
        """Wait until it has drained and ended."""
        self._thread.join(10)

    def close(self) -> None:
        """Stop serving; returns when the lifespan has ended."""
        if not self._thread.is_alive():
            return
        self.client.close()
        self._server.stop()
        self._thread.join()
        self._socket.close()
