"""An application as a process that listens: its sockets, its file limits, and uvicorn's configuration."""

import gc
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

from app.server.application import Application
from app.server.inline import InlineConnection
from app.server.uvicorn_server import Config, Server, configuration

# How long a thread with a big batch may go on while the event loop waits for its turn; Python's default is 5 ms.
SWITCH_SECONDS = 0.0005
# Allocations, and collections of younger objects, between two of the garbage collector's. By Python's default it looks
# through a large body's lists again and again while they are being made: 8 MiB of them took 1.4 s, and take 0.3 s. No
# thread gets on while it looks, so it looks at few: a million lists of numbers are 0.12 s.
COLLECT = (2_000, 3, 1_700)
FAILED_TO_START = 3  # the exit status of uvicorn's own command


def configured(application: Application, **options: Any) -> Config:
    """How the application is served; `options` are uvicorn's."""
    return configuration(application, InlineConnection, **options)


def run(
    application: Application,
    host: str,
    port: int,
    keep_alive: float,
    family: socket.AddressFamily | None = None,
    drain: float = 0.0,
) -> None:
    """Serve until a signal says to stop.

    `keep_alive`: seconds that a connection may be idle between two requests. `drain`: seconds that it goes on after
    SIGTERM, while it says that it is not ready and that each answer is its connection's last.
    `family`: the socket is one of several processes' on this port, and is of this address family; None: it is the only
    one. Exits with `FAILED_TO_START` where it cannot be served.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT)
    gc.freeze()  # what is there at the start stays
    with suppress(ValueError):  # some systems allow less than they say
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = configured(application, host=host, port=port, timeout_keep_alive=keep_alive, log_level="warning")
    server = Server(config, drain)
    server.run(sockets=None if family is None else [_shared_socket(host, port, family)])
    if not server.started:
        sys.exit(FAILED_TO_START)


def stop_with_the_terminal() -> None:
    """A terminal that goes stops the process in order, as SIGTERM does, unless it was started to outlive it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def connections_for_files(most: int) -> int:
    """Fewer, where there are not files enough: without any left, nobody is accepted and no database is opened."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else max(1, min(most, files * 3 // 4))


def _shared_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """A socket of this process's own on the common port: the system spreads the connections."""
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind((host, port))
    return listening
