"""The process that reads a file: it may take memory and time, or die of what is in the file, and nobody else does."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any

from app.errors import Conflict, FieldError, InvalidInput, Unavailable, Unusable
from app.logs import get as get_log
from app.wire.datasets import ImportPlan, ImportResult

log = get_log()

COMMAND = (sys.executable, "-m", "app.datasets.uploads")
MOST_ARGUMENT = 100_000  # bytes: Linux takes 128 KiB; a longer plan, with thousands of labels, comes by a file
MOST_LINE = 2**26  # bytes of what is found


class Importer:
    """One such process."""

    def __init__(self, folder: Path, command: tuple[str, ...] = COMMAND, most_seconds: float = 3_600.0) -> None:
        """`folder`: where it puts what it cannot keep in memory. After `most_seconds` by the clock it is ended."""
        self._folder = folder
        self._command = command
        self._most_seconds = most_seconds
        self._is_late = False
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._lock = Lock()  # between the thread that runs it and whoever ends it

    def run(self, file: IO[bytes], plan: ImportPlan) -> ImportResult:
        """Read the file as the plan says; returns when the process has ended.

        Raises:
            InvalidInput: nothing can be made of the file, or it takes longer than it may.
            Conflict: the rows that it is to be added to are gone.
            Unusable: the disk does not take what is made of it.
            Unavailable: it was ended, or died.
        """
        said = self._said(file, plan.model_copy(update={"folder": str(self._folder)}))
        if self._is_late:
            limit = f"reading it takes more than {self._most_seconds:g} s (DENSELY_MAX_READING_SECONDS)"
            raise InvalidInput(limit, field="file")
        if self._killed:
            raise Unavailable("the upload was ended before its file was read")
        if "result" in said:
            return ImportResult.model_validate(said["result"])
        if "problem" in said:
            raise _refused(said["problem"])
        if "unwritable" in said:
            raise unwritable(said["unwritable"]["errno"])
        assert self._process
        log.error("upload.died", status=self._process.returncode)
        raise Unavailable("the process that reads the file has died; the log says more")

    def _said(self, file: IO[bytes], plan: ImportPlan) -> dict[str, Any]:
        """The last line that it says of the file."""
        told = plan.model_dump_json(by_alias=True).encode()
        with ExitStack() as files:
            try:
                file.flush()
                file.seek(0)
                long = files.enter_context(self._kept(told)) if len(told) > MOST_ARGUMENT else None
            except OSError as error:
                raise unwritable(error.errno) from error
            if long is None:
                self._start(file, told.decode(), ())
            else:
                self._start(file, f"@{long.fileno()}", (long.fileno(),))
            late = Timer(self._most_seconds, self._too_late)
            late.daemon = True
            late.start()
            try:
                return self._listen()
            finally:
                late.cancel()

    def _too_late(self) -> None:
        self._is_late = True
        self.kill()

    def _kept(self, content: bytes) -> IO[bytes]:
        file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - whoever asks closes it
        file.write(content)
        file.flush()
        file.seek(0)
        return file

    def kill(self) -> None:
        """End it at once, whether or not it has begun."""
        with self._lock:
            self._killed = True
            if self._process and self._process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def _start(self, file: IO[bytes], plan: str, descriptors: tuple[int, ...]) -> None:
        with self._lock:
            if self._killed:
                return
            self._process = subprocess.Popen(
                [*self._command, plan],
                stdin=file,
                stdout=subprocess.PIPE,
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C is for the service, which ends this
            )

    def _listen(self) -> dict[str, Any]:
        """The last line that it says."""
        process = self._process
        if process is None:
            return {}
        assert process.stdout is not None
        last = b""
        with process.stdout as lines:
            while line := lines.readline(MOST_LINE):
                last = line
        process.wait()
        with suppress(ValueError):
            found: dict[str, Any] = json.loads(last)
            return found
        return {}


def unwritable(errno: int | None) -> Unusable:
    """That the disk does not take something."""
    told = f"the folder of uploads cannot be written: {os.strerror(errno or 0)}"
    return Unusable(f"{told}; make room there, or set DENSELY_UPLOADS_DIR to another one")


def _refused(problem: dict[str, Any]) -> InvalidInput | Conflict:
    """What the process says of the file, as the client's mistake: of faults each with its line and column."""
    if problem.get("conflict"):
        return Conflict(problem["message"])
    field, message = problem["field"], problem["message"]
    invalid = InvalidInput(message, field=None)
    for fault in problem["faults"]:
        invalid.errors.append(FieldError(fault["column"] or field or "file", fault["message"], fault["line"]))
    if not invalid.errors:
        invalid.errors.append(FieldError(field or "file", message))
    return invalid
