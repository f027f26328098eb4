"""Where a claimed run is carried out: in a child process of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import psutil

from app.logs import get as get_log
from app.services.execution import Claim
from app.worker.scratch import Scratch

log = get_log()

SPARE_PAUSE = 30.0  # seconds between two tries to start a spare that cannot start
HEAD_START = (
    10.0  # seconds that a run has to itself, while it goes on: importing TensorFlow for the next takes a core from it
)


@dataclass(frozen=True)
class Assignment:
    """What a trainer is told, besides the run that it reads from the database."""

    database_url: str
    models_dir: str
    datasets_dir: str
    uploads_dir: str
    encoded_dir: str
    encoded_cache_mib: int
    checkpoints_dir: str
    checkpoint_seconds: float
    log_level: str


class Trainer(Protocol):
    """A run being carried out."""

    def wait(self, seconds: float) -> int | None:
        """Up to so long for its end; the exit status, or None while it goes on."""

    def kill(self) -> None:
        """End it at once; when this returns it writes nothing any more."""

    def memory(self) -> int:
        """Resident memory, bytes."""


class Executor(Protocol):
    """Starts trainers."""

    def warm(self) -> None:
        """Get ready for the next run; called again and again, whether or not a run is going."""

    def start(self, claim: Claim) -> Trainer:
        """Carry out a run."""

    def facts(self) -> dict[str, Any]:
        """`devices` and `versions` of the trainers, as far as known."""

    def close(self) -> None:
        """End what is ready but unused."""


class ProcessTrainer:
    """A `training.trainer` process, idle until it is given a run."""

    command: ClassVar[list[str]] = [sys.executable, "-m", "app.training.trainer"]

    def __init__(self) -> None:
        self.hello: dict[str, Any] = {}
        self._scratch = Scratch()
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "TMPDIR": str(self._scratch.folder)},
            start_new_session=True,  # Ctrl-C goes to the worker, which ends its trainer in order
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """What it says, to its end; then its temporary files are of no use."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.hello = json.loads(line)
        self._process.wait()
        self._scratch.remove()

    @property
    def alive(self) -> bool:
        """Whether it can still be given a run."""
        return self._process.poll() is None

    def give(self, assignment: Assignment, claim: Claim) -> None:
        """The one run of its life. A trainer that is still importing reads it when it is done."""
        assert self._process.stdin is not None
        message = {**asdict(assignment), "run_id": claim.run.id, "lease_id": claim.lease_id}
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it died just now; `wait` will tell
            with suppress(BrokenPipeError):  # what is left would be written, in vain, when the file goes
                self._process.stdin.close()

    def wait(self, seconds: float) -> int | None:
        """Up to so long for its end."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End it and whatever it started, if it has not ended, and remove its temporary files."""
        if self.alive:  # else its id may be somebody else's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._scratch.remove()

    def memory(self) -> int:
        """Resident memory, bytes; 0 when it has just ended."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0


class ProcessExecutor:
    """One process per run, and one spare that has TensorFlow imported already."""

    def __init__(self, assignment: Assignment, keep_spare: bool) -> None:
        """`keep_spare`: without it every run waits for the import, about eight seconds."""
        self._assignment = assignment
        self._keep_spare = keep_spare
        self._spare: ProcessTrainer | None = None
        self._given: ProcessTrainer | None = None  # the one that got the last run
        self._not_before = 0.0  # monotonic time of the next try, after one that failed
        self._ahead: ProcessTrainer | None = None  # the trainer that has a head start, until `_ahead_until`
        self._ahead_until = 0.0
        self._facts: dict[str, Any] = {"devices": [], "versions": {}}

    def warm(self) -> None:
        """Start the spare if it is missing or has died; one that died before it was ready, a while later."""
        if not self._keep_spare or (self._spare and self._spare.alive):
            return
        if self._spare and not self._spare.hello:
            log.warning("trainer.cannot_start", retry_seconds=SPARE_PAUSE)
            self._spare, self._not_before = None, time.monotonic() + SPARE_PAUSE
        if self._ahead and not self._ahead.alive:
            self._ahead = None
        now = time.monotonic()
        if now >= self._not_before and (self._ahead is None or now >= self._ahead_until):
            self._spare = ProcessTrainer()

    def start(self, claim: Claim) -> Trainer:
        """Give the run to the spare. The next one is started at once if another run waits for it."""
        trainer = self._spare if self._spare and self._spare.alive else ProcessTrainer()
        self._spare, self._given = None, trainer
        trainer.give(self._assignment, claim)
        self._ahead, self._ahead_until = (None if claim.others_wait else trainer), time.monotonic() + HEAD_START
        self.warm()
        return trainer

    def facts(self) -> dict[str, Any]:
        """What a trainer said of itself, the latest that did."""
        for trainer in (self._given, self._spare):
            if trainer and trainer.hello:
                self._facts = trainer.hello
        return self._facts

    def close(self) -> None:
        """End the spare."""
        if self._spare:
            self._spare.kill()
            self._spare = None


def checkpoints_dir(home: Path) -> Path:
    """Where trainers keep their checkpoints, one folder per run."""
    return home / "checkpoints"
