"""Standard streams as service managers, scripts and `nohup` leave them: closed, broken, or of another encoding."""

import os
import sys
from contextlib import suppress
from typing import TextIO


def settle() -> None:
    """At a process's start: open what is closed, and let no character be one too many.

    A closed stream's number would be given to the next file that is opened, and what is printed would end up in it.
    Children get what was opened: what Python opens would be closed in them.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(number, True)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - to the process's end
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # not a text file of Python's, or closed
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def flush() -> bool:
    """Both streams, for the last time; false if what is left of standard output cannot be written.

    A log line that cannot be is worth no error, and none of the interpreter's either: it would exit with 120.
    """
    _flush(sys.stderr)
    return _flush(sys.stdout)


def leave_quietly() -> None:
    """Let standard output lead nowhere: whoever read it has gone, and the interpreter would complain at its end."""
    _lead_nowhere(sys.stdout)


def _flush(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        _lead_nowhere(stream)
        return False
    return True


def _lead_nowhere(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Forgiving:
    """A stream for log lines: its reader may have gone or its disk be full, and no line is worth an error."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, or do without."""
        if self._stream:
            with suppress(OSError, ValueError):
                self._stream.write(text)

    def flush(self) -> None:
        """Flush, or do without."""
        if self._stream:
            with suppress(OSError, ValueError):
                self._stream.flush()
