"""Where a claimed run is carried out: in a child process of this machine.

A sweep's trials go to one that has carried out others of them, as long as there are some.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import psutil

from app.logs import get as get_log
from app.services.execution import Claim
from app.worker.protocols import Assignment, Loss, Trainer, message_of
from app.worker.scratch import Scratch

log = get_log()

SPARE_PAUSE = 30.0  # seconds between two tries to start a spare that cannot start
HEAD_START = 10.0  # seconds that a run has to itself: importing TensorFlow for the next takes a core from it
KEPT_SECONDS = 20.0  # that a trainer waits for another trial


class ProcessTrainer:
    """A `training.trainer` process, idle until it is given a run, and after a trial idle again."""

    command: ClassVar[list[str]] = [sys.executable, "-m", "app.training.trainer"]

    def __init__(self, threads: int | None = None, command: list[str] | None = None) -> None:
        """`threads`: that TensorFlow takes for one operation; by default as many as there are cores.

        `command`: that starts it, if it is another one.
        """
        self.hello: dict[str, Any] = {}
        self.sweep: str | None = None  # whose trial it was given last
        self.waits_since = 0.0  # monotonic time
        self._ended: int | None = None  # the status of the trial that it was given last
        self._keeps = False  # whether it says how a run ended and waits for another one, instead of ending
        self._is_free = False  # for another one: whoever gave it the last has let go
        self._said = threading.Event()  # that status, or nothing any more
        self._scratch = Scratch()
        limited = {} if threads is None else {"TF_NUM_INTRAOP_THREADS": str(threads)}
        # Kept from the trainer until it ignores them: Python would end with a traceback where it is still starting.
        former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                command or self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**limited, **os.environ, "TMPDIR": str(self._scratch.folder)},
                start_new_session=True,  # Ctrl-C goes to the worker, which ends its trainer in order
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """What it says, to its end; then its temporary files are of no use."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if "ended" in said:
                    self._ended = said["ended"]
                    self._said.set()
                else:
                    self.hello = said
        self._process.wait()
        self._scratch.remove()
        self._said.set()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be given a run."""
        return self._process.poll() is None

    @property
    def waits(self) -> bool:
        """Whether it has carried out a trial, and can be given another one of the same sweep."""
        return self._is_free and self.alive

    def give(self, assignment: Assignment, claim: Claim) -> None:
        """The one run of its life, or a sweep's trial. A trainer that is still importing reads it when it is done."""
        self.sweep = claim.run.sweep
        self.tell(message_of(assignment, claim))

    def tell(self, message: dict[str, Any]) -> None:
        """The same, as the message that it reads."""
        assert self._process.stdin is not None
        self._is_free, self._keeps, self._ended = False, message["keep"], None
        self._said.clear()
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it died just now; `wait` will tell
            with suppress(BrokenPipeError):  # what is left would be written, in vain, when the file goes
                self._process.stdin.close()

    def wait(self, seconds: float) -> int | None:
        """Up to so long for its end, or that of its trial."""
        if self._keeps:
            self._said.wait(seconds)
            return self._process.poll() if self._ended is None else self._ended
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def loss(self) -> Loss | None:
        """The status says it all."""
        return None

    def kill(self) -> None:
        """End it and whatever it started, if it has not ended, and remove its temporary files."""
        if self.alive:  # else its id may be somebody else's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        self._scratch.remove()

    def let_go(self) -> None:
        """Its run has ended, and so has it, unless that was a trial: then it is free for another one."""
        if self._ended is None or not self.alive:
            self.kill()
        else:
            self.waits_since = time.monotonic()
            self._is_free = True  # not before: till now it belongs to whoever watches it

    def memory(self) -> int:
        """Resident memory, bytes; 0 when it has just ended."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0


class ProcessExecutor:
    """One process per run or sweep, and one spare that has TensorFlow imported already. Threads may share it."""

    def __init__(
        self, assignment: Assignment, keep_spare: bool, threads: int | None = None, kept_memory: int = 2**31
    ) -> None:
        """`keep_spare`: without it every run waits for the import, about eight seconds. `threads`: of each trainer.

        `kept_memory`: bytes, above which a trainer is not given another trial.
        """
        self._assignment = assignment
        self._keep_spare = keep_spare
        self._threads = threads
        self._kept_memory = kept_memory
        self._lock = threading.Lock()
        self._spare: ProcessTrainer | None = None
        self._given: list[ProcessTrainer] = []  # those that have runs, or wait for a trial; the latest last
        self._not_before = 0.0  # monotonic time of the next try, after one that failed
        self._ahead: ProcessTrainer | None = None  # the trainer that has a head start, until `_ahead_until`
        self._ahead_until = 0.0
        self._facts: dict[str, Any] = {"devices": [], "versions": {}}

    def is_ready(self) -> bool:
        """There is always this machine."""
        return True

    def passed_over(self) -> tuple[str, ...]:
        """It carries out whatever comes."""
        return ()

    def warm(self) -> None:
        """Start the spare if it is missing or has died; one that died before it was ready, a while later."""
        with self._lock:
            self._end_idle()
            self._warm()

    def _warm(self) -> None:
        if not self._keep_spare or (self._spare and self._spare.alive):
            return
        if self._spare and not self._spare.hello:
            log.warning("trainer.cannot_start", retry_seconds=SPARE_PAUSE)
            self._spare, self._not_before = None, time.monotonic() + SPARE_PAUSE
        if self._ahead and (self._ahead.waits or not self._ahead.alive):
            self._ahead = None
        now = time.monotonic()
        if now >= self._not_before and (self._ahead is None or now >= self._ahead_until):
            self._spare = ProcessTrainer(self._threads)

    def start(self, claim: Claim) -> Trainer:
        """Give the run to the spare. The next one is started at once if another run waits for it."""
        with self._lock:
            self._end_idle()
            sweep = claim.run.sweep
            trainer = next((each for each in self._given if sweep and each.sweep == sweep and each.waits), None)
            if trainer is None:
                trainer = self._spare if self._spare and self._spare.alive else ProcessTrainer(self._threads)
                self._spare = None
            self._given = [each for each in self._given if each.alive and each is not trainer] + [trainer]
            trainer.give(self._assignment, claim)
            waits = claim.others_wait and not claim.run.trial  # most of those that wait are trials too
            self._ahead, self._ahead_until = (None if waits else trainer), time.monotonic() + HEAD_START
            self._warm()
            return trainer

    def _end_idle(self) -> None:
        """Trainers that have waited long enough for another trial, or hold too much memory to go on with."""
        for trainer in [each for each in self._given if each.waits]:
            if time.monotonic() - trainer.waits_since > KEPT_SECONDS or trainer.memory() > self._kept_memory:
                trainer.kill()
                self._given.remove(trainer)

    def facts(self) -> dict[str, Any]:
        """What a trainer said of itself, the latest that did."""
        for trainer in (*reversed(self._given), self._spare):
            if trainer and trainer.hello:
                self._facts = trainer.hello
                break
        return self._facts

    def memory(self) -> int:
        """Resident memory of the trainers that have runs, or wait for a trial, bytes."""
        return sum(trainer.memory() for trainer in tuple(self._given) if trainer.alive)

    def close(self) -> None:
        """End the spare, and those that wait."""
        with self._lock:
            for trainer in (self._spare, *(each for each in self._given if each.waits)):
                if trainer:
                    trainer.kill()
            self._spare = None


def checkpoints_dir(home: Path) -> Path:
    """Where trainers keep their checkpoints, one folder per run."""
    return home / "checkpoints"
