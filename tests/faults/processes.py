"""The processes of a service as `densely up` starts them: here they are harmed, and started again when they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from app.processes import SUPERVISED
from benchmarks.service import REPOSITORY, free_port

TRAINERS = ("app.training.trainer", "tests.faults.trainer")
START_SECONDS = 60.0  # that API processes get to answer
STOP_SECONDS = 30.0  # that a process gets to end in order


@dataclass
class Member:
    """A process that should be running, and what was done to the one that runs now."""

    name: str
    module: str
    settings: Mapping[str, str]
    log: Path
    process: psutil.Popen | None = None
    harmed: int = 0  # faults it has met, all its lives together
    to_end: set[int] = field(default_factory=set)  # signals that end it, of this life
    suspended: bool = False
    starts: int = 0
    answered: int = 0  # the life in which it has answered last, of an API process

    @property
    def moment(self) -> tuple[int, int]:
        """Changes when anything happens to it."""
        return self.starts, self.harmed

    @property
    def free(self) -> bool:
        """Whether nothing has been done to it in this life that keeps it from its work."""
        return self.process is not None and not self.to_end and not self.suspended

    def start(self) -> None:
        """A new life."""
        command = [sys.executable, "-m", self.module, SUPERVISED]
        with self.log.open("ab") as log:
            self.process = psutil.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env={**os.environ, **self.settings},
                start_new_session=True,
            )
        self.to_end, self.suspended = set(), False
        self.starts += 1

    def send(self, number: int) -> None:
        """A signal, noted before it is sent."""
        assert self.process is not None
        self.harmed += 1
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.to_end.add(number)
        else:
            self.suspended = number == signal.SIGSTOP
        with suppress(psutil.NoSuchProcess):
            self.process.send_signal(number)

    def trainers(self) -> list[psutil.Process]:
        """Of a worker, the eldest first: that is the one at work, if one is."""
        found = []
        with suppress(psutil.Error):
            assert self.process is not None
            found = [child for child in self.process.children() if is_trainer(child)]
        return sorted(found, key=lambda child: float(child.create_time()))


class Fleet:
    """API processes and workers; whichever ends is started again at once."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self.unexplained: list[str] = []  # ends that no fault explains
        self.trainers: set[psutil.Process] = set()  # all that were ever seen
        self.lock = threading.RLock()  # over the lives of all
        self._done = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def of(self, kind: str) -> list[Member]:
        """The API processes, or the workers."""
        return [member for member in self.members if member.name.startswith(kind)]

    def start(self) -> None:
        """All of them, and whoever starts them again."""
        for member in self.members:
            member.start()
        self._keeper.start()

    def wait_until_ready(self) -> None:
        """Until the API processes answer."""
        for api in self.of("api"):
            for _ in until(START_SECONDS):
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://127.0.0.1:{api.settings['DENSELY_PORT']}/health/ready").raise_for_status()
                    break

    def _keep(self) -> None:
        while not self._done.wait(0.03):
            with self.lock:
                for member in self.members:
                    self._revive(member)
                    self.trainers.update(member.trainers() if member.name.startswith("worker") else ())

    def _revive(self, member: Member) -> None:
        assert member.process is not None
        if (status := member.process.poll()) is None:
            return
        self._judge(member, status)
        assert member.process.stdin is not None
        member.process.stdin.close()
        member.start()

    def _judge(self, member: Member, status: int) -> None:
        """Killed, it ends by that signal; told to end, in good order, unless it had no handler for it yet."""
        allowed = {-number for number in member.to_end} | ({0} if signal.SIGTERM in member.to_end else set())
        if status not in allowed:
            self.unexplained.append(f"{member.name} ended with status {status}; done to it: {sorted(member.to_end)}")

    def stop(self) -> None:
        """End everything in order; what does not end is told, and killed."""
        self._done.set()
        self._keeper.join()
        for member in self.members:
            for number in (signal.SIGCONT, signal.SIGTERM):
                member.send(number)
        for trainer in self.trainers:
            with suppress(psutil.NoSuchProcess):
                trainer.resume()
        for member in self.members:
            assert member.process is not None
            try:
                self._judge(member, member.process.wait(STOP_SECONDS))
            except psutil.TimeoutExpired:
                self.unexplained.append(f"{member.name} did not end within {STOP_SECONDS:g} seconds of a SIGTERM")
                member.process.kill()
                member.process.wait()
            member.process.stdin.close()
        _, left = psutil.wait_procs(self.trainers, STOP_SECONDS)
        for trainer in left:
            self.unexplained.append(f"trainer {trainer.pid} outlived its worker")
            trainer.kill()


def settings_in(folder: Path, lease: float, url: str = "") -> dict[str, str]:
    """Of every process: short leases, in seconds, and so many attempts that faults alone do not use them up.

    `url`: of the database; empty: SQLite.
    """
    temporary = folder / "temporary"
    temporary.mkdir(parents=True)
    (folder / "home").mkdir()
    return {
        "DENSELY_HOME": str(folder / "home"),
        "DENSELY_MODELS_DIR": str(folder / "models"),
        "DENSELY_DATASETS_DIR": str(folder / "datasets"),
        "DENSELY_DATABASE_URL": url or f"sqlite:///{folder / 'home' / 'densely.db'}",
        "DENSELY_LEASE_SECONDS": str(lease),
        "DENSELY_HEARTBEAT_SECONDS": str(lease / 4),
        "DENSELY_POLL_SECONDS": "0.05",
        "DENSELY_CHECKPOINT_SECONDS": "0.1",
        "DENSELY_MAX_ATTEMPTS": "100",
        "DENSELY_WEBHOOK_SECRET": "0123456789abcdef",
        "DENSELY_WEBHOOKS_TO_PRIVATE": "true",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TMPDIR": str(temporary),
    }


def members(settings: Mapping[str, str], log: Path, *, workers: int, quick: bool) -> Iterator[Member]:
    """Two API processes, and so many workers; `quick`: whose trainers do not really train."""
    for number in (1, 2):
        yield Member(f"api {number}", "app.main", {**settings, "DENSELY_PORT": str(free_port())}, log)
    for number in range(1, workers + 1):
        yield Member(f"worker {number}", "tests.faults.worker" if quick else "app.worker", settings, log)


def is_trainer(process: psutil.Process) -> bool:
    """Whether it is one of ours; false for what has just ended."""
    with suppress(psutil.Error):
        return any(module in process.cmdline() for module in TRAINERS)
    return False


def until(seconds: float, pause: float = 0.02) -> Iterator[float]:
    """Go round, with a pause, for at most so long; yields the seconds that have passed."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed
        time.sleep(pause)
