"""uvicorn's server, as `uvicorn_adapter` has its connections: when it checks on them, and how it stops.

What it does between SIGTERM and its end:

draining  for `DENSELY_DRAIN_SECONDS` it answers as before, also who connects now. It says that it is not ready, and
          with each answer that it is its connection's last: whoever asks next connects anew, perhaps elsewhere
closing   no new connection is made, and those that are made are accepted; then it stops listening
ending    streams end, answers that have begun are completed for `STOP_SECONDS`, idle connections are closed

A client that sends a request on an idle connection while that is being closed cannot know whether it was taken. So a
balancer has to let go of idle connections sooner than draining ends: then there are none left to close.
"""

import asyncio
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn

from app.logs import get as get_log
from app.server.accepting import let_nobody_new_in, listen_again
from app.server.application import Application
from app.server.timeouts import CHECK_SECONDS
from app.server.uvicorn_adapter import HttpProtocol

log = get_log()

Config = uvicorn.Config

TICKS = 10  # of uvicorn's main loop, in a second
ACCEPT_SECONDS = 0.1  # for connections that were made and not accepted yet when the server is told to stop
STOP_SECONDS = 5  # that unfinished answers get when the server is told to stop


class Server(uvicorn.Server):
    """Checks its connections' timeouts, and ends the event streams before it waits for answers to be complete.

    Those last as long as their runs do. Told to stop, it first goes on for a while in which whoever asks it learns of
    it: it is draining.
    """

    def __init__(self, config: Config, drain_seconds: float = 0.0) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._drained_at: float | None = None  # the event loop's time; None: it is not draining

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM asks for a stop in good order; Ctrl-C does so at once. Neither is raised again at the end."""
        del frame
        if sig == signal.SIGINT:
            self.force_exit |= self.should_exit and not self._drain_seconds
            self._drain_seconds = 0.0
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self.servers += await listen_again(self.servers, self._protocol)

    def _protocol(self) -> asyncio.Protocol:
        """For a connection, as uvicorn makes it."""
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; whether it is time to stop."""
        now = asyncio.get_running_loop().time()
        if counter % round(TICKS * CHECK_SECONDS) == 0:
            for connection in self._connections():
                connection.check_timeouts(now)
        return await super().on_tick(counter) and self._is_drained(now)

    def _connections(self) -> list[HttpProtocol]:
        return [each for each in self.server_state.connections if isinstance(each, HttpProtocol)]

    def _is_drained(self, now: float) -> bool:
        """Whether it has gone on for long enough; the first call begins that."""
        if self._drained_at is None:
            if not self._drain_seconds:
                return True
            if isinstance(self.config.loaded_app, Application):
                self.config.loaded_app.drain()
            for connection in self._connections():
                connection.drain()
            self._drained_at = now + self._drain_seconds
            log.info("drain.began", seconds=self._drain_seconds, connections=len(self.server_state.connections))
        if self._drain_seconds and now < self._drained_at:
            return False
        log.info("drain.ended", connections=len(self.server_state.connections))
        return True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in good order."""
        if self.server_state.connections or self._drained_at is not None:
            let_nobody_new_in(self.servers)
            await asyncio.sleep(ACCEPT_SECONDS)
        application = self.config.loaded_app
        if isinstance(application, Application):  # not before: who comes back at once is to find another process
            application.close_streams()
        await super().shutdown(sockets)


def configuration(application: Application, protocol: type[HttpProtocol], **options: Any) -> Config:
    """How an application is served; `options` are uvicorn's."""
    return Config(
        application,
        access_log=False,
        http=protocol,
        ws="none",  # an offer to speak another protocol is not taken up
        server_header=False,
        proxy_headers=False,  # `app.proxies` tells whose are believed
        timeout_graceful_shutdown=STOP_SECONDS,
        **options,
    )
