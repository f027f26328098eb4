"""`densely up`: the API and the worker side by side; one that dies is started again."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from app.logs import get as get_log

log = get_log()

QUICK_DEATH = 3.0  # seconds; a process that ends sooner probably cannot start at all
MOST_QUICK_DEATHS = 3
POLL = 0.2  # seconds
SUPERVISED = "--supervised"
GRACE = 15.0  # seconds between asking a process to stop and killing it


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
            RuntimeError: it ended right after each of its last starts.
        """
        if self.process is None or self.process.poll() is None:
            return
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


def run(children: list[Child]) -> int:
    """Keep them running until SIGTERM or SIGINT, then stop them in order; the exit status."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    for child in children:
        child.start()
    status = 0
    while not stop.wait(POLL):
        try:
            for child in children:
                child.revive()
        except RuntimeError as error:
            log.error("process.gave_up", reason=str(error))
            status = 1
            break
    _stop(children)
    return status


def _stop(children: list[Child]) -> None:
    for child in children:
        if child.process and child.process.poll() is None:
            child.process.terminate()
    for child in children:
        if child.process:
            try:
                child.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                child.process.kill()
            child.close()
