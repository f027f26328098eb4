"""`densely up`: the API and the worker side by side; one that dies is started again."""

import errno
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event

from app import stdio
from app.errors import DenselyError, Unusable
from app.logs import get as get_log

log = get_log()

QUICK_DEATH = 3.0  # seconds; a process that ends sooner probably cannot start at all
MOST_QUICK_DEATHS = 3
POLL = 0.2  # seconds
SUPERVISED = "--supervised"
GRACE = 15.0  # seconds between asking a process to stop and killing it
CANNOT_START = 78  # exit status of a child that would find the same at its next start; EX_CONFIG of sysexits.h


class Stop(Event):
    """An event that signal handlers may set.

    Event's own lock is not reentrant: a handler that runs while the main thread holds it, for example within another
    handler, waits for itself. `make` and a terminal both pass Ctrl-C on, so two signals at once are usual.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """Wake whoever waits."""
        self._asked = True
        with suppress(BlockingIOError):  # full: it was set thousands of times
            os.write(self._writer, b".")

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._asked

    def wait(self, timeout: float | None = None) -> bool:
        """Up to so many seconds; whether it is set."""
        select.select([self._reader], [], [], timeout)
        return self._asked


def stop_on_signals(stop: Event) -> None:
    """SIGTERM, Ctrl-C and a terminal that goes set `stop`. What was to be ignored, as under `nohup`, stays ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: stop.set())


@contextmanager
def as_child() -> Iterator[None]:
    """For a child's whole life: what keeps it from starting is one line, and its exit status says whether to try again.

    Raises:
        SystemExit: it could not start.
    """
    stdio.settle()
    stop_with_parent()
    try:
        yield
    except (DenselyError, OSError) as error:
        with suppress(OSError):  # whether or not it can be read, the exit status tells it
            print(error, file=sys.stderr)  # noqa: T201 - as the command line would
        raise SystemExit(CANNOT_START if isinstance(error, Unusable) else 1) from error
    finally:
        stdio.flush()


def stop_with_parent() -> None:
    """For a child's start: be told to stop when the parent is gone, even if it was killed without a chance to say so.

    The parent holds the other end of standard input, which closes when it ends, however it ends.
    """
    if SUPERVISED not in sys.argv[1:]:
        return

    def wait() -> None:
        while os.read(0, 1024):  # not sys.stdin: its lock, held by a waiting thread, aborts the interpreter's end
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


@dataclass
class Child:
    """A process that should be running."""

    name: str
    module: str
    environment: Mapping[str, str] = field(default_factory=dict)  # besides this process's own
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = field(default=0)

    def start(self) -> None:
        """Launch it."""
        command = [sys.executable, "-m", self.module, SUPERVISED]
        environment = {**self.environment, **os.environ}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment)
        self.started = time.monotonic()

    def revive(self) -> None:
        """Start it again if it has ended.

        Raises:
            RuntimeError: it ended right after each of its last starts, or said that it cannot start.
        """
        if self.process is None or self.process.poll() is None:
            return
        if self.process.returncode == CANNOT_START:
            raise RuntimeError(f"the {self.name} cannot start")
        quick = time.monotonic() - self.started < QUICK_DEATH
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        if self.quick_deaths >= MOST_QUICK_DEATHS:
            raise RuntimeError(f"the {self.name} ended {MOST_QUICK_DEATHS} times right after its start")
        log.warning("process.restarted", name=self.name, status=self.process.returncode)
        self.close()
        self.start()

    def close(self) -> None:
        """Let go of its standard input, which tells it that the parent is gone."""
        if self.process and self.process.stdin:
            self.process.stdin.close()


def run(children: list[Child], grace: float = GRACE) -> int:
    """Keep them running until SIGTERM or SIGINT, then stop them in order; the exit status.

    `grace`: seconds between asking one to stop and killing it.
    """
    stop = Stop()
    stop_on_signals(stop)
    status = 0
    try:
        for child in children:
            child.start()
        while not stop.wait(POLL):
            for child in children:
                child.revive()
    except (RuntimeError, OSError) as error:  # the latter: no more processes or files are allowed
        log.error("process.gave_up", reason=str(error))
        status = 1
    _stop(children, grace)
    return status


def _stop(children: list[Child], grace: float = GRACE) -> None:
    for child in children:
        if child.process and child.process.poll() is None:
            child.process.terminate()
    for child in children:
        if child.process:
            try:
                child.process.wait(grace)
            except subprocess.TimeoutExpired:
                child.process.kill()
            child.close()


def family_of(host: str, port: int) -> socket.AddressFamily:
    """Of the first address that `host` stands for.

    Raises:
        OSError: it stands for none.
    """
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except UnicodeError as error:  # no name can look like this
        raise OSError(errno.EINVAL, str(error)) from error
